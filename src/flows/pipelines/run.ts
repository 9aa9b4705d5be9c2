import { copySource } from './copy.ts'
import { collectPackage } from './final-package.ts'
import { type Products, packUp } from './package.ts'
import { makePreview } from './preview.ts'
import { makeReport } from './report.ts'
import { makeTableFile } from './table-file.ts'
import type { PipelineHooks, PipelineKind, PipelineResult, PipelineTask } from './task.ts'
import { makeZip } from './zip.ts'

const makers: Readonly<Record<PipelineKind, (task: PipelineTask, hooks: PipelineHooks) => Products | Promise<Products>>> = {
  report: makeReport,
  csv: (task, hooks) => makeTableFile(task, hooks, 'csv'),
  json: (task, hooks) => makeTableFile(task, hooks, 'json'),
  zip: makeZip,
  preview: makePreview,
  copy: copySource,
  package: collectPackage,
}

/**
 * Runs one pipeline on local files. Throws `PipelineFailure` for faults that the publisher can correct (values that do not cast, files that cannot
 * be read), and the signal's reason when aborted; any other error is a bug. The caller removes the files of a failed run.
 */
export async function runPipeline(task: PipelineTask, hooks: PipelineHooks): Promise<PipelineResult> {
  hooks.signal?.throwIfAborted()
  return packUp(task, await makers[task.kind](task, hooks))
}

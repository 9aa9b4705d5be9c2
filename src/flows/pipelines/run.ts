import type { PipelineHooks, PipelineResult, PipelineTask } from './task.ts'
import { PipelineFailure } from './task.ts'

/**
 * Runs one pipeline on local files. Throws `PipelineFailure` for what the publisher can put right (values that do not cast,
 * files that cannot be read); anything else is a bug.
 */
export async function runPipeline(task: PipelineTask, hooks: PipelineHooks): Promise<PipelineResult> {
  hooks.signal?.throwIfAborted()
  throw new PipelineFailure([`pipelines of kind ${task.kind} cannot be run yet`])
}

import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { runPipeline } from '../src/flows/pipelines/run.ts'
import {
  type JsonObject,
  PipelineFailure,
  type PipelineHooks,
  type PipelineResult,
  type PipelineTask,
  type TaskSource,
} from '../src/flows/pipelines/task.ts'

/** A temporary folder that is gone when the process ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-pipelines-'))
  process.setMaxListeners(100)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export const silent: PipelineHooks = { progress: () => undefined, log: () => undefined }

/** A source on disk, tabular when a schema is given. */
export function buildSource(localPath: string, resource: JsonObject & { readonly schema?: JsonObject } = {}): TaskSource {
  const extension = extname(localPath)
  const name = typeof resource['name'] === 'string' ? resource['name'] : basename(localPath, extension)
  const described = { format: extension.slice(1), ...resource, name, path: `archive/${name}${extension}` }
  return { name, resource: described, localPath, file: basename(localPath), isTabular: 'schema' in resource }
}

/** Writes text or bytes as a source file. */
export async function buildSourceFile(
  content: string | Uint8Array,
  { folder, name, ...resource }: JsonObject & { folder: string; name: string; schema?: JsonObject },
) {
  const localPath = join(folder, name)
  await writeFile(localPath, content)
  return buildSource(localPath, resource)
}

export async function buildTask(folder: string, task: Partial<PipelineTask> & Pick<PipelineTask, 'kind' | 'artifact'>): Promise<PipelineTask> {
  const outDir = join(folder, `out-${task.artifact}`)
  await mkdir(outDir)
  const meta = {
    ownerid: 'me',
    owner: 'ann',
    findability: 'published',
    created: '2024-01-01T00:00:00.000Z',
    modified: '2024-02-01T00:00:00.000Z',
  } as const
  return { flowId: 'me/id/1', datasetId: 'me/id', outDir, descriptor: { name: 'id', title: 'A dataset' }, meta, sources: [], results: [], ...task }
}

/** Runs a pipeline that must succeed. */
export async function runTask(folder: string, task: Parameters<typeof buildTask>[1]): Promise<PipelineResult> {
  return runPipeline(await buildTask(folder, task), silent)
}

/** The error lines of a pipeline that must fail. */
export async function failingLines(folder: string, task: Parameters<typeof buildTask>[1]): Promise<readonly string[]> {
  try {
    await runTask(folder, task)
  } catch (error) {
    if (error instanceof PipelineFailure) return error.lines
    throw error
  }
  throw new Error(`the pipeline ${task.artifact} succeeded`)
}

/** Runs all pipelines of one flow over its sources, in planning order, with names as the planner gives them. */
export async function runFlow(folder: string, sources: readonly TaskSource[], descriptor: JsonObject = { name: 'id' }): Promise<PipelineResult[]> {
  const tables = sources.filter((source) => source.isTabular)
  const results: PipelineResult[] = [await runTask(folder, { kind: 'report', artifact: 'validation_report', sources, descriptor })]
  const csvs: PipelineResult[] = []
  for (const source of tables) csvs.push(await runTask(folder, { kind: 'csv', artifact: `${source.name}_csv`, sources: [source], descriptor }))
  results.push(...csvs)
  for (const source of tables) results.push(await runTask(folder, { kind: 'json', artifact: `${source.name}_json`, sources: [source], descriptor }))
  results.push(await runTask(folder, { kind: 'zip', artifact: 'id_zip', sources, results, descriptor }))
  for (const csv of csvs) results.push(await runTask(folder, { kind: 'preview', artifact: `${csv.artifact}_preview`, results: [csv], descriptor }))
  for (const source of sources) results.push(await runTask(folder, { kind: 'copy', artifact: source.name, sources: [source], descriptor }))
  results.push(await runTask(folder, { kind: 'package', artifact: 'id', results: [...results], descriptor }))
  return results
}

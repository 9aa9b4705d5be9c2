import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { isFinal, type Outcome } from '../../jobs/job.ts'
import { AttemptError, type AttemptScene, type RunnableType, resultValue, type SettledJob } from '../../jobs/runnable-type.ts'
import type { FileStore, StoredFile } from '../../store/files/file-store.ts'
import type { Write } from '../../store/store.ts'
import { type FlowFile, saveFiles } from '../flow-file-store.ts'
import { getPlan } from '../flow-store.ts'
import type { PipelineFile, PipelineResult, PipelineTask, TaskSource, WrittenFile } from '../pipelines/task.ts'
import type { PlannedSource } from '../plan.ts'
import { SourceError, SourceFetcher } from '../sources/fetch.ts'
import { applyPipelineEvent } from './conclude.ts'
import type { PipelineEvent } from './event.ts'
import { type FlowPipeline, findPipeline, listResults, saveResult } from './pipeline-store.ts'
import type { PipelineFault, PipelineValue } from './pipeline-task.ts'
import { filePath } from './publication.ts'
import { pipelineJobType } from './start.ts'
import type { EndState } from './state.ts'

type PipelineContext = Omit<Context, 'actor'>

/** The type of job that runs pipelines: files in before the child runs, files out after it, and the flow goes on in the commit that ends the job. */
export function pipelineJob(ctx: PipelineContext, options: { waits?: readonly number[] } = {}): RunnableType {
  const fetcher = new SourceFetcher(ctx, options)
  return {
    ...pipelineJobType,
    prepare: (scene) => prepareTask(ctx, fetcher, scene),
    adopt: (scene, value) => adoptFiles(ctx, scene, parseValue(value)),
    started: async (write, job) => {
      await applyPipelineEvent(write, { ...plainEvent(job), event: 'start' }, ctx.clock())
    },
    progressed: async (write, job, progress) => {
      const logTail = progress.message === null ? [] : [line(job, progress.message)]
      await applyPipelineEvent(write, { ...plainEvent(job), event: 'progress', logTail }, ctx.clock())
    },
    settled: (write, job, outcome) => settlePipeline(ctx, write, { job, outcome }),
  }
}

const pipelineOf = (job: Pick<SettledJob, 'subject'>) => job.subject ?? ''

/** A line of the flow's log, which shows those of all its pipelines. */
const line = (job: Pick<SettledJob, 'subject'>, text: string) => `${pipelineOf(job).split('/').slice(3).join('/') || 'package'}: ${text}`

const plainEvent = (job: SettledJob) => ({ pipelineId: pipelineOf(job), jobId: job.id, end: 'failed' as EndState, errors: [] })

/** Made by the child's function, in `pipeline-task.ts`. */
const parseValue = (value: unknown) => value as PipelineValue

/** What `adopt` leaves for the commit; the rest is large and lies in the pipeline's row. */
interface AdoptedValue {
  readonly lines: readonly string[]
}

const parseAdopted = (value: unknown) => (value ?? { lines: [] }) as AdoptedValue
const parseFault = (details: unknown) => (details ?? {}) as Partial<PipelineFault>

async function prepareTask(ctx: PipelineContext, fetcher: SourceFetcher, scene: AttemptScene): Promise<PipelineTask> {
  const { db, dialect } = ctx.store
  const pipeline = await findPipeline(db, pipelineOf(scene.job))
  if (!pipeline || isFinal(pipeline.state))
    throw new AttemptError({ class: 'data', reason: 'not_wanted', message: 'The pipeline has been ended already' })
  const plan = await getPlan(db, pipeline.flowId)
  const wanted = plan.sources.filter((one) => pipeline.sources.includes(one.name))
  const sources = await Promise.all(wanted.map((one) => fetchSource({ ctx, fetcher, scene }, pipeline, one)))
  const results = await listResults(db, dialect, pipeline.dependsOn)
  const outDir = join(scene.folder, 'out')
  await mkdir(outDir)
  const datasetId = pipeline.flowId.split('/').slice(0, 2).join('/')
  const { kind, flowId, artifact } = pipeline
  const placed = await Promise.all(results.map((one) => placeResult(ctx.files, one)))
  return { kind, flowId, datasetId, artifact, outDir, descriptor: plan.descriptor, meta: plan.meta, sources, results: placed }
}

interface FetchTools {
  readonly ctx: PipelineContext
  readonly fetcher: SourceFetcher
  readonly scene: AttemptScene
}

async function fetchSource({ ctx, fetcher, scene }: FetchTools, pipeline: FlowPipeline, source: PlannedSource): Promise<TaskSource> {
  const { name, resource, file, role, reader, steps } = source
  try {
    const { digest } = await fetcher.fetch(pipeline.flowId, source.url, scene.signal)
    const localPath = await ctx.files.localPath(digest)
    return { name, resource, file, localPath, isTabular: role === 'tabular', ...(reader && { reader }), ...(steps && { steps }) }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    const message = `resource ${name}, file ${file}: ${error.message}`
    throw new AttemptError({ class: 'data', reason: 'source_unreadable', message, details: { errors: [message], lines: [] } })
  }
}

/** A stored result with its files where they are now. */
async function placeResult(files: FileStore, result: PipelineResult): Promise<PipelineResult> {
  const place = async <F extends WrittenFile>(file: F): Promise<F> => ({ ...file, localPath: await files.localPath(file.sha256) })
  return { ...result, files: await Promise.all(result.files.map(place)), package: await place(result.package) }
}

const storedFile = ({ sha256, md5, size }: WrittenFile): StoredFile => ({ digest: sha256, md5, size })

/** Takes the made files into the store and notes the result, which counts only once the job is settled. */
async function adoptFiles({ store, files }: PipelineContext, { job }: AttemptScene, { result, lines }: PipelineValue): Promise<AdoptedValue> {
  for (const file of [...result.files, result.package]) await files.adopt(file.localPath, storedFile(file))
  const withoutPaths = { ...result, files: result.files.map((one) => ({ ...one, localPath: '' })), package: { ...result.package, localPath: '' } }
  await store.write(({ db }) => saveResult(db, { id: pipelineOf(job), jobId: job.id, result: withoutPaths }))
  return { lines }
}

/** Applies the end of a job to its pipeline and flow. Results of a job that the flow does not wait for any more are dropped. */
async function settlePipeline(ctx: PipelineContext, write: Write, { job, outcome }: { job: SettledJob; outcome: Outcome }): Promise<void> {
  const pipeline = await findPipeline(write.db, pipelineOf(job))
  if (!pipeline || pipeline.jobId !== job.id || isFinal(pipeline.state)) return
  const [result] = outcome.state === 'done' ? await listResults(write.db, write.dialect, [pipeline.id]) : []
  const applied = await applyPipelineEvent(write, finishEvent(job, { pipeline, outcome, result }), ctx.clock())
  if (applied && result) await saveFiles(write.db, filesOf(pipeline, result))
  if (applied?.hasEnded)
    ctx.log.info({ flow: applied.flow.id, state: applied.flow.state, errors: applied.flow.errors.slice(0, 3) }, 'a flow has ended')
}

interface Finished {
  readonly pipeline: FlowPipeline
  readonly outcome: Outcome
  readonly result: PipelineResult | undefined
}

function finishEvent(job: SettledJob, { pipeline, outcome, result }: Finished): PipelineEvent {
  const finish = { ...plainEvent(job), event: 'finish' } as const
  if (outcome.state === 'done' && result) {
    const stats = { ...result.stats, '.dpp': { 'out-datapackage-url': filePath(pipeline.flowId, packagePath(pipeline)) } }
    const { lines } = parseAdopted(resultValue(outcome.result))
    return { ...finish, end: 'done', stats, logTail: lines.map((one) => line(job, one)) }
  }
  if (outcome.state === 'done') return { ...finish, errors: ['The pipeline has left no result'] }
  if (outcome.state === 'cancelled') return { ...finish, end: 'cancelled', errors: ['Cancelled'] }
  const { errors = [outcome.failure.message], lines = [] } = parseFault(outcome.failure.details)
  return { ...finish, errors, logTail: [...lines, ...errors.slice(0, 1)].map((one) => line(job, one)) }
}

/** Where a pipeline's own package lies; the flow's is at the top. */
const packagePath = ({ kind, artifact }: FlowPipeline) => (kind === 'package' ? 'datapackage.json' : `${artifact}/datapackage.json`)

function filesOf(pipeline: FlowPipeline, { files, package: made }: PipelineResult): FlowFile[] {
  const { flowId, id: pipelineId } = pipeline
  const own = packagePath(pipeline)
  const plain = files.map((file) => {
    const { path, hashedPath } = file
    return { flowId, pipelineId, path, hashedPath, format: formatOf(file), ...storedFile(file) }
  })
  return [...plain, { flowId, pipelineId, path: own, hashedPath: own, format: 'json', ...storedFile(made) }]
}

/** The format as the publisher wrote it, if it is a word; it ends up in a column. */
function formatOf({ resource }: PipelineFile): string | null {
  const format = resource['format']
  return typeof format === 'string' && /^[\w.+-]{1,50}$/.test(format) ? format.toLowerCase() : null
}

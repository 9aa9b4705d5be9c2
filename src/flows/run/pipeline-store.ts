import type { Insertable, Selectable } from 'kysely'
import type { JobState } from '../../jobs/job.ts'
import type { Dialect } from '../../store/dialect.ts'
import type { Db } from '../../store/store.ts'
import type { Schema } from '../../store/tables/schema.ts'
import { parseColumn } from '../flow-store.ts'
import type { JsonObject, PipelineKind, PipelineResult } from '../pipelines/task.ts'
import type { PlannedPipeline } from '../plan.ts'
import type { PipelineState } from './state.ts'

/** A pipeline of a stored flow. */
export interface FlowPipeline extends PlannedPipeline, PipelineState {
  readonly flowId: string
  /** Null until an event came. */
  readonly stats: JsonObject | null
  readonly errors: readonly string[]
  /** The job that runs it, of the hub's own. */
  readonly jobId: string | null
}

const columns = ['id', 'flow_id', 'position', 'kind', 'artifact', 'title', 'sources', 'depends_on', 'state', 'stats', 'errors', 'job_id'] as const

const toPipeline = (row: Omit<Selectable<Schema['flow_pipeline']>, 'result'>): FlowPipeline => ({
  id: row.id,
  flowId: row.flow_id,
  kind: row.kind as PipelineKind,
  artifact: row.artifact,
  title: row.title,
  sources: parseColumn(row.sources),
  dependsOn: parseColumn(row.depends_on),
  state: row.state as JobState,
  stats: row.stats === null ? null : parseColumn(row.stats),
  errors: parseColumn(row.errors),
  jobId: row.job_id,
})

/** Rows for one insert statement: well below what either database takes in parameters. */
const chunkSize = 500

/** Stores the planned pipelines of a flow as queued. */
export async function insertPipelines(db: Db, flowId: string, pipelines: readonly PlannedPipeline[]): Promise<void> {
  const rows = pipelines.map(
    (one, position): Insertable<Schema['flow_pipeline']> => ({
      id: one.id,
      flow_id: flowId,
      position,
      kind: one.kind,
      artifact: one.artifact,
      title: one.title,
      sources: JSON.stringify(one.sources),
      depends_on: JSON.stringify(one.dependsOn),
      state: 'queued',
      stats: null,
      errors: '[]',
      job_id: null,
      result: null,
    }),
  )
  for (let at = 0; at < rows.length; at += chunkSize) {
    await db
      .insertInto('flow_pipeline')
      .values(rows.slice(at, at + chunkSize))
      .execute()
  }
}

/** All pipelines of a flow, in planning order. */
export async function listPipelines(db: Db, flowId: string): Promise<FlowPipeline[]> {
  const rows = await db.selectFrom('flow_pipeline').select(columns).where('flow_id', '=', flowId).orderBy('position').execute()
  return rows.map(toPipeline)
}

export async function findPipeline(db: Db, id: string): Promise<FlowPipeline | undefined> {
  const row = await db.selectFrom('flow_pipeline').select(columns).where('id', '=', id).executeTakeFirst()
  return row && toPipeline(row)
}

/** What an event writes to its pipeline. */
export async function updatePipeline(db: Db, pipeline: Pick<FlowPipeline, 'id' | 'state' | 'errors' | 'stats'>): Promise<void> {
  const { id, state, stats, errors } = pipeline
  await db
    .updateTable('flow_pipeline')
    .set({ state, stats: stats && JSON.stringify(stats), errors: JSON.stringify(errors) })
    .where('id', '=', id)
    .execute()
}

/** Writes down which job runs a pipeline. */
export async function assignJob(db: Db, id: string, jobId: string): Promise<void> {
  await db.updateTable('flow_pipeline').set({ job_id: jobId }).where('id', '=', id).execute()
}

/** Keeps what a job has made, as long as the pipeline is still that job's. */
export async function saveResult(db: Db, made: { id: string; jobId: string; result: PipelineResult }): Promise<void> {
  await db
    .updateTable('flow_pipeline')
    .set({ result: JSON.stringify(made.result) })
    .where('id', '=', made.id)
    .where('job_id', '=', made.jobId)
    .execute()
}

/** What the given pipelines have made, in planning order. Those that a peer has run have made nothing here. */
export async function listResults(db: Db, dialect: Dialect, ids: readonly string[]): Promise<PipelineResult[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('flow_pipeline')
    .select('result')
    .where('id', 'in', dialect.list(ids))
    .where('result', 'is not', null)
    .orderBy('flow_id')
    .orderBy('position')
    .execute()
  return rows.map((row) => parseColumn<PipelineResult>(row.result ?? ''))
}

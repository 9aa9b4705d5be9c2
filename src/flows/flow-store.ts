import { type Insertable, type Selectable, sql } from 'kysely'
import { isFinal, type JobState } from '../jobs/job.ts'
import type { Dialect } from '../store/dialect.ts'
import type { Db } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'
import type { JsonObject, PackageMeta } from './pipelines/task.ts'
import type { PlannedSource } from './plan.ts'
import type { Findability } from './spec.ts'

/** A dataset that has been uploaded at least once. Times in milliseconds. */
export interface FlowDataset {
  readonly id: string
  readonly ownerId: string
  readonly name: string
  readonly lastRevision: number
  readonly createdAt: number
  readonly uploadedAt: number
  readonly dueAt: number | null
  readonly isCertified: boolean
}

/** The data that all tasks of a flow share. */
export interface StoredPlan {
  readonly sources: readonly PlannedSource[]
  /** The package without its resources. */
  readonly descriptor: JsonObject & { readonly name: string }
  readonly meta: PackageMeta
}

/** One revision of a dataset, running or finished. */
export interface Flow {
  readonly id: string
  readonly datasetId: string
  readonly revision: number
  readonly state: JobState
  readonly findability: Findability
  /** Whether the schedule made it, not an upload. */
  readonly isScheduled: boolean
  readonly spec: JsonObject
  readonly errors: readonly string[]
  readonly logs: readonly string[]
  readonly stats: JsonObject | null
  readonly createdAt: number
  readonly finishedAt: number | null
}

/** Parses a JSON column that this room has written. */
export const parseColumn = <T>(text: string): T => JSON.parse(text) as T

const datasetColumns = ['id', 'owner_id', 'name', 'last_revision', 'created_at', 'uploaded_at', 'due_at', 'is_certified'] as const

const toDataset = (row: Selectable<Schema['flow_dataset']>): FlowDataset => ({
  id: row.id,
  ownerId: row.owner_id,
  name: row.name,
  lastRevision: row.last_revision,
  createdAt: row.created_at,
  uploadedAt: row.uploaded_at,
  dueAt: row.due_at,
  isCertified: row.is_certified === 1,
})

const flowColumns = [
  'id',
  'dataset_id',
  'revision',
  'state',
  'findability',
  'is_scheduled',
  'spec',
  'errors',
  'logs',
  'stats',
  'created_at',
  'finished_at',
] as const

const toFlow = (row: Omit<Selectable<Schema['flow']>, 'plan'>): Flow => ({
  id: row.id,
  datasetId: row.dataset_id,
  revision: row.revision,
  state: row.state as JobState,
  findability: row.findability as Findability,
  isScheduled: row.is_scheduled === 1,
  spec: parseColumn(row.spec),
  errors: parseColumn(row.errors),
  logs: parseColumn(row.logs),
  stats: row.stats === null ? null : parseColumn(row.stats),
  createdAt: row.created_at,
  finishedAt: row.finished_at,
})

/** Locks the owner for this write, so that no other write adds a dataset meanwhile. Returns the number of datasets. */
export async function lockOwner(db: Db, ownerId: string): Promise<number> {
  const row = await db
    .insertInto('flow_owner')
    .values({ owner_id: ownerId, datasets: 0 })
    .onConflict((on) => on.column('owner_id').doUpdateSet({ owner_id: (eb) => eb.ref('excluded.owner_id') }))
    .returning('datasets')
    .executeTakeFirstOrThrow()
  return row.datasets
}

export async function findDataset(db: Db, id: string): Promise<FlowDataset | undefined> {
  const row = await db.selectFrom('flow_dataset').select(datasetColumns).where('id', '=', id).executeTakeFirst()
  return row && toDataset(row)
}

/** Adds the owner's dataset, without a revision yet. The owner is locked. */
export async function insertDataset(db: Db, dataset: { id: string; ownerId: string; name: string; createdAt: number }): Promise<void> {
  const { id, ownerId, name, createdAt } = dataset
  const times = { created_at: createdAt, uploaded_at: createdAt, due_at: null }
  await db
    .insertInto('flow_dataset')
    .values({ id, owner_id: ownerId, name, last_revision: 0, is_certified: 0, ...times })
    .execute()
  await db
    .updateTable('flow_owner')
    .set((eb) => ({ datasets: eb('datasets', '+', 1) }))
    .where('owner_id', '=', ownerId)
    .execute()
}

/** Takes the dataset's next revision number, and locks the dataset until the write ends. */
export async function takeRevision(db: Db, id: string, times: { uploadedAt: number; dueAt: number | null }): Promise<number> {
  const row = await db
    .updateTable('flow_dataset')
    .set((eb) => ({ last_revision: eb('last_revision', '+', 1), uploaded_at: times.uploadedAt, due_at: times.dueAt }))
    .where('id', '=', id)
    .returning('last_revision')
    .executeTakeFirstOrThrow()
  return row.last_revision
}

export async function insertFlow(
  db: Db,
  flow: Pick<Flow, 'id' | 'datasetId' | 'revision' | 'findability' | 'isScheduled' | 'spec' | 'createdAt'> & { plan: StoredPlan },
): Promise<void> {
  const values: Insertable<Schema['flow']> = {
    id: flow.id,
    dataset_id: flow.datasetId,
    revision: flow.revision,
    state: 'queued',
    findability: flow.findability,
    is_scheduled: flow.isScheduled ? 1 : 0,
    spec: JSON.stringify(flow.spec),
    plan: JSON.stringify(flow.plan),
    errors: '[]',
    logs: '[]',
    stats: null,
    created_at: flow.createdAt,
    finished_at: null,
  }
  await db.insertInto('flow').values(values).execute()
}

export async function findFlow(db: Db, id: string): Promise<Flow | undefined> {
  const row = await db.selectFrom('flow').select(flowColumns).where('id', '=', id).executeTakeFirst()
  return row && toFlow(row)
}

/** The flow, locked until the write ends. Every change of a flow starts with this lock. */
export async function lockFlow(db: Db, dialect: Dialect, id: string): Promise<Flow | undefined> {
  const row = await db.selectFrom('flow').select(flowColumns).where('id', '=', id).modifyEnd(dialect.forUpdate).executeTakeFirst()
  return row && toFlow(row)
}

/** The highest revision of a dataset: of all, or of those that succeeded. */
export async function findNewestFlow(db: Db, datasetId: string, which: 'latest' | 'successful'): Promise<Flow | undefined> {
  const all = db.selectFrom('flow').select(flowColumns).where('dataset_id', '=', datasetId)
  const wanted = which === 'latest' ? all : all.where('state', '=', 'done')
  const row = await wanted.orderBy('revision', 'desc').limit(1).executeTakeFirst()
  return row && toFlow(row)
}

export async function getPlan(db: Db, flowId: string): Promise<StoredPlan> {
  const row = await db.selectFrom('flow').select('plan').where('id', '=', flowId).executeTakeFirstOrThrow()
  return parseColumn(row.plan)
}

/** The columns of a flow that an event writes. */
export async function updateFlow(db: Db, flow: Pick<Flow, 'id' | 'state' | 'errors' | 'logs' | 'stats'>, now: number): Promise<void> {
  const { id, state, errors, logs, stats } = flow
  const texts = { errors: JSON.stringify(errors), logs: JSON.stringify(logs), stats: stats && JSON.stringify(stats) }
  await db
    .updateTable('flow')
    .set({ state, ...texts, finished_at: isFinal(state) ? now : null })
    .where('id', '=', id)
    .execute()
}

/** The user name of an owner; undefined for an owner who has an account only at an external server. */
export async function findOwnerName(db: Db, ownerId: string): Promise<string | undefined> {
  const row = await db.selectFrom('user_account').select('name').where('id', '=', ownerId).executeTakeFirst()
  return row?.name
}

/** Datasets whose scheduled upload is due, the longest overdue first. */
export async function listDue(db: Db, now: number): Promise<FlowDataset[]> {
  const rows = await db
    .selectFrom('flow_dataset')
    .select(datasetColumns)
    .where('due_at', 'is not', null)
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('id')
    .limit(100)
    .execute()
  return rows.map(toDataset)
}

/** Advances a dataset's next upload, unless another process has done so. Returns true in one process only. */
export async function moveDue(db: Db, id: string, due: { from: number; to: number | null }): Promise<boolean> {
  const row = await db
    .updateTable('flow_dataset')
    .set({ due_at: due.to })
    .where('id', '=', id)
    .where('due_at', '=', due.from)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Whether a revision that the schedule made still runs. */
export async function hasScheduledRun(db: Db, datasetId: string): Promise<boolean> {
  const row = await db
    .selectFrom('flow')
    .select('id')
    .where('dataset_id', '=', datasetId)
    .where('is_scheduled', '=', 1)
    .where(sql<boolean>`state in ('queued', 'running')`)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

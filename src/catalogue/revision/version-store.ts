import { isObject } from '../../base/json.ts'
import type { Db } from '../../store/store.ts'
import type { ChangedRow, Revision } from './revision.ts'
import { toRevision } from './store.ts'

/** A version that waits for approval. */
export interface PendingVersion {
  readonly revision: Revision
  readonly rows: readonly ChangedRow[]
}

function parseRows(content: string): ChangedRow[] {
  const value: unknown = JSON.parse(content)
  return Array.isArray(value) ? value.filter((row): row is ChangedRow => isObject(row) && typeof row['kind'] === 'string') : []
}

/** The newest pending version of a dataset. */
export async function findPendingVersion(db: Db, datasetNo: number): Promise<PendingVersion | undefined> {
  const row = await db
    .selectFrom('version')
    .innerJoin('revision', 'revision.no', 'version.revision_no')
    .selectAll('revision')
    .select('version.content')
    .where('version.kind', '=', 'dataset')
    .where('version.entity_no', '=', datasetNo)
    .where('version.state', '=', 'pending')
    .orderBy('version.revision_no', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && { revision: toRevision(row), rows: parseRows(row.content) }
}

/** Marks all pending versions of a dataset as active. */
export async function settleVersions(db: Db, datasetNo: number): Promise<void> {
  await db
    .updateTable('version')
    .set({ state: 'active' })
    .where('kind', '=', 'dataset')
    .where('entity_no', '=', datasetNo)
    .where('state', '=', 'pending')
    .execute()
}

/** Number of the newest revision that changed a dataset or something of it. */
export async function findLatestRevision(db: Db, datasetNo: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('version')
    .select((eb) => eb.fn.max('revision_no').as('no'))
    .where('kind', '=', 'dataset')
    .where('entity_no', '=', datasetNo)
    .executeTakeFirst()
  return row?.no ?? undefined
}

export async function approveRevision(db: Db, revisionNo: number, at: number): Promise<void> {
  await db.updateTable('revision').set({ approved_at: at }).where('no', '=', revisionNo).execute()
}

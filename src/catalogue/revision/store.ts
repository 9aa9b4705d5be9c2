import { type Selectable, sql } from 'kysely'
import { statement } from '../../store/statement.ts'
import type { Db, Store } from '../../store/store.ts'
import type { Schema } from '../../store/tables/schema.ts'
import { stringifyInTurns } from '../../store/turns.ts'
import { restricted } from '../search/sql/visible.ts'
import type { DatasetVisibility } from '../visibility.ts'
import { toVisibility, visibilityColumns } from '../visibility-store.ts'
import type { ChangedRow, Revision } from './revision.ts'

export const toRevision = (row: Selectable<Schema['revision']>): Revision => ({
  no: row.no,
  id: row.id,
  at: row.at,
  author: row.author,
  message: row.message,
  state: row.state,
  approvedAt: row.approved_at,
})

/** Begins a revision inside a write. */
export async function insertRevision(db: Db, values: { id: string; at: number; author: string; message: string }): Promise<Revision> {
  const [row] = await revisionInsert(db, values)
  if (!row) throw new Error('the database gave no number for a revision')
  return { no: row.no, ...values, state: 'active', approvedAt: null }
}

const revisionInsert = statement((db, p: { id: string; at: number; author: string; message: string }) =>
  db.insertInto('revision').values({ id: p.id, at: p.at, author: p.author, message: p.message, state: 'active' }).returning('no'),
)

/** What a revision did to one dataset or group. */
export interface NewVersion {
  readonly kind: 'dataset' | 'group'
  readonly entityNo: number
  readonly revision: Revision
  readonly rows: readonly ChangedRow[]
  readonly state?: 'active' | 'pending'
}

/** Rows that count in the list of a thing's own revisions. */
const listedKinds = {
  dataset: new Set<ChangedRow['kind']>(['dataset', 'resource', 'tag', 'extra']),
  group: new Set<ChangedRow['kind']>(['group', 'membership', 'extra']),
}

export async function insertVersion(db: Db, { kind, entityNo, revision, rows, state }: NewVersion): Promise<void> {
  const listed = rows.some((row) => listedKinds[kind].has(row.kind)) ? 1 : 0
  await versionInsert(db, {
    kind,
    entityNo,
    revisionNo: revision.no,
    listed,
    state: state ?? 'active',
    content: await stringifyInTurns(rows, (row) => row),
  })
}

interface VersionValues {
  readonly kind: string
  readonly entityNo: number
  readonly revisionNo: number
  readonly listed: number
  readonly state: string
  readonly content: string
}

const versionInsert = statement((db, p: VersionValues) =>
  db
    .insertInto('version')
    .values({ kind: p.kind, entity_no: p.entityNo, revision_no: p.revisionNo, listed: p.listed, state: p.state, content: p.content }),
)

/** Ids of all revisions, newest first. */
export async function listRevisionIds(db: Db, page: { limit?: number | undefined; offset?: number | undefined } = {}): Promise<string[]> {
  const rows = await db
    .selectFrom('revision')
    .select('id')
    .orderBy('no', 'desc')
    .limit(page.limit ?? Number.MAX_SAFE_INTEGER)
    .offset(page.offset ?? 0)
    .execute()
  return rows.map((row) => row.id)
}

/** The revisions that changed a dataset or group itself, newest first. */
export async function listRevisionsOf(db: Db, kind: 'dataset' | 'group', entityNo: number): Promise<Revision[]> {
  const rows = await db
    .selectFrom('revision')
    .innerJoin('version', 'version.revision_no', 'revision.no')
    .selectAll('revision')
    .where('version.kind', '=', kind)
    .where('version.entity_no', '=', entityNo)
    .where('version.listed', '=', 1)
    .orderBy('revision.no', 'desc')
    .execute()
  return rows.map(toRevision)
}

export async function findRevision(db: Db, id: string): Promise<Revision | undefined> {
  const row = await db.selectFrom('revision').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toRevision(row)
}

/** The datasets and the names of the groups that a revision changed, by name. */
export async function findTouched(db: Db, revisionNo: number): Promise<{ datasets: { no: number; name: string }[]; groups: string[] }> {
  const datasets = await db
    .selectFrom('version')
    .innerJoin('dataset', 'dataset.no', 'version.entity_no')
    .select(['dataset.no', 'dataset.name'])
    .where('version.revision_no', '=', revisionNo)
    .where('version.kind', '=', 'dataset')
    .orderBy('dataset.name')
    .execute()
  const groups = await db
    .selectFrom('version')
    .innerJoin('catalogue_group as groups', 'groups.no', 'version.entity_no')
    .select('groups.name')
    .where('version.revision_no', '=', revisionNo)
    .where('version.kind', '=', 'group')
    .orderBy('groups.name')
    .execute()
  return { datasets, groups: groups.map((row) => row.name) }
}

/** A revision that changed a restricted dataset: one that not every caller may read. */
export interface RestrictedChange {
  readonly revisionNo: number
  readonly dataset: DatasetVisibility
}

/** The restricted datasets that revisions, by number, changed. */
export async function listRestrictedChanges({ db, dialect }: Pick<Store, 'db' | 'dialect'>, nos: readonly number[]): Promise<RestrictedChange[]> {
  const rows = await db
    .selectFrom('version')
    .innerJoin('dataset', 'dataset.no', 'version.entity_no')
    .select('version.revision_no')
    .select(visibilityColumns.map((column) => `dataset.${column}` as const))
    .where(sql<boolean>`version.revision_no ${dialect.among(dialect.numbers(nos))}`)
    .where('version.kind', '=', 'dataset')
    .where(sql<boolean>`${restricted}`)
    .execute()
  return rows.map((row) => ({ revisionNo: row.revision_no, dataset: toVisibility(row) }))
}

/** The latest revisions of an author, newest first. */
export async function listRevisionsBy(db: Db, author: string, limit: number): Promise<Revision[]> {
  const rows = await db.selectFrom('revision').selectAll().where('author', '=', author).orderBy('no', 'desc').limit(limit).execute()
  return rows.map(toRevision)
}

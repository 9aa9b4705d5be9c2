import { type Selectable, sql } from 'kysely'
import { notFound } from '../base/errors.ts'
import { perDialect, statement } from '../store/statement.ts'
import type { Db, Store } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'
import { type Dataset, type DatasetState, datasetStates, type PartState } from './dataset/dataset.ts'
import { isUuid } from './field-reader.ts'
import type { DatasetVisibility } from './visibility.ts'

/** The columns of `DatasetVisibility`. */
export const visibilityColumns = ['no', 'id', 'name', 'state', 'private', 'unlisted', 'creator_id', 'owner_org_no', 'source_id'] as const

export type VisibilityRow = Pick<Selectable<Schema['dataset']>, (typeof visibilityColumns)[number]>

export const toState = (text: string): DatasetState => datasetStates.find((state) => state === text) ?? 'deleted'
export const toPartState = (text: string): PartState => (text === 'active' || text === 'pending' ? text : 'deleted')

export const toVisibility = (row: VisibilityRow): DatasetVisibility => ({
  no: row.no,
  id: row.id,
  name: row.name,
  state: toState(row.state),
  isPrivate: row.private === 1,
  isUnlisted: row.unlisted === 1,
  creatorId: row.creator_id,
  ownerOrgNo: row.owner_org_no,
  sourceId: row.source_id,
})

const visibilityById = statement((db, p: { ref: string }) => db.selectFrom('dataset').select(visibilityColumns).where('id', '=', p.ref))
const visibilityByName = statement((db, p: { ref: string }) => db.selectFrom('dataset').select(visibilityColumns).where('name', '=', p.ref))

/** A dataset by id or name (an id is tried first). */
export async function findVisibility(db: Db, ref: string): Promise<DatasetVisibility | undefined> {
  const rows = isUuid(ref) ? await visibilityById(db, { ref }) : []
  const row = rows[0] ?? (await visibilityByName(db, { ref }))[0]
  return row && toVisibility(row)
}

const visibilitiesByIds = perDialect((dialect) =>
  statement((db, p: { ids: readonly string[] }) =>
    db
      .selectFrom('dataset')
      .select(visibilityColumns)
      .where(sql<boolean>`id ${dialect.among(dialect.list(p.ids))}`),
  ),
)

/** Datasets by id, in no order, without those that do not exist. */
export async function listVisibilities({ db, dialect }: Pick<Store, 'db' | 'dialect'>, ids: readonly string[]): Promise<DatasetVisibility[]> {
  return (await visibilitiesByIds(dialect)(db, { ids })).map(toVisibility)
}

/** Datasets by number, in no order, without those that do not exist. */
export async function listVisibilitiesByNo({ db, dialect }: Pick<Store, 'db' | 'dialect'>, nos: readonly number[]): Promise<DatasetVisibility[]> {
  if (nos.length === 0) return []
  const query = db.selectFrom('dataset').select(visibilityColumns)
  const rows = await query.where(sql<boolean>`no ${dialect.among(dialect.numbers(nos))}`).execute()
  return rows.map(toVisibility)
}

/** The dataset with this number. Throws `not_found` when it has been removed since its number was found. */
export async function findVisibilityByNo(db: Db, no: number): Promise<DatasetVisibility & Pick<Dataset, 'resourceGroupId'>> {
  const row = await db
    .selectFrom('dataset')
    .select([...visibilityColumns, 'resource_group_id'])
    .where('no', '=', no)
    .executeTakeFirst()
  if (!row) throw notFound('dataset', `number ${no}`)
  return { ...toVisibility(row), resourceGroupId: row.resource_group_id }
}

/** The dataset that the flows of a source publish. */
export async function findVisibilityBySource(db: Db, sourceId: string): Promise<DatasetVisibility | undefined> {
  const row = await db.selectFrom('dataset').select(visibilityColumns).where('source_id', '=', sourceId).executeTakeFirst()
  return row && toVisibility(row)
}

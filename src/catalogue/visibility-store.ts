import { type Selectable, sql } from 'kysely'
import { notFound } from '../base/errors.ts'
import { perDialect, statement } from '../store/statement.ts'
import type { Db, Store } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'
import { type Dataset, type DatasetStanding, type DatasetState, datasetStates, type PartState } from './dataset/dataset.ts'
import { isUuid } from './field-reader.ts'

/** What rights are judged by; every look-up of a dataset takes these columns. */
export const standingColumns = ['no', 'id', 'name', 'state', 'private', 'creator_id', 'owner_org_no', 'source_id'] as const

export type StandingRow = Pick<Selectable<Schema['dataset']>, (typeof standingColumns)[number]>

const toState = (text: string): DatasetState => datasetStates.find((state) => state === text) ?? 'deleted'
export const toPartState = (text: string): PartState => (text === 'active' || text === 'pending' ? text : 'deleted')

export const toStanding = (row: StandingRow): DatasetStanding => ({
  no: row.no,
  id: row.id,
  name: row.name,
  state: toState(row.state),
  isPrivate: row.private === 1,
  creatorId: row.creator_id,
  ownerOrgNo: row.owner_org_no,
  sourceId: row.source_id,
})

const standingById = statement((db, p: { ref: string }) => db.selectFrom('dataset').select(standingColumns).where('id', '=', p.ref))
const standingByName = statement((db, p: { ref: string }) => db.selectFrom('dataset').select(standingColumns).where('name', '=', p.ref))

/** A dataset by id or name (an id is tried first). */
export async function findStanding(db: Db, ref: string): Promise<DatasetStanding | undefined> {
  const rows = isUuid(ref) ? await standingById(db, { ref }) : []
  const row = rows[0] ?? (await standingByName(db, { ref }))[0]
  return row && toStanding(row)
}

const standingsByIds = perDialect((dialect) =>
  statement((db, p: { ids: readonly string[] }) =>
    db
      .selectFrom('dataset')
      .select(standingColumns)
      .where(sql<boolean>`id ${dialect.among(dialect.list(p.ids))}`),
  ),
)

/** Datasets by id, in no order; what is gone is left out. */
export async function listStandings({ db, dialect }: Pick<Store, 'db' | 'dialect'>, ids: readonly string[]): Promise<DatasetStanding[]> {
  return (await standingsByIds(dialect)(db, { ids })).map(toStanding)
}

/** The dataset with this number, and what its resources show of it. Throws `not_found` when it has been removed since its number was found. */
export async function findStandingByNo(db: Db, no: number): Promise<DatasetStanding & Pick<Dataset, 'resourceGroupId'>> {
  const row = await db
    .selectFrom('dataset')
    .select([...standingColumns, 'resource_group_id'])
    .where('no', '=', no)
    .executeTakeFirst()
  if (!row) throw notFound('dataset', `number ${no}`)
  return { ...toStanding(row), resourceGroupId: row.resource_group_id }
}

/** The dataset that the flows of a source publish. */
export async function findStandingBySource(db: Db, sourceId: string): Promise<DatasetStanding | undefined> {
  const row = await db.selectFrom('dataset').select(standingColumns).where('source_id', '=', sourceId).executeTakeFirst()
  return row && toStanding(row)
}

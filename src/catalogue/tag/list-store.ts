import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../../store/store.ts'
import { type KeptDataset, toKept } from '../dataset/store.ts'
import { isUuid } from '../field-reader.ts'
import { checkTexts, containing } from '../search/sql/like-pattern.ts'
import { foldText } from '../search/tokenizer.ts'
import type { DatasetVisibility } from '../visibility.ts'
import { toVisibility, visibilityColumns } from '../visibility-store.ts'

/** A tag without its datasets. */
export interface Tag {
  readonly no: number
  readonly id: string
  readonly name: string
}

/** Which tags: all that are in use, or those whose name contains every term. */
export interface TagQuery {
  readonly terms: readonly string[]
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/** A condition: the folded column contains each term. */
export const containsAll = (column: string, terms: readonly string[]): RawBuilder<unknown> =>
  terms.length === 0
    ? sql`1 = 1`
    : sql.join(
        checkTexts(terms).map((term) => sql`${sql.ref(column)} like ${containing(foldText(term))} escape '\\'`),
        sql` and `,
      )

/** Tags on at least one listed dataset, by name. */
export async function listUsedTags(db: Db, { terms, limit, offset }: TagQuery): Promise<Tag[]> {
  const { rows } = await sql<Tag>`select tag.no, tag.id, tag.name from tag where ${containsAll('tag.name_folded', terms)} and exists (
      select 1 from dataset_tag as link join dataset on dataset.no = link.dataset_no
      where link.tag_no = tag.no and link.state = 'active' and dataset.listed = 1)
    order by tag.name limit ${limit ?? Number.MAX_SAFE_INTEGER} offset ${offset ?? 0}`.execute(db)
  return rows.map(({ no, id, name }) => ({ no, id, name }))
}

/** A tag by id or name (an id is tried first). */
export async function findTag(db: Db, ref: string): Promise<Tag | undefined> {
  const find = (column: 'id' | 'name') => db.selectFrom('tag').select(['no', 'id', 'name']).where(column, '=', ref).executeTakeFirst()
  const row = (isUuid(ref) ? await find('id') : undefined) ?? (await find('name'))
  return row && { no: row.no, id: row.id, name: row.name }
}

/** The listed datasets with a tag, by name. */
export async function listDatasetsWithTag(db: Db, tagNo: number): Promise<KeptDataset[]> {
  const rows = await db
    .selectFrom('dataset_tag as link')
    .innerJoin('dataset', 'dataset.no', 'link.dataset_no')
    .selectAll('dataset')
    .where('link.tag_no', '=', tagNo)
    .where('link.state', '=', 'active')
    .where('dataset.listed', '=', 1)
    .orderBy('dataset.name')
    .execute()
  return rows.map((row) => toKept(row, row.document))
}

/** The visibility of every dataset with a tag, listed or not. */
export async function listVisibilitiesWithTag(db: Db, tagNo: number): Promise<DatasetVisibility[]> {
  const rows = await db
    .selectFrom('dataset')
    .select(visibilityColumns)
    .where('no', 'in', (eb) => eb.selectFrom('dataset_tag').select('dataset_no').where('tag_no', '=', tagNo).where('state', '=', 'active'))
    .execute()
  return rows.map(toVisibility)
}

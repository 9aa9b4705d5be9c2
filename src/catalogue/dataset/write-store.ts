import { sql } from 'kysely'
import type { Dialect, RowValues } from '../../store/dialect.ts'
import { batches, perDialect, placeholdersOf, statement } from '../../store/statement.ts'
import type { Db } from '../../store/store.ts'
import type { Stamp } from '../revision/revision.ts'
import { foldedPrefix } from '../search/tokenizer.ts'
import { foldInTurns } from '../text-pieces.ts'
import { isListed } from '../visibility.ts'
import { type Dataset, type DatasetTag, type Extra, type Membership, newDataset } from './dataset.ts'
import { renderDataset } from './package-json.ts'

/** The columns that never change. */
const fixedRow = (dataset: Dataset) => ({
  id: dataset.id,
  creator_id: dataset.creatorId,
  source_id: dataset.sourceId,
  resource_group_id: dataset.resourceGroupId,
  created_at: dataset.createdAt,
})

/** The columns that most indexes are made of; few changes touch them. */
export const indexedRow = (dataset: Dataset) => ({
  name: dataset.name,
  title: dataset.title,
  title_folded: foldedPrefix(dataset.title),
  listed: isListed(dataset) ? 1 : 0,
  owner_org_no: dataset.ownerOrgNo,
})

/** The other columns that a change of the core may touch. */
const coreRow = (dataset: Dataset) => ({
  version: dataset.version,
  url: dataset.url,
  author: dataset.author,
  author_email: dataset.authorEmail,
  maintainer: dataset.maintainer,
  maintainer_email: dataset.maintainerEmail,
  notes: dataset.notes,
  license_id: dataset.licenseId,
  type: dataset.type,
  state: dataset.state,
  private: dataset.isPrivate ? 1 : 0,
  unlisted: dataset.isUnlisted ? 1 : 0,
  revision_id: dataset.stamp.id,
  revision_at: dataset.stamp.at,
})

/** The columns that every change sets. */
const changeRow = async (dataset: Dataset) => ({
  modified_at: dataset.modifiedAt,
  in_groups: dataset.memberships.length > 0 ? 1 : 0,
  document: await renderDataset(dataset),
})

/** The columns of a dataset's row without its number. */
export const datasetRow = async (dataset: Dataset) => ({
  ...fixedRow(dataset),
  ...indexedRow(dataset),
  ...coreRow(dataset),
  ...(await changeRow(dataset)),
})

const foldedOrNull = async (text: string | null) => (text === null ? null : foldInTurns(text))

/** The columns that field conditions search. */
export const foldedRow = async (dataset: Dataset) => ({
  title: await foldInTurns(dataset.title),
  version: await foldedOrNull(dataset.version),
  url: await foldedOrNull(dataset.url),
  author: await foldedOrNull(dataset.author),
  author_email: await foldedOrNull(dataset.authorEmail),
  maintainer: await foldedOrNull(dataset.maintainer),
  maintainer_email: await foldedOrNull(dataset.maintainerEmail),
  notes: await foldedOrNull(dataset.notes),
  license_id: await foldedOrNull(dataset.licenseId),
})

type IndexedRow = ReturnType<typeof indexedRow>
type CoreRow = ReturnType<typeof coreRow>
type ChangeRow = Awaited<ReturnType<typeof changeRow>>
type FoldedRow = Awaited<ReturnType<typeof foldedRow>>

const blank = newDataset({ id: '', name: '', creatorId: null, sourceId: null, now: 0 })
const [indexed, core, change] = [indexedRow(blank), coreRow(blank), await changeRow(blank)]
const [whole, folded] = [await datasetRow(blank), await foldedRow(blank)]

const insertRow = statement((db, p: Awaited<ReturnType<typeof datasetRow>>) =>
  db.insertInto('dataset').values(placeholdersOf(p, whole)).returning('no'),
)
const insertFolded = statement((db, p: FoldedRow & { dataset_no: number }) =>
  db.insertInto('dataset_folded').values({ dataset_no: p.dataset_no, ...placeholdersOf<FoldedRow>(p, folded) }),
)

// SQLite rewrites the indexes of every column that is set, even to the same value: so each change sets only the columns that it may touch.
const updateChange = statement((db, p: ChangeRow & { no: number }) =>
  db.updateTable('dataset').set(placeholdersOf<ChangeRow>(p, change)).where('no', '=', p.no),
)
const updateCore = statement((db, p: CoreRow & ChangeRow & { no: number }) =>
  db
    .updateTable('dataset')
    .set(placeholdersOf<CoreRow & ChangeRow>(p, { ...core, ...change }))
    .where('no', '=', p.no),
)
const updateIndexed = statement((db, p: IndexedRow & CoreRow & ChangeRow & { no: number }) =>
  db
    .updateTable('dataset')
    .set(placeholdersOf<IndexedRow & CoreRow & ChangeRow>(p, { ...indexed, ...core, ...change }))
    .where('no', '=', p.no),
)
const updateFolded = statement((db, p: FoldedRow & { dataset_no: number }) =>
  db.updateTable('dataset_folded').set(placeholdersOf<FoldedRow>(p, folded)).where('dataset_no', '=', p.dataset_no),
)

/** The row that was written. */
export interface WrittenRow {
  readonly no: number
  /** See `package-json.ts`. */
  readonly document: string
}

export async function insertDataset(db: Db, dataset: Dataset): Promise<WrittenRow> {
  const values = await datasetRow(dataset)
  const [row] = await insertRow(db, values)
  if (!row) throw new Error('the database gave no number for a dataset')
  await insertFolded(db, { dataset_no: row.no, ...(await foldedRow(dataset)) })
  return { no: row.no, document: values.document }
}

/** Updates the row of a dataset whose core has not changed. */
export async function updateOutsideCore(db: Db, dataset: Dataset): Promise<WrittenRow> {
  const { no } = dataset
  const changed = await changeRow(dataset)
  await updateChange(db, { no, ...changed })
  return { no, document: changed.document }
}

/** Updates the row of a dataset whose core has changed; `before` is what is stored. */
export async function updateDataset(db: Db, dataset: Dataset, before: Dataset): Promise<WrittenRow> {
  const { no } = dataset
  const changed = await changeRow(dataset)
  if (isSameIndexed(dataset, before)) await updateCore(db, { no, ...coreRow(dataset), ...changed })
  else await updateIndexed(db, { no, ...indexedRow(dataset), ...coreRow(dataset), ...changed })
  await updateFolded(db, { dataset_no: no, ...(await foldedRow(dataset)) })
  return { no, document: changed.document }
}

const isSameIndexed = (one: Dataset, other: Dataset) =>
  one.name === other.name && one.title === other.title && one.ownerOrgNo === other.ownerOrgNo && isListed(one) === isListed(other)

/** Parts of a dataset that one revision has changed. */
export interface ChangedParts<P> {
  readonly datasetNo: number
  readonly parts: readonly P[]
  /** The parts that have a row already, as they were. */
  readonly stored: readonly P[]
  readonly dialect: Dialect
}

interface LinkValues extends Stamp {
  readonly datasetNo: number
  readonly state: string
}

const insertTagLinks = perDialect((dialect) =>
  statement((_, p: Stamp & { datasetNo: number; tagNos: readonly number[] }) => {
    const tags = dialect.numbers(p.tagNos)
    return sql`insert into dataset_tag (dataset_no, tag_no, state, revision_id, revision_at)
      select cast(${p.datasetNo} as bigint), chosen.value, 'active', ${p.id}, cast(${p.at} as bigint) from ${tags} as chosen`
  }),
)

const updateTagLink = statement((db, p: LinkValues & { tagNo: number }) =>
  db
    .updateTable('dataset_tag')
    .set({ state: p.state, revision_id: p.id, revision_at: p.at })
    .where('dataset_no', '=', p.datasetNo)
    .where('tag_no', '=', p.tagNo),
)

export async function saveTagLinks(db: Db, { datasetNo, parts, stored, dialect }: ChangedParts<DatasetTag>): Promise<void> {
  const known = new Set(stored.map((one) => one.no))
  const added = parts.filter((one) => !known.has(one.no))
  const [first] = added
  if (first) await insertTagLinks(dialect)(db, { datasetNo, tagNos: added.map((one) => one.no), ...first.stamp })
  for (const { no, state, stamp } of parts) if (known.has(no)) await updateTagLink(db, { datasetNo, tagNo: no, state, ...stamp })
}

const insertExtras = perDialect((dialect) =>
  statement((_, p: { datasetNo: number; rows: readonly RowValues[]; revisionId: string; at: number }) => {
    const rows = dialect.rows('added', { id: 'text', key: 'text', value: 'text', value_folded: 'text' }, p.rows)
    return sql`insert into dataset_extra (id, dataset_no, key, value, value_folded, state, revision_id, revision_at)
      select id, cast(${p.datasetNo} as bigint), key, value, value_folded, 'active', ${p.revisionId}, cast(${p.at} as bigint) from ${rows}`
  }),
)

const updateExtra = statement((db, p: LinkValues & { key: string; value: string; folded: string }) =>
  db
    .updateTable('dataset_extra')
    .set({ value: p.value, value_folded: p.folded, state: p.state, revision_id: p.id, revision_at: p.at })
    .where('dataset_no', '=', p.datasetNo)
    .where('key', '=', p.key),
)

export async function saveExtras(db: Db, { datasetNo, parts, stored, dialect }: ChangedParts<Extra>): Promise<void> {
  const known = new Set(stored.map((one) => one.key))
  const added = parts.filter((one) => !known.has(one.key))
  for (const batch of batches(added, ({ value }) => value.length)) {
    const rows: RowValues[] = []
    for (const { id, key, value } of batch) rows.push({ id, key, value, value_folded: await foldInTurns(value) })
    const { stamp } = batch[0]
    await insertExtras(dialect)(db, { datasetNo, rows, revisionId: stamp.id, at: stamp.at })
  }
  for (const { key, value, state, stamp } of parts)
    if (known.has(key)) await updateExtra(db, { datasetNo, key, value, folded: await foldInTurns(value), state, ...stamp })
}

const insertMembership = statement((db, p: LinkValues & { groupNo: number }) =>
  db
    .insertInto('membership')
    .values({ group_no: p.groupNo, dataset_no: p.datasetNo, capacity: 'public', state: p.state, revision_id: p.id, revision_at: p.at }),
)

const updateMembership = statement((db, p: LinkValues & { groupNo: number }) =>
  db
    .updateTable('membership')
    .set({ state: p.state, revision_id: p.id, revision_at: p.at })
    .where('group_no', '=', p.groupNo)
    .where('dataset_no', '=', p.datasetNo),
)

export async function saveMemberships(db: Db, { datasetNo, parts, stored }: Omit<ChangedParts<Membership>, 'dialect'>): Promise<void> {
  const known = new Set(stored.map((one) => one.groupNo))
  for (const { groupNo, state, stamp } of parts) {
    const save = known.has(groupNo) ? updateMembership : insertMembership
    await save(db, { datasetNo, groupNo, state, ...stamp })
  }
}

import { statement } from '../../store/statement.ts'
import type { Db } from '../../store/store.ts'
import { placeholdersOf } from '../row-placeholders.ts'
import { type Dataset, isListed } from './dataset.ts'
import { newDataset } from './new.ts'
import { changeRow, coreRow, datasetRow, foldedRow, placeRow } from './store.ts'

type PlaceRow = ReturnType<typeof placeRow>
type CoreRow = ReturnType<typeof coreRow>
type ChangeRow = Awaited<ReturnType<typeof changeRow>>
type FoldedRow = Awaited<ReturnType<typeof foldedRow>>

const blank = newDataset({ id: '', name: '', creatorId: null, sourceId: null, now: 0 })
const [place, core, change] = [placeRow(blank), coreRow(blank), await changeRow(blank)]
const [whole, folded] = [await datasetRow(blank), await foldedRow(blank)]

const insertRow = statement((db, p: Awaited<ReturnType<typeof datasetRow>>) =>
  db.insertInto('dataset').values(placeholdersOf(p, whole)).returning('no'),
)
const insertFolded = statement((db, p: FoldedRow & { dataset_no: number }) =>
  db.insertInto('dataset_folded').values({ dataset_no: p.dataset_no, ...placeholdersOf<FoldedRow>(p, folded) }),
)

// A column that is set is written into its indexes anew on SQLite, even with the value that it has: so each change sets what it may touch.
const updateChange = statement((db, p: ChangeRow & { no: number }) =>
  db.updateTable('dataset').set(placeholdersOf<ChangeRow>(p, change)).where('no', '=', p.no),
)
const updateCore = statement((db, p: CoreRow & ChangeRow & { no: number }) =>
  db
    .updateTable('dataset')
    .set(placeholdersOf<CoreRow & ChangeRow>(p, { ...core, ...change }))
    .where('no', '=', p.no),
)
const updatePlace = statement((db, p: PlaceRow & CoreRow & ChangeRow & { no: number }) =>
  db
    .updateTable('dataset')
    .set(placeholdersOf<PlaceRow & CoreRow & ChangeRow>(p, { ...place, ...core, ...change }))
    .where('no', '=', p.no),
)
const updateFolded = statement((db, p: FoldedRow & { dataset_no: number }) =>
  db.updateTable('dataset_folded').set(placeholdersOf<FoldedRow>(p, folded)).where('dataset_no', '=', p.dataset_no),
)

/** A dataset's row as it has been written. */
export interface WrittenRow {
  readonly no: number
  /** See `dataset-document.ts`. */
  readonly document: string
}

export async function insertDataset(db: Db, dataset: Dataset): Promise<WrittenRow> {
  const values = await datasetRow(dataset)
  const [row] = await insertRow(db, values)
  if (!row) throw new Error('the database gave no number for a dataset')
  await insertFolded(db, { dataset_no: row.no, ...(await foldedRow(dataset)) })
  return { no: row.no, document: values.document }
}

/** Writes the row of a dataset whose core is as it was. */
export async function updateAround(db: Db, dataset: Dataset): Promise<WrittenRow> {
  const { no } = dataset
  const changed = await changeRow(dataset)
  await updateChange(db, { no, ...changed })
  return { no, document: changed.document }
}

/** Writes the row of a dataset with its core; `before` is what is stored. */
export async function updateDataset(db: Db, dataset: Dataset, before: Dataset): Promise<WrittenRow> {
  const { no } = dataset
  const changed = await changeRow(dataset)
  if (isSamePlace(dataset, before)) await updateCore(db, { no, ...coreRow(dataset), ...changed })
  else await updatePlace(db, { no, ...placeRow(dataset), ...coreRow(dataset), ...changed })
  await updateFolded(db, { dataset_no: no, ...(await foldedRow(dataset)) })
  return { no, document: changed.document }
}

const isSamePlace = (one: Dataset, other: Dataset) =>
  one.name === other.name && one.title === other.title && one.ownerOrgNo === other.ownerOrgNo && isListed(one) === isListed(other)

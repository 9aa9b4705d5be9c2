import { isDeepStrictEqual } from 'node:util'
import type { Insertable } from 'kysely'
import { batches } from '../store/batches.ts'
import { hotQuery } from '../store/hot-query.ts'
import type { Schema } from '../store/schema.ts'
import type { Db, Store, Write } from '../store/store.ts'
import { activeParts, type Dataset, type DatasetCore, type DatasetTag, type Extra, type Membership } from './dataset.ts'
import { changedRows, coreRow, type DatasetChange } from './dataset-change.ts'
import { newDataset } from './dataset-new.ts'
import { datasetRow, foldedRow } from './dataset-store.ts'
import { saveResources } from './resource-store.ts'
import type { Revision } from './revision.ts'
import { insertVersion } from './revision-store.ts'
import { type SearchWords, searchStoreOf } from './search-store.ts'
import { fold, tokenizeAll } from './tokenizer.ts'

/** A planned change and what it starts from (`before.no` is 0 for a new dataset). */
export interface PlannedSave {
  readonly before: Dataset
  readonly change: DatasetChange
  readonly revision: Revision
  readonly dialect: Store['dialect']
  /** A core that waits for approval. */
  readonly pendingCore?: DatasetCore | undefined
  /** The revision is an older one whose pending core becomes the current one. */
  readonly isApproval?: boolean
}

/** Writes a planned change: rows, version, finished text, search entry and change number, all in the caller's write. Returns the dataset's number. */
export async function saveChange(write: Write, save: PlannedSave): Promise<number> {
  const { before, change, revision, pendingCore } = save
  const { db } = write
  const { after } = change
  const no = before.no === 0 ? await insertDataset(db, after) : await updateDataset(db, after)
  await saveResources(db, no, { resources: change.resources, known: new Set(before.resources.map((one) => one.id)) })
  await saveTagLinks(db, no, { links: change.tags, known: new Set(before.tags.map((one) => one.id)) })
  await saveExtras(db, no, { extras: change.extras, known: new Set(before.extras.map((one) => one.id)) })
  await saveMemberships(db, no, { links: change.memberships, known: new Set(before.memberships.map((one) => one.groupId)) })
  if (!save.isApproval) {
    const waits = pendingCore !== undefined || (after.state === 'pending' && change.isCoreChanged)
    const rows = [...changedRows(change), ...(pendingCore ? [coreRow(after.id, pendingCore)] : [])]
    await insertVersion(db, { kind: 'dataset', entityNo: no, revision, rows, state: waits ? 'pending' : 'active' })
  }
  await saveWords(db, no, save)
  write.change('dataset', after.id, whatHappened(before, after))
  return no
}

/** Renders a dataset anew after something beside it has changed, and counts that as a modification of it. */
export async function refreshDataset(write: Write, dataset: Dataset, now: number): Promise<void> {
  const after = { ...dataset, modifiedAt: Math.max(now, dataset.modifiedAt + 1) }
  await write.db.updateTable('dataset').set(datasetRow(after)).where('no', '=', after.no).execute()
  write.change('dataset', after.id, 'updated')
}

/** Most changes leave the words as they are, and the index with them. */
async function saveWords(db: Db, no: number, { before, change, dialect }: PlannedSave): Promise<void> {
  const search = searchStoreOf(dialect)
  const words = searchWords(change.after)
  if (before.no === 0) return search.add(db, no, words)
  if (!isDeepStrictEqual(words, searchWords(before))) return search.replace(db, no, words)
}

function whatHappened(before: Dataset, after: Dataset): 'created' | 'updated' | 'deleted' {
  if (before.no === 0) return 'created'
  return after.state === 'deleted' && before.state !== 'deleted' ? 'deleted' : 'updated'
}

/** What a search for words looks into. */
export function searchWords(dataset: Dataset): SearchWords {
  const resources = activeParts(dataset.resources)
  return {
    heading: tokenizeAll([dataset.name, dataset.title]),
    body: tokenizeAll([
      dataset.notes,
      ...activeParts(dataset.tags).map((tag) => tag.name),
      ...activeParts(dataset.memberships).map((one) => (one.isGroupActive ? one.groupName : null)),
      dataset.author,
      dataset.maintainer,
      dataset.url,
      ...activeParts(dataset.extras).map((extra) => extra.value),
      ...resources.flatMap((resource) => [resource.name, resource.description]),
    ]),
  }
}

/** Has the keys of every dataset's row, in their order; its values stand for parameters. */
const blank = newDataset({ id: '', name: '', creatorId: null, sourceId: null, now: 0 })
const datasetInsert = hotQuery<{ no: number }>((db) => db.insertInto('dataset').values(datasetRow(blank)).returning('no'))
const foldedInsert = hotQuery((db) => db.insertInto('dataset_folded').values({ dataset_no: 0, ...foldedRow(blank) }))

async function insertDataset(db: Db, dataset: Dataset): Promise<number> {
  const [row] = await datasetInsert(db, Object.values(datasetRow(dataset)))
  if (!row) throw new Error('the database gave no number for a dataset')
  await foldedInsert(db, [row.no, ...Object.values(foldedRow(dataset))])
  return row.no
}

async function updateDataset(db: Db, dataset: Dataset): Promise<number> {
  await db.updateTable('dataset').set(datasetRow(dataset)).where('no', '=', dataset.no).execute()
  await db.updateTable('dataset_folded').set(foldedRow(dataset)).where('dataset_no', '=', dataset.no).execute()
  return dataset.no
}

interface Links<P> {
  readonly links: readonly P[]
  readonly known: ReadonlySet<string>
}

async function saveTagLinks(db: Db, no: number, { links, known }: Links<DatasetTag>): Promise<void> {
  const rows = links.map((tag): Insertable<Schema['dataset_tag']> & { id: string } => ({
    id: tag.id,
    dataset_no: no,
    tag_no: tag.no,
    state: tag.state,
    revision_id: tag.stamp.id,
    revision_at: tag.stamp.at,
  }))
  const added = rows.filter((row) => !known.has(row.id)).map(({ id: _, ...row }) => row)
  for (const batch of batches(added)) await db.insertInto('dataset_tag').values(batch).execute()
  for (const { id: _, dataset_no, tag_no, ...values } of rows.filter((row) => known.has(row.id))) {
    await db.updateTable('dataset_tag').set(values).where('dataset_no', '=', dataset_no).where('tag_no', '=', tag_no).execute()
  }
}

async function saveExtras(db: Db, no: number, { extras, known }: { extras: readonly Extra[]; known: ReadonlySet<string> }): Promise<void> {
  const rows = extras.map(
    (extra): Insertable<Schema['dataset_extra']> => ({
      id: extra.id,
      dataset_no: no,
      key: extra.key,
      value: extra.value,
      value_folded: fold(extra.value),
      state: extra.state,
      revision_id: extra.stamp.id,
      revision_at: extra.stamp.at,
    }),
  )
  const added = rows.filter((row) => !known.has(row.id))
  for (const batch of batches(added)) await db.insertInto('dataset_extra').values(batch).execute()
  for (const { id, ...values } of rows.filter((row) => known.has(row.id))) {
    await db.updateTable('dataset_extra').set(values).where('id', '=', id).execute()
  }
}

async function saveMemberships(db: Db, no: number, { links, known }: Links<Membership>): Promise<void> {
  for (const { groupNo, groupId, state, stamp } of links) {
    const values = { state, revision_id: stamp.id, revision_at: stamp.at }
    if (known.has(groupId)) {
      await db.updateTable('membership').set(values).where('group_no', '=', groupNo).where('dataset_no', '=', no).execute()
    } else {
      await db
        .insertInto('membership')
        .values({ group_no: groupNo, dataset_no: no, capacity: 'public', ...values })
        .execute()
    }
  }
}

import { newId } from '../../store/id.ts'
import type { Db, Store, Write } from '../../store/store.ts'
import { giveDueTurn } from '../../store/turns.ts'
import { saveResources } from '../resource/store.ts'
import type { Revision } from '../revision/revision.ts'
import { insertRevision, insertVersion } from '../revision/store.ts'
import { searchStoreOf } from '../search/sql/word-index.ts'
import { readSearchWords, type SearchTexts, type SearchWords } from '../search/words.ts'
import { activeParts, type Dataset, type DatasetCore, type StoredDataset } from './dataset.ts'
import { changedRows, changesNothing, coreRow, type DatasetChange, type DatasetDraft, planChange, sameCore } from './diff.ts'
import { insertDataset, saveExtras, saveMemberships, saveTagLinks, updateDataset, updateOutsideCore, type WrittenRow } from './write-store.ts'

/** Who changes a dataset, when, and the message of the revision. */
export interface Edit {
  readonly author: string
  readonly message: string
  /** Milliseconds since 1970, UTC. */
  readonly now: number
  readonly dialect: Store['dialect']
  /** For a new dataset from another hub: when it was last changed there; `now` when absent. */
  readonly modifiedAt?: number | undefined
  /** The revision that this edit belongs to; a new one when absent. */
  readonly revision?: Revision | undefined
}

/** The stored dataset and the wanted one. */
export interface Application {
  readonly before: StoredDataset
  readonly draft: DatasetDraft
  /** A core that only the revision stores until it is approved. */
  readonly pendingCore?: DatasetCore | undefined
}

/**
 * Makes the stored dataset equal to the draft: one revision, one change number, in the caller's write. `before` is a dataset under lock, or a
 * new one (`no` 0). A draft that changes nothing writes nothing. Returns the dataset as it is afterwards.
 */
export async function applyDraft(write: Write, edit: Edit, { before, draft, pendingCore }: Application): Promise<StoredDataset> {
  const stamp = edit.revision ?? { id: newId(), at: edit.now }
  const change = await planChange(before, draft, { id: stamp.id, at: stamp.at })
  const waits = pendingCore !== undefined && !sameCore({ ...before, state: 'pending' }, pendingCore)
  if (changesNothing(change) && !waits) return before
  const revision = edit.revision ?? (await insertRevision(write.db, { ...stamp, author: edit.author, message: edit.message }))
  // Harvesters compare the text of this time: it grows with every change, even within one millisecond.
  const modifiedAt = before.no === 0 ? (edit.modifiedAt ?? edit.now) : Math.max(edit.now, before.modifiedAt + 1)
  const after = { ...change.after, modifiedAt }
  const saved = await saveChange(write, {
    before,
    change: { ...change, after },
    revision,
    dialect: edit.dialect,
    pendingCore: waits ? pendingCore : undefined,
  })
  return { ...after, ...saved }
}

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

/** Writes a planned change: rows, version, finished text, search entry and change number, all in the caller's write. */
export async function saveChange(write: Write, save: PlannedSave): Promise<WrittenRow> {
  const { before, change, revision, pendingCore, dialect } = save
  const { db } = write
  const { after } = change
  const written = await saveRow(db, save)
  const { no } = written
  await saveResources(db, { datasetNo: no, parts: change.resources, stored: before.resources, dialect })
  await saveTagLinks(db, { datasetNo: no, parts: change.tags, stored: before.tags, dialect })
  await saveExtras(db, { datasetNo: no, parts: change.extras, stored: before.extras, dialect })
  await saveMemberships(db, { datasetNo: no, parts: change.memberships, stored: before.memberships })
  if (!save.isApproval) {
    const waits = pendingCore !== undefined || (after.state === 'pending' && change.isCoreChanged)
    const rows = [...(await changedRows(change)), ...(pendingCore ? [coreRow(after.id, pendingCore)] : [])]
    await insertVersion(db, { kind: 'dataset', entityNo: no, revision, rows, state: waits ? 'pending' : 'active' })
  }
  await saveWords(db, no, save)
  write.change('dataset', after.id, whatHappened(before, after))
  return written
}

function saveRow(db: Db, { before, change }: PlannedSave): Promise<WrittenRow> {
  if (before.no === 0) return insertDataset(db, change.after)
  return change.isCoreChanged ? updateDataset(db, change.after, before) : updateOutsideCore(db, change.after)
}

/** Renders a dataset again after a related thing has changed; this is a modification of the dataset. */
export async function refreshDataset(write: Write, dataset: Dataset, now: number): Promise<void> {
  const after = { ...dataset, modifiedAt: Math.max(now, dataset.modifiedAt + 1) }
  await updateOutsideCore(write.db, after)
  write.change('dataset', after.id, 'updated')
}

/** Writes the index of words only if the words have changed; most changes do not touch them. */
async function saveWords(db: Db, no: number, { before, change, dialect }: PlannedSave): Promise<void> {
  await giveDueTurn()
  const search = searchStoreOf(dialect)
  const { after } = change
  if (before.no === 0) return search.add(db, no, await searchWords(after))
  if (isSame(searchTexts(after), searchTexts(before))) return
  await giveDueTurn()
  return search.replace(db, no, await searchWords(after))
}

function whatHappened(before: Dataset, after: Dataset): 'created' | 'updated' | 'deleted' {
  if (before.no === 0) return 'created'
  return after.state === 'deleted' && before.state !== 'deleted' ? 'deleted' : 'updated'
}

/** The words that a search finds a dataset by. */
export function searchWords(dataset: Dataset): Promise<SearchWords> {
  return readSearchWords(searchTexts(dataset))
}

function isSame(one: SearchTexts, other: SearchTexts): boolean {
  const isSameList = (name: keyof SearchTexts) => one[name].length === other[name].length && one[name].every((text, at) => text === other[name][at])
  return isSameList('heading') && isSameList('body') && isSameList('addresses')
}

/** The texts that a search for words covers. */
function searchTexts(dataset: Dataset): SearchTexts {
  const resources = activeParts(dataset.resources)
  return {
    heading: [dataset.name, dataset.title],
    body: [
      dataset.notes,
      ...activeParts(dataset.tags).map((tag) => tag.name),
      ...activeParts(dataset.memberships).map((one) => (one.isGroupActive ? one.groupName : null)),
      dataset.author,
      dataset.maintainer,
      dataset.url,
      ...activeParts(dataset.extras).map((extra) => extra.value),
      ...resources.flatMap((resource) => [resource.name, resource.description]),
    ],
    addresses: [...new Set([...(dataset.url === null ? [] : [dataset.url]), ...resources.map((resource) => resource.url)])],
  }
}

import { newId } from '../../store/id.ts'
import type { Store, Write } from '../../store/store.ts'
import type { Revision } from '../revision/revision.ts'
import { insertRevision } from '../revision/store.ts'
import type { DatasetCore, StoredDataset } from './dataset.ts'
import { changesNothing, type DatasetDraft, planChange, sameCore } from './diff.ts'
import { saveChange } from './save.ts'

/** Who changes a dataset, when, and what the revision says about it. */
export interface Edit {
  readonly author: string
  readonly message: string
  /** Milliseconds since 1970, UTC. */
  readonly now: number
  readonly dialect: Store['dialect']
  /** When a new dataset was last changed where it comes from; `now` when absent. */
  readonly modifiedAt?: number | undefined
  /** The revision that this is a part of; one of its own when absent. */
  readonly revision?: Revision | undefined
}

/** What is stored and what is wanted. */
export interface Application {
  readonly before: StoredDataset
  readonly draft: DatasetDraft
  /** A core that is kept in the revision only, until it is approved. */
  readonly pendingCore?: DatasetCore | undefined
}

/**
 * Makes the stored dataset equal to the draft: one revision, one change number, in the caller's write. `before` is a dataset under lock, or a
 * new one (`no` 0). A draft that changes nothing leaves no revision and no trace. Returns the dataset as it is afterwards.
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

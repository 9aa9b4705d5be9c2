import type { Context } from '../../context.ts'
import type { Write } from '../../store/store.ts'
import { lockFor, requireRight } from '../dataset/access.ts'
import type { StoredDataset } from '../dataset/dataset.ts'
import { coreOfRow, planChange } from '../dataset/diff.ts'
import { translateDuplicates, unchanged } from '../dataset/edit.ts'
import { saveChange } from '../dataset/save.ts'
import { approveRevision, findLatestRevision, findPendingVersion, settleVersions } from './version-store.ts'

/**
 * Makes the newest pending version of a dataset the current one, and stamps its newest revision as approved. Makes no revision. One that is not active
 * becomes so, which takes the right to change its state. Throws `not_found`, `forbidden`, `invalid` when its new name was taken meanwhile.
 */
export async function approveDataset(ctx: Context, ref: string): Promise<void> {
  await translateDuplicates(
    ctx.store.write(async (write) => {
      const { db } = write
      const before = await lockFor(ctx, 'edit', { db, ref })
      if (before.state !== 'active') await requireRight(ctx, 'delete', { db, dataset: before })
      const now = ctx.clock()
      await publishPending(ctx, write, { before, now })
      const latest = await findLatestRevision(db, before.no)
      if (latest !== undefined) await approveRevision(db, latest, now)
    }),
  )
}

async function publishPending(ctx: Context, write: Write, { before, now }: { before: StoredDataset; now: number }): Promise<void> {
  const { db } = write
  const { dialect } = ctx.store
  const pending = await findPendingVersion(db, before.no)
  const row = pending?.rows.findLast((one) => one.kind === 'dataset' && one.state === 'pending')
  if (!pending || !row) return
  const { ownerOrgNo, isPrivate, isUnlisted } = before
  const draft = { ...unchanged(before), core: { ...coreOfRow(row, before), ownerOrgNo, isPrivate, isUnlisted, state: 'active' as const } }
  const change = await planChange(before, draft, { id: pending.revision.id, at: pending.revision.at })
  const after = { ...change.after, modifiedAt: Math.max(now, before.modifiedAt + 1) }
  await saveChange(write, { before, change: { ...change, after }, revision: pending.revision, dialect, isApproval: true })
  await settleVersions(db, before.no)
}

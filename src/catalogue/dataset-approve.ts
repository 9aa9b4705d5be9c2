import type { Context } from '../context.ts'
import { lockFor } from './dataset-access.ts'
import { coreOfRow, planChange } from './dataset-change.ts'
import { unchanged } from './dataset-edit.ts'
import { saveChange } from './dataset-save.ts'
import { approveRevision, findLatestRevision, findPendingVersion, settleVersions } from './version-store.ts'

/**
 * Makes the newest pending version of a dataset the current one, and stamps its newest revision as approved. Makes no revision.
 * Throws `not_found`, `forbidden`.
 */
export async function approveDataset(ctx: Context, ref: string): Promise<void> {
  await ctx.store.write(async (write) => {
    const { db } = write
    const before = await lockFor(ctx, 'edit', { db, ref })
    const now = ctx.clock()
    const pending = await findPendingVersion(db, before.no)
    const row = pending?.rows.findLast((one) => one.kind === 'dataset' && one.state === 'pending')
    if (pending && row) {
      const { ownerOrgNo, isPrivate, isUnlisted } = before
      const draft = { ...unchanged(before), core: { ...coreOfRow(row, before), ownerOrgNo, isPrivate, isUnlisted, state: 'active' as const } }
      const change = planChange(before, draft, { id: pending.revision.id, at: pending.revision.at })
      const after = { ...change.after, modifiedAt: Math.max(now, before.modifiedAt + 1) }
      await saveChange(write, { before, change: { ...change, after }, revision: pending.revision, dialect: ctx.store.dialect, isApproval: true })
      await settleVersions(db, before.no)
    }
    const latest = await findLatestRevision(db, before.no)
    if (latest !== undefined) await approveRevision(db, latest, now)
  })
}

import { invalid, notFound } from '../base/errors.ts'
import type { Context } from '../context.ts'
import { TryAgain } from '../store/database-error.ts'
import type { Write } from '../store/store.ts'
import { getVisibility } from './dataset/access.ts'
import { refreshDataset, searchWords } from './dataset/save.ts'
import { lockDataset } from './dataset/store.ts'
import { updateDataset } from './dataset/write-store.ts'
import { findMemberNos, lockGroup } from './group/save-store.ts'
import { findGroup } from './group/store.ts'
import { requireSite } from './policy.ts'
import { findOwned, findRelatedNos, removeDataset, removeGroup } from './purge-store.ts'
import { searchStoreOf } from './search/sql/word-index.ts'

/** Removes a dataset for good, with its history: its name is free again. For sysadmins. Throws `not_found`, `forbidden`. */
export async function purgeDataset(ctx: Context, ref: string): Promise<void> {
  const { dialect } = ctx.store
  await ctx.store.write(async (write) => {
    const { db } = write
    const { no, id } = await getVisibility(db, ref)
    requireSite(ctx, 'purge')
    const related = await findRelatedNos(db, no)
    // Locks all datasets in the same order, so that two purges cannot deadlock.
    for (const one of [...related, no].sort((left, right) => left - right)) await lockDataset(db, dialect, one)
    const locked = new Set(related)
    const isSame = (await findRelatedNos(db, no)).every((one) => locked.has(one))
    if (!isSame) throw new TryAgain('the dataset got a relationship meanwhile')
    await searchStoreOf(dialect).remove(db, no)
    await removeDataset(db, no)
    write.change('dataset', id, 'deleted')
    for (const one of related) await refreshDataset(write, await lockDataset(db, dialect, one), ctx.clock())
  })
}

/**
 * Removes a group or organization for good; its datasets stay. An organization that owns datasets is refused, because its roles decide who
 * reads the private ones. Deleted datasets do not count, and belong to their creators from then on. For sysadmins. Throws `not_found`, `forbidden`,
 * `invalid`.
 */
export async function purgeGroup(ctx: Context, ref: string, kind: 'group' | 'organization'): Promise<void> {
  const { dialect } = ctx.store
  await ctx.store.write(async (write) => {
    const { db } = write
    const found = await findGroup(db, ref)
    if (!found || found.isOrganization !== (kind === 'organization')) throw notFound(kind, ref)
    requireSite(ctx, 'purge')
    const { no, id } = await lockGroup(db, dialect, found.no)
    const owned = await findOwned(db, no)
    const kept = owned.filter((one) => !one.isDeleted).length
    if (kept > 0) throw invalid({ id: [`The organization still owns ${kept} datasets: give them to another, delete or purge them`] })
    for (const one of owned) await disown(ctx, write, one.no)
    const members = await findMemberNos(db, no)
    const datasets = []
    for (const member of members) datasets.push(await lockDataset(db, dialect, member))
    await removeGroup(db, no)
    write.change('group', id, 'deleted')
    for (const one of datasets) {
      const dataset = { ...one, memberships: one.memberships.filter((link) => link.groupId !== id) }
      await refreshDataset(write, dataset, ctx.clock())
      await searchStoreOf(dialect).replace(db, dataset.no, await searchWords(dataset))
    }
  })
}

/** Removes a deleted dataset from its organization. */
async function disown(ctx: Context, write: Write, no: number): Promise<void> {
  const before = await lockDataset(write.db, write.dialect, no)
  if (before.state !== 'deleted') throw new TryAgain('the dataset was restored meanwhile')
  const after = { ...before, ownerOrgNo: null, ownerOrgId: null, modifiedAt: Math.max(ctx.clock(), before.modifiedAt + 1) }
  await updateDataset(write.db, after, before)
  write.change('dataset', after.id, 'updated')
}

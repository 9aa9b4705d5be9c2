import { type Context, isSysadmin } from '../context.ts'
import { activeParts, type Extra } from './dataset.ts'
import { getStanding } from './dataset-access.ts'
import type { KeptDataset } from './dataset-store.ts'
import type { Group } from './group.ts'
import { type GroupKind, getReadableGroup } from './group-access.ts'
import { listDatasetsInGroup, listGroupsOf } from './group-list-store.ts'
import { findGroupExtras } from './group-save-store.ts'

/** A group with its extras and listed datasets, by key and by name. */
export interface ShownGroup {
  readonly group: Group
  readonly extras: readonly Extra[]
  readonly datasets: readonly KeptDataset[]
}

/** Finds a group by id or name. Throws `not_found`, and `forbidden` for a deleted one unless the caller is its admin. */
export async function showGroup(ctx: Context, ref: string, kind: GroupKind = 'group'): Promise<ShownGroup> {
  return surroundGroup(ctx, await getReadableGroup(ctx, ref, kind))
}

/** Adds extras and datasets to a group. */
export async function surroundGroup(ctx: Pick<Context, 'store'>, group: Group): Promise<ShownGroup> {
  const { db } = ctx.store
  return { group, extras: activeParts(await findGroupExtras(db, group.no)), datasets: await listDatasetsInGroup(db, group.no) }
}

/** The groups that the caller may edit, by name; without those that a dataset is in. Throws `not_found` for an unknown dataset. */
export async function listEditableGroups(ctx: Context, withoutDataset?: string): Promise<Group[]> {
  const { db } = ctx.store
  const withoutDatasetNo = withoutDataset === undefined ? 0 : (await getStanding(db, withoutDataset)).no
  if (ctx.actor.kind === 'anonymous') return []
  return listGroupsOf(db, { userId: isSysadmin(ctx.actor) ? undefined : ctx.actor.id, withoutDatasetNo })
}

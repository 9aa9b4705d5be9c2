import { type Context, isSysadmin } from '../context.ts'
import { activeParts, type Extra } from './dataset.ts'
import { getStanding } from './dataset-access.ts'
import type { KeptDataset } from './dataset-store.ts'
import type { Group } from './group.ts'
import { type GroupKind, getReadableGroup } from './group-access.ts'
import { type CountedGroup, listDatasetsInGroup, listDatasetsOfOrganization, listGroupsOf, listOrganizationsOf } from './group-list-store.ts'
import { listMembers, type Member } from './group-member-store.ts'
import { findGroupExtras } from './group-save-store.ts'
import type { MemberRole } from './policy.ts'

/** A group with its extras and listed datasets, by key and by name. */
export interface ShownGroup {
  readonly group: Group
  readonly extras: readonly Extra[]
  readonly datasets: readonly KeptDataset[]
  /** Who has a role in it, by name. */
  readonly members: readonly Member[]
}

/** Finds a group by id or name. Throws `not_found`, and `forbidden` for a deleted one unless the caller is its admin. */
export async function showGroup(ctx: Context, ref: string, kind: GroupKind = 'group'): Promise<ShownGroup> {
  return surroundGroup(ctx, await getReadableGroup(ctx, ref, kind))
}

/** Adds extras and datasets to a group. */
export async function surroundGroup(ctx: Pick<Context, 'store'>, group: Group): Promise<ShownGroup> {
  const { db } = ctx.store
  const extras = activeParts(await findGroupExtras(db, group.no))
  const datasets = await (group.isOrganization ? listDatasetsOfOrganization(db, group.no) : listDatasetsInGroup(db, group.no))
  return { group, extras, datasets, members: await listMembers(db, group.no) }
}

/** The groups that the caller may edit, by name; without those that a dataset is in. Throws `not_found` for an unknown dataset. */
export async function listEditableGroups(ctx: Context, withoutDataset?: string): Promise<Group[]> {
  const { db } = ctx.store
  const withoutDatasetNo = withoutDataset === undefined ? 0 : (await getStanding(db, withoutDataset)).no
  if (ctx.actor.kind === 'anonymous') return []
  return listGroupsOf(db, { userId: isSysadmin(ctx.actor) ? undefined : ctx.actor.id, withoutDatasetNo })
}

/** What roles permit, in the words of the Action API; what is not here is for admins. */
const rolesFor: Readonly<Record<string, readonly MemberRole[]>> = {
  read: ['admin', 'editor', 'member'],
  create_dataset: ['admin', 'editor'],
  update_dataset: ['admin', 'editor'],
  delete_dataset: ['admin', 'editor'],
}

/** The active organizations in which the caller's role permits this, by name; all of them for sysadmins. */
export async function listOwnOrganizations(ctx: Context, permission: string): Promise<CountedGroup[]> {
  const { actor } = ctx
  if (actor.kind === 'anonymous') return []
  const roles = (Object.hasOwn(rolesFor, permission) && rolesFor[permission]) || (['admin'] as const)
  return listOrganizationsOf(ctx.store.db, isSysadmin(actor) ? undefined : { userId: actor.id, roles })
}

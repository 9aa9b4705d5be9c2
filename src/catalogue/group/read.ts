import { type Context, isSysadmin } from '../../context.ts'
import { getVisibility } from '../dataset/access.ts'
import { activeParts, type Extra } from '../dataset/dataset.ts'
import type { KeptDataset } from '../dataset/store.ts'
import type { MemberRole } from '../policy.ts'
import { getUser } from '../user/profile.ts'
import { type GroupKind, getReadableGroup } from './access.ts'
import type { Group } from './group.ts'
import {
  type CountedGroup,
  type GroupQuery,
  listDatasetsInGroup,
  listDatasetsOfOrganization,
  listGroupsCounted,
  listGroupsOf,
  listOrganizationsOf,
  type OwnOrganization,
} from './list-store.ts'
import { listMembers, listMembersOf, type Member } from './member-store.ts'
import { findGroupExtras, listGroupExtras } from './save-store.ts'

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
  return { group, extras, datasets, members: await listMembers(ctx.store, group.no) }
}

/** A group in a list, with those of its parts that were asked for. */
export interface ListedGroup extends CountedGroup {
  readonly extras?: readonly Extra[]
  readonly members?: readonly Member[]
}

/** A page of active groups or organizations with their numbers of datasets and, if asked for, their extras and people. */
export async function listGroups(
  ctx: Pick<Context, 'store'>,
  query: GroupQuery,
  parts: { extras: boolean; members: boolean },
): Promise<ListedGroup[]> {
  const groups = await listGroupsCounted(ctx.store, query)
  const nos = groups.map(({ group }) => group.no)
  const extras = parts.extras ? await listGroupExtras(ctx.store, nos) : undefined
  const members = parts.members ? await listMembersOf(ctx.store, nos) : undefined
  return groups.map((one) => ({
    ...one,
    ...(extras && { extras: extras.get(one.group.no) ?? [] }),
    ...(members && { members: members.get(one.group.no) ?? [] }),
  }))
}

/** The groups that the caller may edit, by name; without those that a dataset is in. Throws `not_found` for an unknown dataset. */
export async function listEditableGroups(ctx: Context, withoutDataset?: string): Promise<Group[]> {
  const { db } = ctx.store
  const withoutDatasetNo = withoutDataset === undefined ? 0 : (await getVisibility(db, withoutDataset)).no
  if (ctx.actor.kind === 'anonymous') return []
  return listGroupsOf(db, { userId: isSysadmin(ctx.actor) ? undefined : ctx.actor.id, withoutDatasetNo })
}

/** The roles that have a permission of the Action API; only admins have the permissions that are not listed. */
const rolesFor: Readonly<Record<string, readonly MemberRole[]>> = {
  read: ['admin', 'editor', 'member'],
  create_dataset: ['admin', 'editor'],
  update_dataset: ['admin', 'editor'],
  delete_dataset: ['admin', 'editor'],
}

/**
 * The active organizations in which a user's role permits this, by name; all of them, as their admin, for sysadmins. Without `ref` the user is the
 * caller. Who belongs to an organization is public. Throws `not_found` for an unknown user.
 */
export async function listOwnOrganizations(ctx: Context, permission: string, ref?: string): Promise<OwnOrganization[]> {
  const user = await findWhose(ctx, ref)
  if (!user) return []
  if (user.isSysadmin) {
    const all = await listGroupsCounted(ctx.store, { isOrganization: true, order: 'name', isDescending: false })
    return all.map((one) => ({ ...one, role: 'admin' }))
  }
  const roles = (Object.hasOwn(rolesFor, permission) && rolesFor[permission]) || (['admin'] as const)
  return listOrganizationsOf(ctx.store.db, { userId: user.id, roles })
}

/** The user whose organizations are listed; undefined for anonymous callers and for deleted users. */
async function findWhose(ctx: Context, ref: string | undefined): Promise<{ id: string; isSysadmin: boolean } | undefined> {
  const { actor } = ctx
  if (ref === undefined) return actor.kind === 'user' ? { id: actor.id, isSysadmin: isSysadmin(actor) } : undefined
  const { user } = await getUser(ctx, ref)
  return user.state === 'active' ? user : undefined
}

import { notFound } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import type { Db } from '../../store/store.ts'
import { denied, type GroupRight, mayGroup } from '../policy.ts'
import type { Group } from './group.ts'
import { findGroup, findRole } from './store.ts'

/** Which kind of collection the caller wants; `any` where the contract accepts both. */
export type GroupKind = 'group' | 'organization' | 'any'

/** Finds a group by id or name. Throws `not_found`, also for the other kind. */
export async function getGroup(db: Db, ref: string, kind: GroupKind = 'group'): Promise<Group> {
  const group = await findGroup(db, ref)
  if (!group || (kind !== 'any' && group.isOrganization !== (kind === 'organization')))
    throw notFound(kind === 'organization' ? 'organization' : 'group', ref)
  return group
}

/** Throws `forbidden` unless the caller has the right. */
export async function requireGroupRight(ctx: Context, right: GroupRight, { db, group }: { db: Db; group: Group }): Promise<void> {
  if (!(await mayGroupNow(ctx, right, { db, group }))) throw denied()
}

/** Whether the caller may, by the role that the caller has in the group now. */
export async function mayGroupNow(ctx: Context, right: GroupRight, { db, group }: { db: Db; group: Group }): Promise<boolean> {
  const role = ctx.actor.kind === 'user' ? await findRole(db, group.no, ctx.actor.id) : undefined
  return mayGroup(ctx, right, { creatorId: group.creatorId, role })
}

/** Finds a group that the caller may read: a deleted one is shown to its admins only. Throws `not_found`, `forbidden`. */
export async function getReadableGroup(ctx: Context, ref: string, kind: GroupKind = 'group'): Promise<Group> {
  const group = await getGroup(ctx.store.db, ref, kind)
  await requireGroupRight(ctx, group.state === 'active' ? 'read' : 'read-deleted', { db: ctx.store.db, group })
  return group
}

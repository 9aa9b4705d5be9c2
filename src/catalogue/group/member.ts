import { type FieldErrors, invalid } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import type { Db } from '../../store/store.ts'
import type { FieldReader } from '../field-reader.ts'
import { findUser } from '../user/profile-store.ts'
import { type GroupKind, getGroup, requireGroupRight } from './access.ts'
import { badRole, type MemberInput, parseRole } from './input.ts'
import { type RoleOf, saveRole } from './member-store.ts'
import { lockGroup } from './save-store.ts'

const noUser = (ref: string) => `There is no such user: ${ref}`

/** Looks up who is to have which role; the reader collects unknown users. A user who is listed twice gets the last role. */
export async function resolveRoles(db: Db, members: readonly MemberInput[], reader: FieldReader): Promise<RoleOf[]> {
  if (reader.errors['users']) return []
  const roles = new Map<string, RoleOf>()
  const errors: FieldErrors[] = []
  for (const { ref, role } of members) {
    const found = await findUser(db, ref)
    if (found) roles.set(found.user.id, { userId: found.user.id, role })
    errors.push(found ? {} : { name: [noUser(ref)] })
  }
  reader.failItems('users', errors)
  return [...roles.values()]
}

/** A role that was stored. */
export interface NewMember extends RoleOf {
  readonly groupId: string
}

/** Gives a user a role in a group or organization. For its admins. Throws `not_found`, `forbidden`, `invalid`. */
export async function addMember(
  ctx: Context,
  ref: string,
  { username, role, kind }: { username: string; role: string; kind: GroupKind },
): Promise<NewMember> {
  return ctx.store.write(async (write) => {
    const group = await getGroup(write.db, ref, kind)
    await requireGroupRight(ctx, 'edit', { db: write.db, group })
    await lockGroup(write.db, ctx.store.dialect, group.no)
    const parsed = parseRole(role)
    const found = await findUser(write.db, username)
    if (found?.user.state !== 'active') throw invalid({ username: [noUser(username)], ...(parsed ? {} : { role: [badRole] }) })
    if (!parsed) throw invalid({ role: [badRole] })
    await saveRole(write.db, group.no, { userId: found.user.id, role: parsed })
    write.change('group', group.id, 'updated')
    return { groupId: group.id, userId: found.user.id, role: parsed }
  })
}

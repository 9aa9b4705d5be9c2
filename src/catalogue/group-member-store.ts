import type { Db } from '../store/store.ts'
import type { MemberRole } from './policy.ts'

/** Somebody with a role in a group or organization. */
export interface Member {
  readonly userId: string
  readonly name: string
  readonly fullname: string | null
  readonly role: MemberRole
}

/** A user and the role that the user is to have. */
export interface RoleOf {
  readonly userId: string
  readonly role: MemberRole
}

/** The active users with a role in a group, by name. */
export async function listMembers(db: Db, groupNo: number): Promise<Member[]> {
  const rows = await db
    .selectFrom('group_role')
    .innerJoin('user_account', 'user_account.id', 'group_role.user_id')
    .select(['group_role.user_id', 'group_role.role', 'user_account.name', 'user_account.fullname'])
    .where('group_role.group_no', '=', groupNo)
    .where('user_account.state', '=', 'active')
    .orderBy('user_account.name')
    .execute()
  return rows.map(({ user_id, name, fullname, role }) => ({ userId: user_id, name, fullname, role: toRole(role) }))
}

const toRole = (text: string): MemberRole => (text === 'admin' || text === 'editor' ? text : 'member')

/** Gives a user a role in a group, in place of the one that the user had. */
export async function saveRole(db: Db, groupNo: number, { userId, role }: RoleOf): Promise<void> {
  await db
    .insertInto('group_role')
    .values({ group_no: groupNo, user_id: userId, role })
    .onConflict((oc) => oc.columns(['group_no', 'user_id']).doUpdateSet({ role }))
    .execute()
}

/** Makes these the only roles in a group. */
export async function replaceRoles(db: Db, groupNo: number, roles: readonly RoleOf[]): Promise<void> {
  await db.deleteFrom('group_role').where('group_no', '=', groupNo).execute()
  for (const one of roles) await saveRole(db, groupNo, one)
}

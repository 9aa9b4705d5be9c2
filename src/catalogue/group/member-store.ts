import { sql } from 'kysely'
import type { Db, Store } from '../../store/store.ts'
import type { MemberRole } from '../policy.ts'
import { collect } from './store.ts'

/** A user with a role in a group or organization. */
export interface Member {
  readonly userId: string
  readonly name: string
  readonly fullname: string | null
  readonly role: MemberRole
}

/** A user and the wanted role. */
export interface RoleOf {
  readonly userId: string
  readonly role: MemberRole
}

/** The active users with a role in each of several groups, by name, keyed by group number. */
export async function listMembersOf({ db, dialect }: Pick<Store, 'db' | 'dialect'>, groupNos: readonly number[]): Promise<Map<number, Member[]>> {
  const rows = await db
    .selectFrom('group_role')
    .innerJoin('user_account', 'user_account.id', 'group_role.user_id')
    .select(['group_role.group_no', 'group_role.user_id', 'group_role.role', 'user_account.name', 'user_account.fullname'])
    .where(sql<boolean>`group_role.group_no ${dialect.among(dialect.numbers(groupNos))}`)
    .where('user_account.state', '=', 'active')
    .orderBy('user_account.name')
    .execute()
  return collect(rows, ({ user_id, name, fullname, role }) => ({ userId: user_id, name, fullname, role: toRole(role) }))
}

/** The active users with a role in a group, by name. */
export async function listMembers(store: Pick<Store, 'db' | 'dialect'>, groupNo: number): Promise<Member[]> {
  return (await listMembersOf(store, [groupNo])).get(groupNo) ?? []
}

/** The role that a stored text names. */
export const toRole = (text: string): MemberRole => (text === 'admin' || text === 'editor' ? text : 'member')

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

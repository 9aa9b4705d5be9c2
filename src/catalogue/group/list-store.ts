import { sql } from 'kysely'
import type { Db, Store } from '../../store/store.ts'
import type { KeptDataset, Page } from '../dataset/store.ts'
import { toKept } from '../dataset/store.ts'
import type { MemberRole } from '../policy.ts'
import type { Group } from './group.ts'
import { toRole } from './member-store.ts'
import { toGroup } from './store.ts'

/** A group and how many listed datasets are in it. */
export interface CountedGroup {
  readonly group: Group
  readonly count: number
}

export interface GroupQuery extends Page {
  readonly isOrganization: boolean
  readonly order: 'name' | 'title' | 'count'
  readonly isDescending: boolean
  /** Only those of these names. */
  readonly names?: readonly string[] | undefined
}

const counts = {
  group: sql<number>`(select count(*) from membership as link join dataset on dataset.no = link.dataset_no
    where link.group_no = groups.no and link.state = 'active' and dataset.listed = 1)`,
  organization: sql<number>`(select count(*) from dataset where dataset.owner_org_no = groups.no and dataset.listed = 1)`,
}

const title = sql`case when groups.title = '' then groups.name else groups.title end`

/** Active groups with their numbers of datasets. */
export async function listGroupsCounted(
  { db, dialect }: Pick<Store, 'db' | 'dialect'>,
  { isOrganization, order, isDescending, limit, offset, names }: GroupQuery,
): Promise<CountedGroup[]> {
  const count = counts[isOrganization ? 'organization' : 'group']
  const term = { name: sql`groups.name`, title, count }[order]
  let query = db
    .selectFrom('catalogue_group as groups')
    .selectAll('groups')
    .select(count.as('count'))
    .where('groups.state', '=', 'active')
    .where('groups.is_organization', '=', isOrganization ? 1 : 0)
  if (names) query = query.where('groups.name', 'in', dialect.list(names))
  const rows = await query
    .orderBy(isDescending ? sql`${term} desc` : term)
    .orderBy('groups.name')
    .limit(limit ?? Number.MAX_SAFE_INTEGER)
    .offset(offset ?? 0)
    .execute()
  return rows.map(({ count: datasets, ...row }) => ({ group: toGroup(row), count: datasets }))
}

/** An organization, its number of datasets, and the role in it that was asked for. */
export interface OwnOrganization extends CountedGroup {
  readonly role: MemberRole
}

/** Active organizations in which a user has one of these roles, by name. */
export async function listOrganizationsOf(
  db: Db,
  { userId, roles }: { readonly userId: string; readonly roles: readonly MemberRole[] },
): Promise<OwnOrganization[]> {
  const rows = await db
    .selectFrom('catalogue_group as groups')
    .innerJoin('group_role', 'group_role.group_no', 'groups.no')
    .selectAll('groups')
    .select([counts.organization.as('count'), 'group_role.role'])
    .where('groups.state', '=', 'active')
    .where('groups.is_organization', '=', 1)
    .where('group_role.user_id', '=', userId)
    .where('group_role.role', 'in', [...roles])
    .orderBy('groups.name')
    .execute()
  return rows.map(({ count, role, ...row }) => ({ group: toGroup(row), count, role: toRole(role) }))
}

/** The listed datasets that an organization owns, by name. */
export async function listDatasetsOfOrganization(db: Db, groupNo: number): Promise<KeptDataset[]> {
  const rows = await db.selectFrom('dataset').selectAll().where('owner_org_no', '=', groupNo).where('listed', '=', 1).orderBy('name').execute()
  return rows.map((row) => toKept(row, row.document))
}

/** Names of active groups, ascending. */
export async function listGroupNames(db: Db, isOrganization: boolean): Promise<string[]> {
  const rows = await db
    .selectFrom('catalogue_group')
    .select('name')
    .where('state', '=', 'active')
    .where('is_organization', '=', isOrganization ? 1 : 0)
    .orderBy('name')
    .execute()
  return rows.map((row) => row.name)
}

/** Active groups that a user is admin of, or all of them, by name; without those that a dataset is in. */
export async function listGroupsOf(db: Db, { userId, withoutDatasetNo }: { userId: string | undefined; withoutDatasetNo: number }): Promise<Group[]> {
  let query = db.selectFrom('catalogue_group as groups').selectAll().where('state', '=', 'active').where('is_organization', '=', 0)
  if (userId !== undefined) {
    query = query.where((eb) =>
      eb.or([
        eb('groups.creator_id', '=', userId),
        eb('groups.no', 'in', eb.selectFrom('group_role').select('group_no').where('user_id', '=', userId).where('role', '=', 'admin')),
      ]),
    )
  }
  const rows = await query
    .where((eb) =>
      eb(
        'groups.no',
        'not in',
        eb.selectFrom('membership').select('group_no').where('dataset_no', '=', withoutDatasetNo).where('state', '=', 'active'),
      ),
    )
    .orderBy('name')
    .execute()
  return rows.map(toGroup)
}

/** The listed datasets in a group, by name. */
export async function listDatasetsInGroup(db: Db, groupNo: number): Promise<KeptDataset[]> {
  const rows = await db
    .selectFrom('membership as link')
    .innerJoin('dataset', 'dataset.no', 'link.dataset_no')
    .selectAll('dataset')
    .where('link.group_no', '=', groupNo)
    .where('link.state', '=', 'active')
    .where('dataset.listed', '=', 1)
    .orderBy('dataset.name')
    .execute()
  return rows.map((row) => toKept(row, row.document))
}

import { type Selectable, sql } from 'kysely'
import { perDialect, statement } from '../../store/statement.ts'
import type { Db, Store } from '../../store/store.ts'
import type { Schema } from '../../store/tables/schema.ts'
import { isUuid } from '../field-reader.ts'
import type { MemberRole } from '../policy.ts'
import type { Group } from './group.ts'

export const toGroup = (row: Selectable<Schema['catalogue_group']>): Group => ({
  no: row.no,
  id: row.id,
  name: row.name,
  title: row.title,
  description: row.description,
  imageUrl: row.image_url,
  isOrganization: row.is_organization === 1,
  type: row.type,
  approvalStatus: row.approval_status,
  state: row.state === 'active' || row.state === 'pending' ? row.state : 'deleted',
  creatorId: row.creator_id,
  createdAt: row.created_at,
  stamp: { id: row.revision_id, at: row.revision_at },
})

const rowsById = statement((db, p: { ref: string }) => db.selectFrom('catalogue_group').selectAll().where('id', '=', p.ref))
const rowsByName = statement((db, p: { ref: string }) => db.selectFrom('catalogue_group').selectAll().where('name', '=', p.ref))
const rowsByNo = statement((db, p: { no: number }) => db.selectFrom('catalogue_group').selectAll().where('no', '=', p.no))

/** A group or organization by id or name (an id is tried first), deleted ones included. */
export async function findGroup(db: Db, ref: string): Promise<Group | undefined> {
  const rows = isUuid(ref) ? await rowsById(db, { ref }) : []
  const row = rows[0] ?? (await rowsByName(db, { ref }))[0]
  return row && toGroup(row)
}

export async function findGroupByNo(db: Db, no: number): Promise<Group | undefined> {
  const [row] = await rowsByNo(db, { no })
  return row && toGroup(row)
}

const memberships = perDialect((dialect) =>
  statement((db, p: { datasetNos: readonly number[] }) =>
    db
      .selectFrom('membership as link')
      .innerJoin('catalogue_group as groups', 'groups.no', 'link.group_no')
      .selectAll('groups')
      .select('link.dataset_no')
      .where(sql<boolean>`link.dataset_no ${dialect.among(dialect.numbers(p.datasetNos))}`)
      .where('link.state', '!=', 'deleted')
      .where('groups.state', '=', 'active')
      .orderBy('groups.name'),
  ),
)

/** Rows of several groups, in their order, by the number of their group. */
export function collect<R extends { group_no: number }, T>(rows: readonly R[], toPart: (row: R) => T): Map<number, T[]> {
  const byGroup = new Map<number, T[]>()
  for (const row of rows) {
    const known = byGroup.get(row.group_no)
    if (known) known.push(toPart(row))
    else byGroup.set(row.group_no, [toPart(row)])
  }
  return byGroup
}

/** The active groups of several datasets, by name, keyed by dataset number. */
export async function findGroupsOf(store: { db: Db; dialect: Store['dialect'] }, datasetNos: readonly number[]): Promise<Map<number, Group[]>> {
  const byDataset = new Map<number, Group[]>()
  if (datasetNos.length === 0) return byDataset
  const rows = await memberships(store.dialect)(store.db, { datasetNos })
  for (const { dataset_no, ...row } of rows) byDataset.set(dataset_no, [...(byDataset.get(dataset_no) ?? []), toGroup(row)])
  return byDataset
}

const roles = statement((db, p: { groupNo: number; userId: string }) =>
  db.selectFrom('group_role').select('role').where('group_no', '=', p.groupNo).where('user_id', '=', p.userId),
)

/** The role of a user in a group or organization. */
export async function findRole(db: Db, groupNo: number, userId: string): Promise<MemberRole | undefined> {
  const [row] = await roles(db, { groupNo, userId })
  return row?.role === 'admin' || row?.role === 'editor' || row?.role === 'member' ? row.role : undefined
}

/** Titles of groups and organizations by name. */
export async function findGroupTitles(store: { db: Db; dialect: Store['dialect'] }, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await store.db.selectFrom('catalogue_group').select(['name', 'title']).where('name', 'in', store.dialect.list(names)).execute()
  return new Map(rows.map((row) => [row.name, row.title]))
}

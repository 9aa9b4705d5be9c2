import { type Selectable, sql } from 'kysely'
import { TryAgain } from '../../store/database-error.ts'
import { batches } from '../../store/statement.ts'
import type { Db, Store } from '../../store/store.ts'
import type { Schema } from '../../store/tables/schema.ts'
import type { Extra } from '../dataset/dataset.ts'
import { foldedPrefix } from '../search/tokenizer.ts'
import { toPartState } from '../visibility-store.ts'
import type { Group } from './group.ts'
import { collect, toGroup } from './store.ts'

/** Locks the row of a group until the write ends. If the group was purged since it was found, the write runs again. */
export async function lockGroup(db: Db, dialect: Store['dialect'], no: number): Promise<Group> {
  const row = await db.selectFrom('catalogue_group').selectAll().where('no', '=', no).modifyEnd(dialect.forUpdate).executeTakeFirst()
  if (!row) throw new TryAgain('the group was removed meanwhile')
  return toGroup(row)
}

const groupRow = (group: Group) => ({
  id: group.id,
  name: group.name,
  title: group.title,
  title_folded: foldedPrefix(group.title),
  description: group.description,
  image_url: group.imageUrl,
  is_organization: group.isOrganization ? 1 : 0,
  type: group.type,
  approval_status: group.approvalStatus,
  creator_id: group.creatorId,
  created_at: group.createdAt,
  state: group.state,
  revision_id: group.stamp.id,
  revision_at: group.stamp.at,
})

/** Stores a group (`no` 0: a new one) and returns its number. */
export async function saveGroup(db: Db, group: Group): Promise<number> {
  if (group.no === 0) {
    const { no } = await db.insertInto('catalogue_group').values(groupRow(group)).returning('no').executeTakeFirstOrThrow()
    return no
  }
  await db.updateTable('catalogue_group').set(groupRow(group)).where('no', '=', group.no).execute()
  return group.no
}

const toExtra = (row: Selectable<Schema['group_extra']>): Extra => ({
  id: row.id,
  key: row.key,
  value: row.value,
  state: toPartState(row.state),
  stamp: { id: row.revision_id, at: row.revision_at },
})

/** All extras of a group, deleted ones included, by key. */
export async function findGroupExtras(db: Db, groupNo: number): Promise<Extra[]> {
  const rows = await db.selectFrom('group_extra').selectAll().where('group_no', '=', groupNo).orderBy('key').execute()
  return rows.map(toExtra)
}

/** The active extras of several groups, by key, keyed by group number. */
export async function listGroupExtras({ db, dialect }: Pick<Store, 'db' | 'dialect'>, groupNos: readonly number[]): Promise<Map<number, Extra[]>> {
  const rows = await db
    .selectFrom('group_extra')
    .selectAll()
    .where(sql<boolean>`group_no ${dialect.among(dialect.numbers(groupNos))}`)
    .where('state', '=', 'active')
    .orderBy('key')
    .execute()
  return collect(rows, toExtra)
}

export async function saveGroupExtras(
  db: Db,
  groupNo: number,
  { extras, known }: { extras: readonly Extra[]; known: ReadonlySet<string> },
): Promise<void> {
  const rows = extras.map(({ id, key, value, state, stamp }) => ({
    id,
    group_no: groupNo,
    key,
    value,
    state,
    revision_id: stamp.id,
    revision_at: stamp.at,
  }))
  for (const batch of batches(rows.filter((row) => !known.has(row.id)))) await db.insertInto('group_extra').values(batch).execute()
  for (const { id, ...values } of rows.filter((row) => known.has(row.id)))
    await db.updateTable('group_extra').set(values).where('id', '=', id).execute()
}

/** Numbers of the datasets in a group, ascending. */
export async function findMemberNos(db: Db, groupNo: number): Promise<number[]> {
  const rows = await db
    .selectFrom('membership')
    .select('dataset_no')
    .where('group_no', '=', groupNo)
    .where('state', '!=', 'deleted')
    .orderBy('dataset_no')
    .execute()
  return rows.map((row) => row.dataset_no)
}

export async function isGroupIdTaken(db: Db, id: string): Promise<boolean> {
  return (await db.selectFrom('catalogue_group').select('no').where('id', '=', id).executeTakeFirst()) !== undefined
}

export async function isGroupNameTaken(db: Db, name: string): Promise<boolean> {
  return (await db.selectFrom('catalogue_group').select('no').where('name', '=', name).executeTakeFirst()) !== undefined
}

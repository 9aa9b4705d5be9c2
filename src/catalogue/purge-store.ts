import { sql } from 'kysely'
import type { Db } from '../store/store.ts'

/** Removes a dataset's row and all rows that refer to it, and its name from the messages of revisions. The search store removes its own entry. */
export async function removeDataset(db: Db, no: number): Promise<void> {
  await db
    .deleteFrom('relationship')
    .where((eb) => eb.or([eb('subject_no', '=', no), eb('object_no', '=', no)]))
    .execute()
  for (const table of ['rating', 'membership', 'dataset_extra', 'dataset_tag', 'resource', 'dataset_folded'] as const) {
    await sql`delete from ${sql.table(table)} where dataset_no = ${no}`.execute(db)
  }
  await db
    .updateTable('revision')
    .set({ message: '' })
    .where('no', 'in', (eb) => eb.selectFrom('version').select('revision_no').where('kind', '=', 'dataset').where('entity_no', '=', no))
    .execute()
  await db.deleteFrom('version').where('kind', '=', 'dataset').where('entity_no', '=', no).execute()
  await db.deleteFrom('dataset').where('no', '=', no).execute()
}

/** Numbers of the datasets that a dataset has, or had, a relationship with. */
export async function findRelatedNos(db: Db, no: number): Promise<number[]> {
  const { rows } = await sql<{ no: number }>`select object_no as no from relationship where subject_no = ${no}
    union select subject_no from relationship where object_no = ${no} order by no`.execute(db)
  return rows.map((row) => row.no)
}

/** Removes a group's row and all rows that refer to it. Its datasets must have been removed from it before. */
export async function removeGroup(db: Db, no: number): Promise<void> {
  for (const table of ['membership', 'group_extra', 'group_role'] as const) {
    await sql`delete from ${sql.table(table)} where group_no = ${no}`.execute(db)
  }
  await db.deleteFrom('version').where('kind', '=', 'group').where('entity_no', '=', no).execute()
  await db.deleteFrom('catalogue_group').where('no', '=', no).execute()
}

/** The datasets that an organization owns, ascending, and whether they are deleted. */
export async function findOwned(db: Db, organizationNo: number): Promise<{ no: number; isDeleted: boolean }[]> {
  const rows = await db.selectFrom('dataset').select(['no', 'state']).where('owner_org_no', '=', organizationNo).orderBy('no').execute()
  return rows.map(({ no, state }) => ({ no, isDeleted: state === 'deleted' }))
}

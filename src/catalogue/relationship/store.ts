import type { Selectable } from 'kysely'
import { statement } from '../../store/statement.ts'
import type { Db } from '../../store/store.ts'
import type { Schema } from '../../store/tables/schema.ts'
import type { DatasetRelationship } from '../dataset/dataset.ts'
import type { Stamp } from '../revision/revision.ts'
import type { DatasetVisibility } from '../visibility.ts'
import { findVisibilityByNo } from '../visibility-store.ts'

const rowsOfDataset = statement((db, p: { no: number }) =>
  db
    .selectFrom('relationship as link')
    .innerJoin('dataset as subject', 'subject.no', 'link.subject_no')
    .innerJoin('dataset as object', 'object.no', 'link.object_no')
    .select(['link.id', 'link.type', 'link.comment', 'link.state', 'link.revision_id', 'link.revision_at'])
    .select(['subject.id as subject_id', 'object.id as object_id'])
    .where((eb) => eb.or([eb('link.subject_no', '=', p.no), eb('link.object_no', '=', p.no)]))
    .orderBy('link.type')
    .orderBy('link.id'),
)

/** The relationships of a dataset, from either side, deleted ones included. */
export async function findRelationships(db: Db, datasetNo: number): Promise<DatasetRelationship[]> {
  const rows = await rowsOfDataset(db, { no: datasetNo })
  return rows.map((row) => ({
    id: row.id,
    subjectId: row.subject_id,
    objectId: row.object_id,
    type: row.type,
    comment: row.comment,
    state: row.state,
    stamp: { id: row.revision_id, at: row.revision_at },
  }))
}

type RelationshipRow = Selectable<Schema['relationship']>

/** A relationship by its two ends and its forward type, deleted or not. */
export async function findRelationship(
  db: Db,
  { subjectNo, objectNo, type }: { subjectNo: number; objectNo: number; type: string },
): Promise<RelationshipRow | undefined> {
  return db
    .selectFrom('relationship')
    .selectAll()
    .where('subject_no', '=', subjectNo)
    .where('object_no', '=', objectNo)
    .where('type', '=', type)
    .executeTakeFirst()
}

/** A relationship as it is to be stored. */
export interface RelationshipToSave {
  readonly id: string
  readonly subjectNo: number
  readonly objectNo: number
  readonly type: string
  readonly comment: string
  readonly state: string
  readonly stamp: Stamp
  readonly isNew: boolean
}

export async function saveRelationship(db: Db, { id, subjectNo, objectNo, type, comment, state, stamp, isNew }: RelationshipToSave): Promise<void> {
  const values = { comment, state, revision_id: stamp.id, revision_at: stamp.at }
  if (isNew) {
    await db
      .insertInto('relationship')
      .values({ id, subject_no: subjectNo, object_no: objectNo, type, ...values })
      .execute()
  } else await db.updateTable('relationship').set(values).where('id', '=', id).execute()
}

/** The active relationships of a dataset, or of two, with their ends; by type and age. */
export async function listRelationshipsBetween(
  db: Db,
  datasetNo: number,
  otherNo: number | undefined,
): Promise<{ row: RelationshipRow; subject: DatasetVisibility; object: DatasetVisibility }[]> {
  let query = db
    .selectFrom('relationship')
    .selectAll()
    .where('state', '=', 'active')
    .where((eb) => eb.or([eb('subject_no', '=', datasetNo), eb('object_no', '=', datasetNo)]))
  if (otherNo !== undefined) query = query.where((eb) => eb.or([eb('subject_no', '=', otherNo), eb('object_no', '=', otherNo)]))
  const rows = await query.orderBy('type').orderBy('id').execute()
  const found = []
  for (const row of rows)
    found.push({ row, subject: await findVisibilityByNo(db, row.subject_no), object: await findVisibilityByNo(db, row.object_no) })
  return found
}

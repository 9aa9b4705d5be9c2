import type { Db } from '../store/store.ts'
import type { DatasetRelationship } from './dataset.ts'

/** The relationships of a dataset, from either side, deleted ones included. */
export async function findRelationships(db: Db, datasetNo: number): Promise<DatasetRelationship[]> {
  const rows = await db
    .selectFrom('relationship as link')
    .innerJoin('dataset as subject', 'subject.no', 'link.subject_no')
    .innerJoin('dataset as object', 'object.no', 'link.object_no')
    .select(['link.id', 'link.type', 'link.comment', 'link.state', 'link.revision_id', 'link.revision_at'])
    .select(['subject.id as subject_id', 'object.id as object_id'])
    .where((eb) => eb.or([eb('link.subject_no', '=', datasetNo), eb('link.object_no', '=', datasetNo)]))
    .orderBy('link.type')
    .orderBy('link.id')
    .execute()
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

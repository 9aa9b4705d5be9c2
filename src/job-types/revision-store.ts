import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import { nextNumber } from '../store/counter.ts'
import type { Db } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'
import type { JobTypeDetails, JobTypeRevision, JobTypeRevisionDetails, Slice } from './job-type.ts'
import { parseStored } from './store.ts'

const briefColumns = ['id', 'no', 'revision_num', 'docker_image', 'created_at'] as const

const toRevision = (row: Pick<Selectable<Schema['job_type_revision']>, (typeof briefColumns)[number]>): JobTypeRevision => ({
  id: row.id,
  no: row.no,
  revisionNum: row.revision_num,
  dockerImage: row.docker_image,
  createdAt: row.created_at,
})

/** A revision that is to be kept; `manifest` is JSON. */
export interface NewRevision {
  readonly typeId: string
  readonly revisionNum: number
  readonly dockerImage: string
  readonly manifest: string
  readonly createdAt: number
}

export async function insertRevision(db: Db, revision: NewRevision): Promise<void> {
  const no = await nextNumber(db, 'job_type_revision')
  const { typeId, revisionNum, dockerImage, manifest, createdAt } = revision
  await db
    .insertInto('job_type_revision')
    .values({ id: randomUUID(), no, type_id: typeId, revision_num: revisionNum, docker_image: dockerImage, manifest, created_at: createdAt })
    .execute()
}

/** Newest first. */
export async function listRevisionRows(db: Db, typeId: string, { offset, limit }: Slice): Promise<JobTypeRevision[]> {
  const rows = await db
    .selectFrom('job_type_revision')
    .select(briefColumns)
    .where('type_id', '=', typeId)
    .orderBy('revision_num', 'desc')
    .limit(limit)
    .offset(offset)
    .execute()
  return rows.map(toRevision)
}

export async function findRevision(db: Db, typeId: string, revisionNum: number): Promise<JobTypeRevisionDetails | undefined> {
  const row = await db
    .selectFrom('job_type_revision')
    .selectAll()
    .where('type_id', '=', typeId)
    .where('revision_num', '=', revisionNum)
    .executeTakeFirst()
  return row && { ...toRevision(row), manifest: parseStored<JobTypeDetails['manifest']>(row.manifest) }
}

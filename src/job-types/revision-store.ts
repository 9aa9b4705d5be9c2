import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import { nextNumber } from '../store/counter.ts'
import type { Db } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'
import type { JobType, JobTypeDetails, JobTypeRevision, JobTypeRevisionDetails, Slice } from './job-type.ts'
import type { SeedManifest } from './manifest/schema.ts'
import { findDetails, parseStored } from './store.ts'

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
  const row = await findRow(db, typeId, revisionNum)
  return row && { ...toRevision(row), manifest: parseStored<JobTypeDetails['manifest']>(row.manifest) }
}

const findRow = (db: Db, typeId: string, revisionNum: number) =>
  db.selectFrom('job_type_revision').selectAll().where('type_id', '=', typeId).where('revision_num', '=', revisionNum).executeTakeFirst()

/** Which revision is meant. Without a version the highest active one, without a number the newest revision. */
export interface RevisionRef {
  readonly name: string
  readonly version?: string | undefined
  readonly revisionNum?: number | undefined
}

/** A revision with the version that it belongs to. */
export interface TypeRevision {
  readonly jobType: JobTypeDetails
  readonly revision: JobTypeRevision & { readonly manifest: SeedManifest }
}

/** A revision of what a user has registered. The newest one has the image that the version has now: an image can be changed without a new revision. */
export async function findTypeRevision(db: Db, { name, version: wanted, revisionNum }: RevisionRef): Promise<TypeRevision | undefined> {
  const version = wanted ?? (await findHighestActive(db, name))
  const jobType = version === undefined ? undefined : await findDetails(db, { name, version })
  if (!jobType || jobType.isSystem) return undefined
  const row = await findRow(db, jobType.id, revisionNum ?? jobType.revisionNum)
  if (!row) return undefined
  const dockerImage = row.revision_num === jobType.revisionNum ? jobType.dockerImage : row.docker_image
  return { jobType, revision: { ...toRevision(row), dockerImage, manifest: parseStored<SeedManifest>(row.manifest) } }
}

async function findHighestActive(db: Db, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('job_type')
    .select('version')
    .where('name', '=', name)
    .where('is_active', '=', 1)
    .orderBy('version_key', 'desc')
    .orderBy('no', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.version
}

/** Every version that users have registered. */
export async function listRegistered(db: Db): Promise<Pick<JobType, 'name' | 'version' | 'isSystem' | 'dockerImage'>[]> {
  const rows = await db.selectFrom('job_type').select(['name', 'version', 'docker_image']).where('is_system', '=', 0).execute()
  return rows.map(({ name, version, docker_image: dockerImage }) => ({ name, version, isSystem: false, dockerImage }))
}

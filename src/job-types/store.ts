import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Dialect } from '../store/dialect.ts'
import type { Db } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'
import type { JobConfiguration } from './configuration.ts'
import type { JobKind, JobType, JobTypeDetails, JobTypeRef } from './job-type.ts'
import { versionKey } from './version.ts'

type Row = Selectable<Schema['job_type']>
type BodyColumns = 'manifest' | 'configuration'
/** Columns that are derived from others, so callers cannot set them. */
type KeyColumns = 'version_key' | 'name_key' | 'title_key' | 'description_key' | 'icon_key' | 'image_key'

/** The columns of `JobType`: all except the large ones and the keys. */
export const briefColumns = [
  'id',
  'no',
  'name',
  'version',
  'title',
  'description',
  'icon_code',
  'docker_image',
  'kind',
  'mode',
  'is_system',
  'is_published',
  'is_active',
  'is_paused',
  'deprecated_at',
  'paused_at',
  'priority',
  'max_scheduled',
  'max_tries',
  'unmet_resources',
  'revision_num',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof Row)[]

export type BriefRow = Omit<Row, BodyColumns | KeyColumns>

export const toJobType = (row: BriefRow): JobType => ({
  id: row.id,
  no: row.no,
  name: row.name,
  version: row.version,
  title: row.title,
  description: row.description,
  iconCode: row.icon_code,
  dockerImage: row.docker_image,
  kind: row.kind as JobKind,
  mode: row.mode === 'sync' ? 'sync' : 'async',
  isSystem: row.is_system === 1,
  isPublished: row.is_published === 1,
  isActive: row.is_active === 1,
  isPaused: row.is_paused === 1,
  deprecatedAt: row.deprecated_at,
  pausedAt: row.paused_at,
  priority: row.priority,
  maxScheduled: row.max_scheduled,
  maxTries: row.max_tries,
  unmetResources: row.unmet_resources,
  revisionNum: row.revision_num,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const toDetails = (row: BriefRow & Pick<Row, BodyColumns>): JobTypeDetails => ({
  ...toJobType(row),
  manifest: parseStored<JobTypeDetails['manifest']>(row.manifest),
  configuration: parseStored<JobConfiguration>(row.configuration),
})

/** Column values were checked before they were written. */
export function parseStored<T>(json: string): T {
  return JSON.parse(json) as T
}

const maxKeyChars = 200

/** The form in which texts are compared and searched: case-folded, with compatible characters unified. */
const fold = (text: string): string => text.normalize('NFKC').toLowerCase()

const sortKey = (text: string | null) => fold((text ?? '').slice(0, maxKeyChars))

/** The derived columns of the given columns. */
function keysOf(values: Updateable<Schema['job_type']>): Updateable<Schema['job_type']> {
  const { title, description, icon_code, docker_image } = values
  return {
    ...(title !== undefined && { title_key: sortKey(title) }),
    ...(description !== undefined && { description_key: sortKey(description) }),
    ...(icon_code !== undefined && { icon_key: sortKey(icon_code) }),
    ...(docker_image !== undefined && { image_key: sortKey(docker_image) }),
  }
}

export async function insertJobType(db: Db, values: Omit<Insertable<Schema['job_type']>, KeyColumns>): Promise<void> {
  const { name, version, title, description, icon_code, docker_image } = values
  const keys = {
    version_key: versionKey(version),
    name_key: sortKey(name),
    title_key: sortKey(title),
    description_key: sortKey(description),
    icon_key: sortKey(icon_code ?? null),
    image_key: sortKey(docker_image),
  }
  await db
    .insertInto('job_type')
    .values({ ...values, ...keys })
    .execute()
}

export async function updateJobType(db: Db, id: string, values: Updateable<Omit<Schema['job_type'], KeyColumns>>): Promise<void> {
  await db
    .updateTable('job_type')
    .set({ ...values, ...keysOf(values) })
    .where('id', '=', id)
    .execute()
}

export async function findJobType(db: Db, { name, version }: JobTypeRef): Promise<JobType | undefined> {
  const row = await db.selectFrom('job_type').select(briefColumns).where('name', '=', name).where('version', '=', version).executeTakeFirst()
  return row && toJobType(row)
}

export async function findDetails(db: Db, { name, version }: JobTypeRef): Promise<JobTypeDetails | undefined> {
  const row = await db.selectFrom('job_type').selectAll().where('name', '=', name).where('version', '=', version).executeTakeFirst()
  return row && toDetails(row)
}

/** The row for a change: locked until the write ends. */
export async function lockDetails(db: Db, dialect: Dialect, { name, version }: JobTypeRef): Promise<JobTypeDetails | undefined> {
  const row = await db
    .selectFrom('job_type')
    .selectAll()
    .where('name', '=', name)
    .where('version', '=', version)
    .modifyEnd(dialect.forUpdate)
    .executeTakeFirst()
  return row && toDetails(row)
}

/** Whether the hub (`system`) or users (`user`) have registered the name; undefined for a free name. */
export async function findNameOwner(db: Db, name: string): Promise<'system' | 'user' | undefined> {
  const row = await db.selectFrom('job_type').select('is_system').where('name', '=', name).limit(1).executeTakeFirst()
  if (!row) return undefined
  return row.is_system === 1 ? 'system' : 'user'
}

/** Replaces the folded tags of a job type by those of a manifest. */
export async function replaceTags(db: Db, typeId: string, tags: readonly string[]): Promise<void> {
  await db.deleteFrom('job_type_tag').where('type_id', '=', typeId).execute()
  for (const key of new Set(tags.map(fold))) await db.insertInto('job_type_tag').values({ type_id: typeId, tag_key: key }).execute()
}

/** Matches a text that holds the keyword anywhere, for `like … escape '\'` over folded columns. */
export const containsPattern = (keyword: string): string => `%${fold(keyword).replace(/[\\%_]/g, '\\$&')}%`

/** A boolean as the columns store it: 1 or 0. */
export const flag = (value: boolean): number => (value ? 1 : 0)

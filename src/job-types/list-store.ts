import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { Dialect } from '../store/dialect.ts'
import type { Db } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'
import type { JobType, Slice } from './job-type.ts'
import type { JobTypeFilter, OrderField, OrderKey } from './list.ts'
import { briefColumns, containsPattern, flag, toJobType } from './store.ts'

/** The column that each field is ordered by; texts by their case-folded form, versions by precedence. */
const orderColumns = {
  id: 'no',
  name: 'name_key',
  version: 'version_key',
  title: 'title_key',
  description: 'description_key',
  iconCode: 'icon_key',
  isPublished: 'is_published',
  isActive: 'is_active',
  isPaused: 'is_paused',
  isSystem: 'is_system',
  maxScheduled: 'max_scheduled',
  maxTries: 'max_tries',
  revisionNum: 'revision_num',
  dockerImage: 'image_key',
  createdAt: 'created_at',
  deprecatedAt: 'deprecated_at',
  pausedAt: 'paused_at',
  updatedAt: 'updated_at',
} as const satisfies Record<OrderField, keyof Schema['job_type']>

const nothing = sql<boolean>`1 = 0`
/** Names and tags are shorter than this, also when folded. A longer keyword matches none of them, and is too long a pattern for SQLite. */
const maxPatternChars = 2000

type Types<O> = SelectQueryBuilder<Schema & { t: Schema['job_type'] }, 't', O>

function narrow<O>(query: Types<O>, dialect: Dialect, filter: JobTypeFilter): Types<O> {
  const { name, keywords, nos, isActive, isSystem } = filter
  let narrowed = query
  if (name !== undefined) narrowed = narrowed.where('t.name', '=', name)
  if (isActive !== undefined) narrowed = narrowed.where('t.is_active', '=', flag(isActive))
  if (isSystem !== undefined) narrowed = narrowed.where('t.is_system', '=', flag(isSystem))
  if (nos) narrowed = narrowed.where(nos.length > 0 ? sql<boolean>`t.no in ${dialect.numbers(nos)}` : nothing)
  if (keywords) narrowed = narrowed.where(holdsKeyword(dialect, keywords))
  return narrowed
}

function holdsKeyword(dialect: Dialect, keywords: readonly string[]): RawBuilder<boolean> {
  const storable = keywords.filter((keyword) => !keyword.includes('\0') && keyword.isWellFormed())
  const patterns = storable.map(containsPattern).filter((pattern) => pattern.length <= maxPatternChars)
  if (patterns.length === 0) return nothing
  return sql<boolean>`exists (
    select 1 from ${dialect.list(patterns)} as k
    where t.name_key like k.value escape '\\'
    or exists (select 1 from job_type_tag as g where g.type_id = t.id and g.tag_key like k.value escape '\\')
  )`
}

function ordered<O>(query: Types<O>, keys: readonly OrderKey[]): Types<O> {
  const seen = new Set<OrderField>()
  return keys.reduce((sorted, { field, descending }) => {
    if (seen.has(field)) return sorted
    seen.add(field)
    return sorted.orderBy(sql.ref(`t.${orderColumns[field]}`), (by) => (descending ? by.desc() : by.asc()).nullsLast())
  }, query)
}

interface ListRequest {
  readonly filter: JobTypeFilter
  readonly keys: readonly OrderKey[]
  readonly slice: Slice
}

const types = (db: Db) => db.selectFrom('job_type as t')
const columns = briefColumns.map((column) => `t.${column}` as const)

export async function countTypes(db: Db, dialect: Dialect, filter: JobTypeFilter): Promise<number> {
  const counted = types(db).select((eb) => eb.fn.countAll<number>().as('count'))
  return (await narrow(counted, dialect, filter).executeTakeFirstOrThrow()).count
}

export async function listTypes(db: Db, dialect: Dialect, { filter, keys, slice }: ListRequest): Promise<JobType[]> {
  const found = narrow(types(db).select(columns), dialect, filter)
  const rows = await ordered(found, keys).limit(slice.limit).offset(slice.offset).execute()
  return rows.map(toJobType)
}

/** Of two versions of the same precedence, the later one is higher. */
const isLatest = sql<boolean>`not exists (
  select 1 from job_type as h where h.name = t.name and (h.version_key > t.version_key or (h.version_key = t.version_key and h.no > t.no))
)`

/** Selects the highest version of each name of which at least one version passes the filter. */
function latest<O>(query: Types<O>, db: Db, { dialect, filter }: { dialect: Dialect; filter: JobTypeFilter }): Types<O> {
  const passing = narrow(types(db).select('t.name'), dialect, filter)
  return query.where(isLatest).where('t.name', 'in', passing)
}

export async function countNames(db: Db, dialect: Dialect, filter: JobTypeFilter): Promise<number> {
  const counted = types(db).select((eb) => eb.fn.countAll<number>().as('count'))
  return (await latest(counted, db, { dialect, filter }).executeTakeFirstOrThrow()).count
}

export async function listLatest(db: Db, dialect: Dialect, { filter, keys, slice }: ListRequest): Promise<JobType[]> {
  const found = latest(types(db).select(columns), db, { dialect, filter })
  const rows = await ordered(found, keys).orderBy('t.no').limit(slice.limit).offset(slice.offset).execute()
  return rows.map(toJobType)
}

/** All versions of each of the names, newest first. */
export async function listVersionsOf(db: Db, dialect: Dialect, names: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await types(db)
    .select(['t.name', 't.version'])
    .where(sql<boolean>`t.name in ${dialect.list(names)}`)
    .orderBy('t.version_key', 'desc')
    .orderBy('t.no', 'desc')
    .execute()
  const versions = new Map<string, string[]>()
  for (const { name, version } of rows) {
    const known = versions.get(name)
    if (known) known.push(version)
    else versions.set(name, [version])
  }
  return versions
}

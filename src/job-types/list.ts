import type { Context } from '../context.ts'
import { type JobType, type Page, type PageRequest, readPage } from './job-type.ts'
import { countNames, countTypes, listLatest, listTypes, listVersionsOf } from './list-store.ts'

/** The fields that lists may be ordered by; names are ordered by the fields of their highest version. */
export type OrderField =
  | 'id'
  | 'name'
  | 'version'
  | 'title'
  | 'description'
  | 'iconCode'
  | 'isPublished'
  | 'isActive'
  | 'isPaused'
  | 'isSystem'
  | 'maxScheduled'
  | 'maxTries'
  | 'revisionNum'
  | 'dockerImage'
  | 'createdAt'
  | 'deprecatedAt'
  | 'pausedAt'
  | 'updatedAt'

export interface OrderKey {
  readonly field: OrderField
  readonly descending: boolean
}

/** The filter of a list of job types; an absent field does not filter. */
export interface JobTypeFilter {
  readonly name?: string
  /** Parts of the name or of a tag, in any case; one of them must match. */
  readonly keywords?: readonly string[]
  /** Numbers (`JobType.no`); one of them must match. */
  readonly nos?: readonly number[]
  readonly isActive?: boolean
  readonly isSystem?: boolean
}

/** What to list. Without an order: by name, the newest version of each first. */
export interface JobTypeQuery {
  readonly filter: JobTypeFilter
  readonly order: readonly OrderKey[]
  readonly page: PageRequest
}

const newestFirst: readonly OrderKey[] = [
  { field: 'version', descending: true },
  { field: 'id', descending: true },
]
const byName: OrderKey = { field: 'name', descending: false }
const byVersion: OrderKey = { field: 'version', descending: false }
const byNumber: OrderKey = { field: 'id', descending: false }

/** Versions of job types, one entry each. */
export async function listJobTypes(ctx: Pick<Context, 'store'>, { filter, order, page }: JobTypeQuery): Promise<Page<JobType>> {
  const keys = order.length > 0 ? [...order, byName, byVersion, byNumber] : [byName, ...newestFirst]
  return ctx.store.read(async (db) =>
    readPage(await countTypes(db, ctx.store.dialect, filter), page, (slice) => listTypes(db, ctx.store.dialect, { filter, keys, slice })),
  )
}

/** The highest version of a name, together with all versions of it, newest first. */
export interface JobTypeName {
  readonly latest: JobType
  readonly versions: readonly string[]
}

/** Names of which at least one version passes the filter; their entries show all versions. */
export async function listJobTypeNames(ctx: Pick<Context, 'store'>, { filter, order, page }: JobTypeQuery): Promise<Page<JobTypeName>> {
  const { dialect } = ctx.store
  return ctx.store.read(async (db) => {
    const take = async (slice: { offset: number; limit: number }) => {
      const latest = await listLatest(db, dialect, { filter, keys: [...order, byName], slice })
      const versions = await listVersionsOf(
        db,
        dialect,
        latest.map(({ name }) => name),
      )
      return latest.map((one) => ({ latest: one, versions: versions.get(one.name) ?? [] }))
    }
    return readPage(await countNames(db, dialect, filter), page, take)
  })
}

import { notFound } from '../base/errors.ts'
import type { Context } from '../context.ts'
import type { JobConfiguration } from './configuration.ts'
import type { SeedManifest } from './manifest/schema.ts'
import { findRevision, listRevisionRows } from './revision-store.ts'
import { findDetails, findJobType } from './store.ts'

/**
 * One version of a job type: a function, a pipeline or a registered container. Each has a row in the registry; this type holds the columns that lists show.
 * `jobs/runnable-type.ts` adds what a worker needs to run its jobs. Times are milliseconds since 1970, UTC.
 */
export interface JobType {
  /** UUID. */
  readonly id: string
  /** From 1, never reused. */
  readonly no: number
  readonly name: string
  readonly version: string
  readonly title: string
  readonly description: string
  readonly iconCode: string | null
  readonly dockerImage: string
  readonly kind: JobKind
  /** `sync` if the submitter of a job waits for its result. */
  readonly mode: 'sync' | 'async'
  /** Whether the hub registered it, not a user. */
  readonly isSystem: boolean
  readonly isPublished: boolean
  readonly isActive: boolean
  /** The jobs of a paused type stay in the queue. */
  readonly isPaused: boolean
  readonly deprecatedAt: number | null
  readonly pausedAt: number | null
  /** Smaller runs first. */
  readonly priority: number
  /** Jobs of this version that may run at the same time; null: no limit. */
  readonly maxScheduled: number | null
  readonly maxTries: number
  readonly unmetResources: string | null
  readonly revisionNum: number
  readonly createdAt: number
  readonly updatedAt: number
}

/** The kind of program: code of a job module or of the hub, one pipeline of a flow, or a container that a user has registered. */
export type JobKind = 'function' | 'pipeline' | 'container'

export interface JobTypeDetails extends JobType {
  /** Empty for system types. */
  readonly manifest: SeedManifest | Record<string, never>
  /** Without secret settings. */
  readonly configuration: JobConfiguration
}

/** A current or earlier manifest of a version. */
export interface JobTypeRevision {
  readonly id: string
  readonly no: number
  readonly revisionNum: number
  readonly dockerImage: string
  readonly createdAt: number
}

export interface JobTypeRevisionDetails extends JobTypeRevision {
  readonly manifest: JobTypeDetails['manifest']
}

/** How callers name a version of a job type. */
export interface JobTypeRef {
  readonly name: string
  readonly version: string
}

/** The number of a page: from 1, or the last one. */
export interface PageRequest {
  readonly number: number | 'last'
  readonly size: number
}

/** A page of a list. A page after the last one has no items. */
export interface Page<T> {
  /** Number of items in the whole list. */
  readonly count: number
  /** The requested page, from 1. */
  readonly number: number
  readonly items: readonly T[]
}

/** How many items to skip, and how many to take. */
export interface Slice {
  readonly offset: number
  readonly limit: number
}

/** Reads a page of a list of `count` items; `take` reads the slice. */
export async function readPage<T>(count: number, { number, size }: PageRequest, take: (slice: Slice) => Promise<readonly T[]>): Promise<Page<T>> {
  const last = Math.max(1, Math.ceil(count / size))
  const chosen = number === 'last' ? last : number
  const items = chosen > last ? [] : await take({ offset: (chosen - 1) * size, limit: size })
  return { count, number: chosen, items }
}

/** A job type with its manifest and configuration. Throws `not_found`. */
export async function showJobType(ctx: Pick<Context, 'store'>, ref: JobTypeRef): Promise<JobTypeDetails> {
  const found = await findDetails(ctx.store.db, ref)
  if (!found) throw unknown(ref)
  return found
}

/** The revisions of a version, newest first, with the type as it is now. Throws `not_found`. */
export async function listRevisions(
  ctx: Pick<Context, 'store'>,
  ref: JobTypeRef,
  page: PageRequest,
): Promise<{ jobType: JobType; page: Page<JobTypeRevision> }> {
  return ctx.store.read(async (db) => {
    const jobType = await findJobType(db, ref)
    if (!jobType) throw unknown(ref)
    return { jobType, page: await readPage(jobType.revisionNum, page, (slice) => listRevisionRows(db, jobType.id, slice)) }
  })
}

/** One revision, with the type as it is now. Throws `not_found`. */
export async function showRevision(
  ctx: Pick<Context, 'store'>,
  ref: JobTypeRef,
  revisionNum: number,
): Promise<{ jobType: JobType; revision: JobTypeRevisionDetails }> {
  return ctx.store.read(async (db) => {
    const jobType = await findJobType(db, ref)
    const revision = jobType && (await findRevision(db, jobType.id, revisionNum))
    if (!revision) throw unknown(ref)
    return { jobType, revision }
  })
}

/** The type of its jobs: the name alone for a system type, name and version for a registered type. */
export const queueOf = ({ name, version, isSystem }: Pick<JobType, 'name' | 'version' | 'isSystem'>): string =>
  isSystem ? name : `${name}:${version}`

/** The error for a version that does not exist. */
export const unknown = ({ name, version }: JobTypeRef) => notFound('job type', `${name} ${version}`)

import type { Context } from '../../context.ts'
import { type JobType, type Page, type PageRequest, queueOf, readPage } from '../../job-types/job-type.ts'
import { type JobTypeFilter, listJobTypes } from '../../job-types/list.ts'
import { type ErrorRecord, errorOfReason } from '../error-record.ts'
import { countByState, countRunning, countSystemFailures, countWaiting, type OpenFigure, type StateFigure } from './store.ts'

type Ctx = Pick<Context, 'store'>

/** A job type and how many of its jobs are in which state. */
export interface TypeStatus {
  readonly jobType: JobType
  readonly states: readonly StateFigure[]
}

export interface StatusQuery {
  readonly filter: JobTypeFilter
  /** Milliseconds since 1970, UTC; running jobs count at any time. */
  readonly from: number
  readonly to: number
  readonly page: PageRequest
}

/** Every job type, the longest untouched first, with its jobs that came into their state within the time. */
export async function listTypeStatus(ctx: Ctx, { filter, from, to, page }: StatusQuery): Promise<Page<TypeStatus>> {
  const types = await listJobTypes(ctx, { filter, order: [{ field: 'updatedAt', descending: false }], page })
  if (types.items.length === 0) return { ...types, items: [] }
  const queues = [...new Set(types.items.map(queueOf))]
  const figures = Map.groupBy(await countByState(ctx.store.db, ctx.store.dialect, { types: queues, from, to }), ({ type }) => type)
  return { ...types, items: types.items.map((jobType) => ({ jobType, states: figures.get(queueOf(jobType)) ?? [] })) }
}

/** A job type with jobs that wait, or run. */
export type TypeLoad = Omit<OpenFigure, 'type'> & { readonly jobType: JobType }

/** Types of which jobs wait, the longest wait first. */
export const listPending = async (ctx: Ctx, page: PageRequest): Promise<Page<TypeLoad>> =>
  pageOf(await withTypes(ctx, await countWaiting(ctx.store.db)), page)

/** Types of which jobs run, the longest run first. */
export const listRunning = async (ctx: Ctx, page: PageRequest): Promise<Page<TypeLoad>> =>
  pageOf(await withTypes(ctx, await countRunning(ctx.store.db)), page)

/** Jobs of a type that failed by no fault of theirs, by what happened. */
export interface TypeFailures {
  readonly jobType: JobType
  readonly error: ErrorRecord
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Failures of the system, the latest first. */
export async function listSystemFailures(ctx: Ctx, page: PageRequest): Promise<Page<TypeFailures>> {
  const figures = await withTypes(ctx, await countSystemFailures(ctx.store.db, ctx.store.dialect))
  const merged = new Map<string, TypeFailures>()
  for (const { jobType, reason, ...figure } of figures) {
    const error = errorOfReason(reason)
    const key = `${jobType.no} ${error.id}`
    merged.set(key, addUp(merged.get(key), { jobType, error, ...figure }))
  }
  return pageOf(
    [...merged.values()].sort((a, b) => b.lastAt - a.lastAt || a.jobType.no - b.jobType.no || a.error.id - b.error.id),
    page,
  )
}

/** Several reasons may stand for one error. */
const addUp = (before: TypeFailures | undefined, next: TypeFailures): TypeFailures =>
  before === undefined
    ? next
    : {
        ...next,
        count: before.count + next.count,
        firstAt: Math.min(before.firstAt, next.firstAt),
        lastAt: Math.max(before.lastAt, next.lastAt),
      }

/** Figures of jobs whose type is in the registry; of several versions of a system type they count for the newest. */
async function withTypes<T extends { readonly type: string }>(ctx: Ctx, figures: readonly T[]): Promise<(T & { jobType: JobType })[]> {
  if (figures.length === 0) return []
  const all = await listJobTypes(ctx, { filter: {}, order: [{ field: 'id', descending: false }], page: { number: 1, size: Number.MAX_SAFE_INTEGER } })
  const types = new Map(all.items.map((jobType) => [queueOf(jobType), jobType]))
  return figures.flatMap((figure) => {
    const jobType = types.get(figure.type)
    return jobType ? [{ ...figure, jobType }] : []
  })
}

const pageOf = <T>(items: readonly T[], page: PageRequest): Promise<Page<T>> =>
  readPage(items.length, page, async ({ offset, limit }) => items.slice(offset, offset + limit))

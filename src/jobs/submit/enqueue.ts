import type { Write } from '../../store/store.ts'
import type { Body, ClaimedJob, Job } from '../job.ts'
import { insertJob, type NewJob } from '../job-store.ts'
import type { RunnableType } from '../runnable-type.ts'
import type { Place } from './place.ts'

/** A job to be run. Everything but the id has a default. */
export interface NewRequest {
  /** Made by the caller, outside of the write: a write may run twice. */
  readonly id: string
  /** Stored by `storeJson` or `inlineBody`; null: none was given. */
  readonly data?: Body | null
  /** JSON text. */
  readonly metadata?: string | null
  readonly resultUrl?: string | null
  readonly keySealed?: string | null
  readonly apiKeySealed?: string | null
  readonly userId?: string | null
  /** Whose slots it takes; by default those of the user, or of the hub itself. */
  readonly caller?: string
  /** What the job works for; hooks get it. */
  readonly subject?: string | null
  /** While a job of the type with this key is open, no other one is made. */
  readonly dedupeKey?: string | null
  readonly priority?: number
  /** Milliseconds to wait before it may run. */
  readonly delayMs?: number
  /** The slot that is kept for it. */
  readonly place?: Place | undefined
}

/** A job as it was stored. */
export interface Enqueued {
  readonly job: Job
  /** What the place may start; undefined: the job waits in the queue. */
  readonly claimed: ClaimedJob | undefined
}

/**
 * Puts a job into the queue as part of a write: it exists if the write commits, and workers are woken then. With a place it is claimed
 * for that instead, unless its type is paused or limited by now.
 * Returns undefined when the dedupe key found an open job. Throws `DuplicateKey` on `job.id` when the id is taken.
 */
export async function enqueueJob(write: Write, type: RunnableType, request: NewRequest): Promise<Enqueued | undefined> {
  const { place } = request
  const job: NewJob = {
    id: request.id,
    type: type.name,
    revisionNum: type.revisionNum,
    kind: type.kind,
    pool: type.pool,
    priority: request.priority ?? type.priority,
    delayMs: request.delayMs ?? 0,
    maxAttempts: type.retry.maxAttempts,
    timeoutMs: type.timeoutMs,
    dedupeKey: request.dedupeKey ?? null,
    subject: request.subject ?? null,
    userId: request.userId ?? null,
    caller: request.caller ?? request.userId ?? '',
    keySealed: request.keySealed ?? null,
    apiKeySealed: request.apiKeySealed ?? null,
    resultUrl: request.resultUrl ?? null,
    metadata: request.metadata ?? null,
    data: request.data ?? null,
    claim: place,
  }
  const inserted = await insertJob(write.db, write.dialect, job)
  if (!inserted) return undefined
  const { seq, createdAt } = inserted.job
  const claimed = place && inserted.isClaimed ? { ...job, seq, createdAt, claim: place.token, attempts: 1, lostLeases: 0 } : undefined
  if (job.delayMs > 0) write.wake('jobs')
  else if (!claimed) write.wake(type.pool, request.id)
  return { job: inserted.job, claimed }
}

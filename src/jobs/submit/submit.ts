import { randomUUID } from 'node:crypto'
import { findUserByKeyDigest } from '../../auth/user-store.ts'
import { conflict } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { DuplicateKey } from '../../store/database-error.ts'
import { storeJson } from '../body.ts'
import type { Job } from '../job.ts'
import { findIdempotent, findJobById, insertIdempotent, insertMetadata } from '../job-store.ts'
import type { QueueLimits } from '../queue/limits.ts'
import type { RunnableType } from '../runnable-type.ts'
import { type Enqueued, enqueueJob, type NewRequest } from './enqueue.ts'
import type { Place, PlaceGiver } from './place.ts'
import { pythonJson } from './python-json.ts'

/** A submission of a job. What was not sent is undefined. */
export interface Submission {
  /** Undefined: a random one is made. */
  readonly id: string | undefined
  readonly type: RunnableType
  readonly data: unknown
  /** Its numbers are those of `exactJson`. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined
  readonly resultUrl: string | undefined
  /** Any JSON value; the key of a user of this hub makes that user the owner. */
  readonly apiKey: unknown
  /** Address or network that it came from: what counts where no user is the owner. */
  readonly address: string
  /** Sent again with the same key, the same request finds its first job. */
  readonly idempotency: { readonly key: string; readonly requestDigest: string } | undefined
}

const idempotencyScope = 'job'
const maxTries = 3

/** What submissions meet in this process. */
export interface Gate {
  readonly limits: QueueLimits
  /** The process's own workers, which start a job at once when they can; undefined: all jobs wait for those of others. */
  readonly runner: PlaceGiver | undefined
}

/** A job as its submitter gets it. */
export interface KeyedJob {
  readonly job: Job
  readonly jobKey: string
}

/** A job that was accepted. */
export interface Submitted {
  readonly id: string
  /** The job as it was stored, and its key. Undefined: an earlier request has made it. */
  readonly made: KeyedJob | undefined
  /** It was started here while it was stored. */
  readonly isStarted: boolean
}

/**
 * Accepts a job: it is committed, and queued or started, when this returns. Throws `conflict` when the id is taken, or when the
 * idempotency key came with another request before, `unavailable` when too many jobs wait.
 */
export async function submitJob(ctx: Context, submission: Submission, { limits, runner }: Gate): Promise<Submitted> {
  const first = await findFirst(ctx, submission)
  if (first !== undefined) return { id: first, made: undefined, isStarted: false }
  await limits.admit(submission.type.name)
  const data = submission.data === undefined ? null : await storeJson(ctx.files, JSON.stringify(submission.data))
  const jobKey = randomUUID()
  const userId = await findOwner(ctx, submission.apiKey)
  const request = {
    id: submission.id ?? randomUUID(),
    data,
    metadata: submission.metadata === undefined ? null : JSON.stringify(submission.metadata),
    resultUrl: submission.resultUrl ?? null,
    keySealed: ctx.vault.seal(jobKey),
    apiKeySealed: submission.apiKey === undefined ? null : ctx.vault.seal(JSON.stringify(submission.apiKey)),
    userId,
    caller: userId ?? ctx.vault.digest(`caller ${submission.address}`).slice(0, 32),
  }
  for (let tries = 1; ; tries++) {
    const known = await findFirst(ctx, submission)
    if (known !== undefined) return { id: known, made: undefined, isStarted: false }
    const place = runner?.reserve(submission.type)
    try {
      const { job, claimed } = await store(ctx, submission, { request, place })
      place?.fill(claimed)
      return { id: request.id, made: { job, jobKey }, isStarted: claimed !== undefined }
    } catch (error) {
      place?.abandon(error)
      if (!(error instanceof DuplicateKey)) throw error
      // The same request at the same time: the next look finds what the other one has made.
      if (submission.idempotency && tries < maxTries) continue
      throw conflict(`job_id ${request.id} already exists`)
    }
  }
}

/** The job as it is stored now. Throws `conflict` when it was deleted meanwhile. */
export async function getSubmitted(ctx: Context, { id, made }: Submitted): Promise<KeyedJob> {
  const job = await findJobById(ctx.store.db, id)
  if (!job?.keySealed) throw conflict(`job ${id} was deleted`)
  return { job, jobKey: made?.jobKey ?? ctx.vault.open(job.keySealed) }
}

/** The job that the same request has made before. */
async function findFirst({ store: { db } }: Context, { idempotency }: Submission): Promise<string | undefined> {
  const known = idempotency && (await findIdempotent(db, idempotencyScope, idempotency.key))
  if (!known) return undefined
  if (known.requestDigest !== idempotency.requestDigest) throw conflict('this Idempotency-Key was used for another request')
  return known.jobId
}

async function store(
  ctx: Context,
  { type, metadata = {}, idempotency }: Submission,
  { request, place }: { request: NewRequest; place: Place | undefined },
): Promise<Enqueued> {
  const filters = Object.entries(metadata)
    .filter(([key]) => isStorable(key))
    .map(([key, value]) => [key, filterText(value)] as const)
  return ctx.store.write(async (write) => {
    const { db, dialect } = write
    if (idempotency) await insertIdempotent(db, dialect, { scope: idempotencyScope, ...idempotency, jobId: request.id })
    const enqueued = await enqueueJob(write, type, { ...request, place })
    if (!enqueued) throw new Error('a submission has no dedupe key, and yet a duplicate was found')
    await insertMetadata(write, enqueued.job.seq, filters)
    return enqueued
  })
}

/** The user whose key was sent with the job, else the caller. */
async function findOwner({ store: { db }, vault, actor }: Context, apiKey: unknown): Promise<string | null> {
  const caller = actor.kind === 'user' ? actor : undefined
  const digest = typeof apiKey === 'string' ? vault.digest(apiKey) : undefined
  // Most send one key for both.
  const byKey = digest === undefined || digest === caller?.keyDigest ? caller : await findUserByKeyDigest(db, digest)
  return (byKey ?? caller)?.id ?? null
}

const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')

/** A metadata value as a filter gives it: a text as it is, everything else as Python writes its JSON. */
function filterText(value: unknown): string {
  return typeof value === 'string' ? value : pythonJson(value)
}

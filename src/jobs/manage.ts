import { forbidden, invalid, notFound } from '../base/errors.ts'
import type { Context } from '../context.ts'
import { findPosting, type Posting } from './callbacks/store.ts'
import { clearFinished } from './housekeeping/housekeeping.ts'
import { cancelled, isFinal, type Job, type LogEntry } from './job.ts'
import { countJobs, deleteJobRow, findClaimed, findJobById, type JobCounts, type JobFilter, listJobIds, listLog } from './job-store.ts'
import { isAllowed, mayClear, openKinds } from './policy.ts'
import { makeSettlement, settleJob } from './queue/settle.ts'
import { cancelJob, endOrRetry } from './submit/cancel.ts'
import type { TypeRegistry } from './type-registry.ts'

const dayMs = 24 * 3_600_000
/** A century. */
export const maxDays = 36_500

/** A job that the caller may view, by right or by the job's key. Throws `not_found`, then `forbidden`. */
export function getJob(ctx: Context, id: string, presentedKey: string | undefined): Promise<Job> {
  return demandJob(ctx, 'view', { id, presentedKey })
}

async function demandJob(ctx: Context, what: 'view' | 'delete' | 'cancel', asked: { id: string; presentedKey: string | undefined }): Promise<Job> {
  const job = isFindable(asked.id) ? await findJobById(ctx.store.db, asked.id) : undefined
  if (!job) throw notFound('job', asked.id)
  if (!isAllowed(what, { actor: ctx.actor, vault: ctx.vault, presentedKey: asked.presentedKey }, job)) throw forbidden('not authorized')
  return job
}

/** Texts that can be the id of a job at all. */
const isFindable = (id: string) => id.isWellFormed() && !id.includes('\0')

/** The log of a job, in the order of writing; with `newest` only so many of the last lines, the last one first. */
export async function getLog(ctx: Context, job: Job, newest?: number): Promise<LogEntry[]> {
  return job.logLines === 0 ? [] : listLog(ctx.store.db, job.seq, newest)
}

/** Whether the hub could not post a finished job's result to its `result_url`, so far or for good. */
export async function isUnposted(ctx: Pick<Context, 'store'>, job: Job): Promise<boolean> {
  const posting = await findPostingOf(ctx, job)
  return posting !== undefined && posting.error !== null
}

/** How the posting of a job's result goes; undefined for a job without `result_url`, and for one that has not ended. */
export async function findPostingOf(ctx: Pick<Context, 'store'>, job: Job): Promise<Posting | undefined> {
  return job.resultUrl !== null && isFinal(job.state) ? findPosting(ctx.store.db, job.seq) : undefined
}

/** Ids of the jobs that the caller may know of, the newest submission first. */
export function listJobs(ctx: Context, filter: Omit<JobFilter, 'viewer'>): Promise<string[]> {
  const { actor } = ctx
  const viewer = { kinds: openKinds, userId: actor.kind === 'user' ? actor.id : undefined }
  return listJobIds(ctx.store.db, { ...filter, viewer: mayClear(actor) ? null : viewer })
}

/** How many jobs of every kind are open, done, and ended badly. */
export function countJobsByStatus(ctx: Pick<Context, 'store'>): Promise<JobCounts> {
  return countJobs(ctx.store.db)
}

/** Stops a job without deleting it. Throws `not_found`, `forbidden`, and `conflict` when it is finished. */
export async function stopJob(ctx: Context, types: TypeRegistry, asked: { id: string; presentedKey: string | undefined }): Promise<Job> {
  const job = await demandJob(ctx, 'cancel', asked)
  await cancelJob(ctx.store, types, job.id)
  return job
}

/** Removes a job with its log and metadata; one that runs is aborted, and posts nothing. The id is free afterwards. */
export async function deleteJob(ctx: Context, types: TypeRegistry, asked: { id: string; presentedKey: string | undefined }): Promise<void> {
  const { id } = await demandJob(ctx, 'delete', asked)
  await endOrRetry(() =>
    ctx.store.write(async (write) => {
      const job = await findClaimed(write.db, id)
      if (!job) throw notFound('job', id)
      // Ended first, so that the hooks of its type run. Its worker finds the claim gone.
      if (!isFinal(job.state)) await settleJob(write, makeSettlement({ job, type: types.find(job.type), outcome: cancelled, lines: [] }))
      await deleteJobRow(write.db, job.seq)
      write.wake('cancelled')
    }),
  )
}

/**
 * Removes jobs that ended more than `days` days ago, but those that something else belongs to. A result whose posting has failed so far is not
 * posted any more; one that was never tried keeps its job. Throws `forbidden` for everybody
 * but sysadmins, then `invalid` without a number of days. Returns how many went.
 */
export async function clearJobs(ctx: Context, days: number | undefined): Promise<number> {
  if (!mayClear(ctx.actor)) throw forbidden('not authorized')
  const wanted = `days has to be a whole number from 0 to ${maxDays}`
  if (days === undefined) throw invalid({ days: [wanted] }, wanted)
  return clearFinished(ctx.store, days * dayMs, { withRetried: true })
}

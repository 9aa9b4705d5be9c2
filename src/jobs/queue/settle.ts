import { randomUUID } from 'node:crypto'
import type { Write } from '../../store/store.ts'
import { cancelled, type JobError, type LogEntry, type Outcome, type Progress, type Result } from '../job.ts'
import type { RunnableType, SettledJob } from '../runnable-type.ts'
import { type Ending, endJobs, insertCallbacks, insertLines } from './settle-store.ts'
import { findHeld } from './store.ts'

/** The claim does not count any more: another process decides about the job. Undoes the write that noticed it. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost'
}

const lost = (id: string) => new ClaimLost(`job ${id} was taken from this worker`)

/** An attempt that is over: how the job ends, and the last lines of its log. */
export interface Settlement {
  readonly job: SettledJob & { readonly resultUrl: string | null; readonly claim: string | null }
  readonly type: RunnableType | undefined
  readonly outcome: Outcome
  /** Lines that are not stored yet. */
  readonly lines: readonly LogEntry[]
  /** How far it had come at last, if that is not stored yet. */
  readonly progress?: Progress | null | undefined
  /** Made with the settlement, so that a write that runs twice sends the receiver the same. */
  readonly webhookId: string
}

export function makeSettlement(parts: Omit<Settlement, 'webhookId'>): Settlement {
  return { ...parts, webhookId: `msg_${randomUUID()}` }
}

const noResult: Result = { json: null, file: null, type: null }

/** What a viewer of the job is shown of its failure. */
function storedError(outcome: Outcome): string | null {
  if (outcome.state === 'done') return null
  const { message, reason, details = {} } = outcome.failure
  return JSON.stringify({ message, reason, details } satisfies JobError)
}

function ending({ job, outcome, lines, progress }: Settlement): Ending {
  const result = outcome.state === 'done' ? outcome.result : noResult
  return {
    seq: job.seq,
    claim: job.claim,
    state: outcome.state,
    result: result.json,
    resultFile: result.file,
    resultType: result.type,
    error: storedError(outcome),
    addedLines: lines.length,
    progress: progress ? JSON.stringify(progress) : null,
  }
}

/**
 * Ends many jobs at once whose types have no `settled` hook; those whose cancel was requested end as cancelled. Jobs whose claim was lost
 * are passed over; returns the others by `seq`.
 */
export async function settleJobs(write: Write, settlements: readonly Settlement[]): Promise<Map<number, number>> {
  const ended = await endAll(write, settlements)
  const unwanted = settlements.filter(({ job, outcome }) => !ended.has(job.seq) && outcome.state !== 'cancelled')
  if (unwanted.length === 0) return ended
  return new Map([...ended, ...(await endAll(write, unwanted.map(asCancelled)))])
}

const asCancelled = (settlement: Settlement): Settlement => ({ ...settlement, outcome: cancelled })

/** Ends the jobs whose claim counts and which may end so: not those that are to be cancelled. */
async function endAll(write: Write, settlements: readonly Settlement[]): Promise<Map<number, number>> {
  const { db, dialect } = write
  const ended = await endJobs(db, dialect, settlements.map(ending))
  const kept = settlements.filter(({ job }) => ended.has(job.seq))
  await insertLines(
    db,
    dialect,
    kept.map(({ job, lines }) => ({ seq: job.seq, last: ended.get(job.seq) ?? 0, entries: lines })),
  )
  const callbacks = kept.filter(({ job }) => job.resultUrl !== null).map(({ job, webhookId }) => ({ seq: job.seq, webhookId }))
  await insertCallbacks(db, dialect, callbacks)
  if (callbacks.length > 0) write.wake('callbacks')
  for (const { job } of kept) write.wake('finished', job.id)
  // A place under a limit has become free, for whichever process has a slot.
  if (kept.some(({ type }) => type?.concurrency !== undefined)) write.wake('jobs')
  return ended
}

/** Ends one job in a write of its own, its type's `settled` hook first. Throws `ClaimLost`, and what the hook throws. */
export async function settleJob(write: Write, settlement: Settlement): Promise<void> {
  const { job, type } = settlement
  const ended = type?.settled ? await settleWithHook(write, settlement, type.settled) : await settleJobs(write, [settlement])
  if (ended.size === 0) throw lost(job.id)
}

/** Ends a job whose type has a `settled` hook. The hook locks rows that come before the job in the order of locks, so it runs first; the fence undoes it when the claim is lost meanwhile. */
async function settleWithHook(write: Write, settlement: Settlement, settled: NonNullable<RunnableType['settled']>): Promise<Map<number, number>> {
  const held = await findHeld(write.db, settlement.job)
  if (!held) throw lost(settlement.job.id)
  const final = held.isCancelRequested ? asCancelled(settlement) : settlement
  await settled(write, final.job, final.outcome)
  return endAll(write, [final])
}

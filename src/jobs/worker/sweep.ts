import type { Logger } from 'pino'
import type { Store } from '../../store/store.ts'
import { backoffMs } from '../backoff.ts'
import { cancelled, interrupted, type LogEntry, type Outcome, workerLost } from '../job.ts'
import { isDead } from '../owner.ts'
import { ClaimLost, makeSettlement, settleJob } from '../queue/settle.ts'
import { insertLines, requeueJob } from '../queue/settle-store.ts'
import { type Expired, listExpired, listOwners } from '../queue/store.ts'
import type { RunnableType } from '../runnable-type.ts'
import { findTypeOfJob, type TypeRegistry } from '../type-registry.ts'
import { timedOut } from './attempt.ts'

/** What a sweep needs. */
export interface SweepTools {
  readonly store: Store
  readonly types: TypeRegistry
  readonly log: Logger
}

type Verdict = { readonly outcome: Outcome } | { readonly delayMs: number }

/** What becomes of a job whose worker is gone. A lost worker counts as an attempt, else a job that kills its worker would loop for ever. */
function judgeExpired({ job, isCancelRequested, isOverdue }: Expired, { retry }: Pick<RunnableType, 'retry'>): Verdict {
  if (isCancelRequested) return { outcome: cancelled }
  if (isOverdue) return { outcome: { state: 'failed', failure: timedOut(job.timeoutMs) } }
  if (job.maxAttempts === 1) return { outcome: { state: 'failed', failure: interrupted } }
  if (job.attempts >= job.maxAttempts || job.lostLeases + 1 >= retry.maxLostLeases) return { outcome: { state: 'failed', failure: workerLost } }
  return { delayMs: backoffMs(retry, job.attempts) }
}

/** The claims of processes of this machine that are gone need no waiting for their leases. */
async function listDeadOwners(store: Store): Promise<string[]> {
  return (await listOwners(store.db)).filter(isDead)
}

/**
 * Takes back claims that do not count any more, each in a commit of its own. Returns how many. `hasJumped` is asked when they are known: after a
 * jump of the clock none of it is believed.
 */
export async function sweepExpired(tools: SweepTools, hasJumped: () => boolean = () => false): Promise<number> {
  const { store, types } = tools
  const found = await listExpired(store.db, store.dialect, await listDeadOwners(store))
  if (found.length === 0 || hasJumped()) return 0
  let swept = 0
  for (const expired of found) {
    // Jobs of types that this process cannot run are left to a process that can run the hooks of the type.
    const type = await findTypeOfJob(store.db, types, expired.job)
    if (type && (await takeBack(tools, type, expired))) swept++
  }
  return swept
}

async function takeBack({ store, log }: SweepTools, type: RunnableType, expired: Expired): Promise<boolean> {
  const { job } = expired
  const verdict = judgeExpired(expired, type)
  const isRetried = 'delayMs' in verdict
  log.warn({ job: job.id, type: job.type, attempt: job.attempts, retried: isRetried }, 'a claim was taken back')
  const lines = [line(`attempt ${job.attempts} was lost with its worker${isRetried ? '; the job waits for the next one' : ''}`)]
  const settlement = 'outcome' in verdict ? makeSettlement({ job, type, outcome: verdict.outcome, lines }) : undefined
  try {
    await store.write(async (write) => {
      if (settlement) return settleJob(write, settlement)
      const how = { delayMs: isRetried ? verdict.delayMs : 0, isCounted: true, isLost: true, addedLines: lines.length }
      const last = await requeueJob(write, job, how)
      if (last === undefined) throw new ClaimLost(`job ${job.id} was taken back by another process`)
      await insertLines(write.db, write.dialect, [{ seq: job.seq, last, entries: lines }])
      write.wake('jobs')
    })
    return true
  } catch (error) {
    if (!(error instanceof ClaimLost)) log.error({ err: error, job: job.id }, 'a lost job cannot be taken back')
    return false
  }
}

const line = (message: string): LogEntry => ({ at: Date.now(), level: 'WARNING', message, func: null, line: null })

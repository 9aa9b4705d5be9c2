import type { Logger } from 'pino'
import type { FileStore } from '../../store/files/file-store.ts'
import type { Store } from '../../store/store.ts'
import type { Outcome } from '../job.ts'
import { findJobById } from '../job-store.ts'
import { ClaimLost, makeSettlement, settleJob } from '../queue/settle.ts'
import type { TypeRegistry } from '../type-registry.ts'
import { FileSweep } from './file-sweep.ts'
import { deleteEnded, findOld, forgetIdempotent, listWaitedTooLong } from './store.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Jobs that are looked at, and removed, at once. */
const batch = 1000
/** How long a submission may be sent again with the same key. */
const idempotencyMs = dayMs
/** How long a start has the disk for itself. */
const quietMs = 10 * 60_000
/** How exactly the longest wait is kept. */
const waitLookMs = 1_000

const delayedTooLong: Outcome = {
  state: 'failed',
  failure: { class: 'system', reason: 'delayed_too_long', message: 'Job delayed too long, service full' },
}

/**
 * Removes jobs that ended longer than `ageMs` ago, but those that something else belongs to and those whose result is still to be
 * posted (`withRetried`: whose first try is still to be made or under way). Returns how many went.
 */
export async function clearFinished(store: Store, ageMs: number, { withRetried = false } = {}): Promise<number> {
  let removed = 0
  let after: number | undefined = 0
  while (after !== undefined) {
    const stretch = await findOld(store.db, store.dialect, { after, size: batch, ageMs, withRetried })
    if (stretch.seqs.length > 0) removed += await store.write(({ db, dialect }) => deleteEnded(db, dialect, stretch.seqs))
    after = stretch.next
  }
  return removed
}

/** What a process keeps in order. */
export interface House {
  readonly store: Store
  readonly files: FileStore
  readonly types: TypeRegistry
  readonly log: Logger
  /** Days that finished jobs are kept; undefined: for ever. */
  readonly keepDays?: number
  /** How long a function may wait for its start; undefined: as long as it takes. */
  readonly maxQueueWaitMs?: number | undefined
}

/** Ends functions that have waited too long for their start. Returns how many. */
export async function endWaitedTooLong({ store, types, log }: House, waitMs: number): Promise<number> {
  let ended = 0
  for (const id of await listWaitedTooLong(store.db, store.dialect, waitMs)) {
    const job = await findJobById(store.db, id)
    if (!job) continue
    const settlement = makeSettlement({ job: { ...job, claim: null }, type: types.find(job.type), outcome: delayedTooLong, lines: [] })
    try {
      await store.write((write) => settleJob(write, settlement))
      ended++
    } catch (error) {
      // It has just started, or ended otherwise.
      if (!(error instanceof ClaimLost)) throw error
    }
  }
  if (ended > 0) log.warn({ ended }, 'jobs have waited too long')
  return ended
}

/**
 * Clears away old jobs and forgotten keys, now and every hour, files that nobody needs every six, and ends what has waited too long; several
 * processes may do so at once. `own` is the work folder of this one.
 */
export function keepHouse(house: House, own: string): { stop(): Promise<void> } {
  const { store, log, keepDays, maxQueueWaitMs: waitMs } = house
  const files = new FileSweep(house)
  const sweep = async () => {
    const removed = await files.run(own)
    if (removed > 0) log.info({ removed }, 'files that nobody names were removed')
  }
  const clear = async () => {
    await store.write(({ db, dialect }) => forgetIdempotent(db, dialect, idempotencyMs))
    const removed = keepDays === undefined ? 0 : await clearFinished(store, keepDays * dayMs)
    if (removed > 0) log.info({ removed }, 'old jobs were cleared away')
  }
  const chores = [startChore(clear, { everyMs: hourMs }, log), startChore(sweep, { everyMs: 6 * hourMs, firstMs: quietMs }, log)]
  if (waitMs !== undefined) chores.push(startChore(() => endWaitedTooLong(house, waitMs), { everyMs: waitLookMs }, log))
  return {
    async stop() {
      for (const stop of chores) await stop()
    },
  }
}

interface Rhythm {
  readonly everyMs: number
  /** Before the first time; at once by default. */
  readonly firstMs?: number
}

/** Does something again and again, never twice at once. Returns what ends it. */
function startChore(run: () => Promise<unknown>, { everyMs, firstMs = 0 }: Rhythm, log: Logger): () => Promise<void> {
  let running: Promise<void> | undefined
  const start = () => {
    running ??= run()
      .then(() => undefined)
      .catch((error) => log.warn({ err: error }, 'the jobs cannot be kept in order now'))
      .finally(() => {
        running = undefined
      })
  }
  const first = firstMs > 0 ? setTimeout(start, firstMs).unref() : undefined
  if (!first) start()
  const timer = setInterval(start, everyMs).unref()
  return async () => {
    clearTimeout(first)
    clearInterval(timer)
    await running
  }
}

import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import { deleteFinished, forgetIdempotent } from './job-store.ts'

const everyMs = 3_600_000
const dayMs = 24 * everyMs
/** Jobs that one commit removes. */
const batch = 1000
/** How long a submission may be sent again with the same key. */
const idempotencyMs = dayMs

/** Removes jobs that ended more than `days` days ago, but those that something else belongs to. Returns how many went. */
export async function clearFinished(store: Store, days: number): Promise<number> {
  let removed = 0
  for (;;) {
    const some = await store.write(({ db, dialect }) => deleteFinished(db, dialect, { ageMs: days * dayMs, limit: batch }))
    removed += some
    if (some < batch) return removed
  }
}

/** Clears away old jobs and forgotten keys, now and every hour; several processes may do so at once. */
export function clearNowAndThen({ store, log, keepDays }: { store: Store; log: Logger; keepDays?: number }): { stop(): Promise<void> } {
  const clear = async () => {
    try {
      await store.write(({ db, dialect }) => forgetIdempotent(db, dialect, idempotencyMs))
      const removed = keepDays === undefined ? 0 : await clearFinished(store, keepDays)
      if (removed > 0) log.info({ removed }, 'old jobs were cleared away')
    } catch (error) {
      log.warn({ err: error }, 'old jobs cannot be cleared away now')
    }
  }
  let clearing = clear()
  const timer = setInterval(() => {
    clearing = clear()
  }, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await clearing
    },
  }
}

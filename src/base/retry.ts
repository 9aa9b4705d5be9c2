import { setTimeout as pause } from 'node:timers/promises'
import { DomainError } from './errors.ts'

/** The bounds of the pauses between tries, in milliseconds. */
export interface Pauses {
  readonly firstMs: number
  readonly maxMs: number
}

const storePauses: Pauses = { firstMs: 200, maxMs: 10_000 }

/**
 * Milliseconds to wait after try number `failures` (from 0) has failed. The pause doubles with each failure up to `maxMs`; a random factor from one half
 * to one keeps several processes from trying in step.
 */
export function pauseMs({ firstMs, maxMs }: Pauses, failures: number): number {
  return Math.min(maxMs, firstMs * 2 ** failures) * (0.5 + Math.random() / 2)
}

/**
 * Runs a write until the store answers: it retries after each `unavailable` while `mayRetry` returns true. Throws every other error of the write,
 * and the last `unavailable`.
 */
export async function persist<T>(write: () => Promise<T>, mayRetry: () => boolean): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await write()
    } catch (error) {
      const isUnavailable = error instanceof DomainError && error.code === 'unavailable'
      if (!isUnavailable || !mayRetry()) throw error
      await pause(pauseMs(storePauses, failures))
    }
  }
}

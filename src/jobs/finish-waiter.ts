import type { Dialect } from '../store/dialect.ts'
import type { Db, Store } from '../store/store.ts'
import { listEnded } from './job-store.ts'

/** Wakes may be lost, so whoever waits also looks by itself now and then. */
const lookEveryMs = 1000

/** Tells which of these jobs have come to what is waited for, or are gone. */
type Look = (db: Db, dialect: Dialect, ids: readonly string[]) => Promise<string[]>

/** Tells when jobs have ended (or whatever else `look` sees), in whatever process they ran. One look answers all who wait. */
export class FinishWaiter {
  readonly #store: Store
  readonly #lookFor: Look
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #unlisten: () => void
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #again = false

  constructor(store: Store, look: Look = listEnded) {
    this.#store = store
    this.#lookFor = look
    this.#unlisten = store.listen('finished', () => this.#look())
  }

  /** Resolves with true when the job has come so far (or is gone), with false after `timeoutMs`. */
  waitFor(id: string, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiters)
      const end = (hasEnded: boolean) => {
        clearTimeout(limit)
        waiters.delete(ended)
        if (waiters.size === 0 && this.#waiting.get(id) === waiters) this.#waiting.delete(id)
        resolve(hasEnded)
      }
      const ended = () => end(true)
      const limit = setTimeout(() => end(false), timeoutMs)
      waiters.add(ended)
      this.#look()
    })
  }

  close(): void {
    this.#unlisten()
    clearTimeout(this.#timer)
  }

  #look(): void {
    if (this.#waiting.size === 0) return
    if (this.#looking) {
      this.#again = true
      return
    }
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#look(), this.#again ? 0 : lookEveryMs)
      this.#timer.unref()
      this.#again = false
    })
  }

  async #lookOnce(): Promise<void> {
    const ids = [...this.#waiting.keys()]
    // The store not answering is no news here: the next look will tell.
    const ended = await this.#lookFor(this.#store.db, this.#store.dialect, ids).catch(() => [])
    for (const id of ended) for (const waiter of this.#waiting.get(id) ?? []) waiter()
  }
}

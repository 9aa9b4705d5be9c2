import type { Dialect } from '../../store/dialect.ts'
import type { Channel, Db, Store } from '../../store/store.ts'
import { listPosted } from '../callbacks/store.ts'
import { listEnded } from '../job-store.ts'

/** Wakes may be lost, so whoever waits also looks by itself now and then. */
const lookEveryMs = 1000

/** Something that happens to a job: the channel that tells, and the query that sees of which of these jobs it is true (or that are gone). */
interface Event {
  readonly channel: Channel
  readonly list: (db: Db, dialect: Dialect, ids: readonly string[]) => Promise<string[]>
}

/** The job has ended. */
export const hasEnded: Event = { channel: 'finished', list: listEnded }
/** The result was posted for the first time, whether well or not, or nobody wants it. */
export const isPosted: Event = { channel: 'posted', list: listPosted }

/** Tells when something has happened to jobs, in whatever process. One look answers all who wait. */
export class FinishWaiter {
  readonly #store: Store
  readonly #event: Event
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #unlisten: () => void
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #again = false

  constructor(store: Store, event: Event) {
    this.#store = store
    this.#event = event
    this.#unlisten = store.listen(event.channel, (ids) => (ids ? this.#tell(ids) : this.#look()))
  }

  /**
   * Resolves with true when it has happened (or the job is gone), with false after `timeoutMs`. `isUnderWay`: it cannot have happened
   * before this call, and happens in this process, which will tell.
   */
  waitFor(id: string, options: { timeoutMs: number; isUnderWay?: boolean }): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiters)
      const end = (happened: boolean) => {
        clearTimeout(limit)
        waiters.delete(told)
        if (waiters.size === 0 && this.#waiting.get(id) === waiters) this.#waiting.delete(id)
        resolve(happened)
      }
      const told = () => end(true)
      const limit = setTimeout(() => end(false), options.timeoutMs)
      waiters.add(told)
      if (options.isUnderWay) this.#plan()
      else this.#look()
    })
  }

  close(): void {
    this.#unlisten()
    clearTimeout(this.#timer)
  }

  #tell(ids: Iterable<string>): void {
    for (const id of ids) for (const told of this.#waiting.get(id) ?? []) told()
  }

  #plan(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#look()
    }, lookEveryMs).unref()
  }

  #look(): void {
    if (this.#waiting.size === 0) return
    if (this.#looking) {
      this.#again = true
      return
    }
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined
      if (!this.#again) return this.#plan()
      this.#again = false
      this.#look()
    })
  }

  async #lookOnce(): Promise<void> {
    // The store not answering is no news here: the next look will tell.
    this.#tell(await this.#event.list(this.#store.db, this.#store.dialect, [...this.#waiting.keys()]).catch(() => []))
  }
}

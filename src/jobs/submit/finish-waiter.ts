import type { Dialect } from '../../store/dialect.ts'
import type { Channel, Db, Store } from '../../store/store.ts'
import { listPosted } from '../callbacks/store.ts'
import { listEnded } from '../job-store.ts'

/** Wakes may be lost, so a waiter also looks by itself now and then. */
const lookEveryMs = 1000

/** Something that happens to a job: the channel that is woken then, and the query for those of the jobs to which it has happened, or that are gone. */
interface Event {
  readonly channel: Channel
  readonly list: (db: Db, dialect: Dialect, ids: readonly string[]) => Promise<string[]>
}

/** The job has ended. */
export const hasEnded: Event = { channel: 'finished', list: listEnded }
/** The result was posted for the first time, whether well or not, or the job has no receiver. */
export const isPosted: Event = { channel: 'posted', list: listPosted }

/** Waits until something has happened to jobs, in any process. One look at the store answers all waiters. */
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
    this.#unlisten = store.listen(event.channel, (ids) => (ids ? this.#resolve(ids) : this.#look()))
  }

  /**
   * Resolves with true when it has happened (or the job is gone), with false after `timeoutMs`. `isUnderWay`: it cannot have happened
   * before this call, and happens in this process, which wakes the channel.
   */
  waitFor(id: string, options: { timeoutMs: number; isUnderWay?: boolean }): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiters)
      const end = (happened: boolean) => {
        clearTimeout(limit)
        waiters.delete(resolveOne)
        if (waiters.size === 0 && this.#waiting.get(id) === waiters) this.#waiting.delete(id)
        resolve(happened)
      }
      const resolveOne = () => end(true)
      const limit = setTimeout(() => end(false), options.timeoutMs)
      waiters.add(resolveOne)
      if (options.isUnderWay) this.#plan()
      else this.#look()
    })
  }

  close(): void {
    this.#unlisten()
    clearTimeout(this.#timer)
  }

  #resolve(ids: Iterable<string>): void {
    for (const id of ids) for (const resolveOne of this.#waiting.get(id) ?? []) resolveOne()
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
    // When the store does not answer, the next look asks again.
    this.#resolve(await this.#event.list(this.#store.db, this.#store.dialect, [...this.#waiting.keys()]).catch(() => []))
  }
}

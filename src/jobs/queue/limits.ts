import { unavailable } from '../../base/errors.ts'
import type { Store } from '../../store/store.ts'
import { countWaiting, countWaitingOf } from './limits-store.ts'

/** How many jobs may wait before submissions are refused. */
export interface Limits {
  readonly waiting: number
  /** Of one type, so that one that is paused or slow does not shut out the others. */
  readonly waitingOfType: number
}

const usualLimits: Limits = { waiting: 1_000_000, waitingOfType: 250_000 }

/** How long a count serves: not long when a limit is near. */
const farMs = 10_000
const nearMs = 500

interface Count {
  jobs: number
  readonly until: number
}

/**
 * Refuses submissions while too many jobs wait. Counting costs more than submitting, so counts are kept for a moment, and what this
 * process submits meanwhile is added; with several processes a limit may be passed by what they submit within that moment.
 */
export class QueueLimits {
  readonly #store: Store
  readonly #limits: Limits
  #all: Count = { jobs: 0, until: 0 }
  readonly #byType = new Map<string, Count>()

  constructor(store: Store, limits: Limits = usualLimits) {
    this.#store = store
    this.#limits = limits
  }

  /** Takes note of one more job of this type. Throws `unavailable` when too many wait already. */
  async admit(type: string): Promise<void> {
    const { waiting, waitingOfType } = this.#limits
    const now = performance.now()
    if (this.#all.until < now) this.#all = makeCount(await countWaiting(this.#store.db), waiting)
    if (this.#all.jobs >= waiting) throw unavailable(`${this.#all.jobs} jobs wait already, and no more than ${waiting} may; try again later`)
    // Where fewer jobs wait in all, no type has too many.
    if (this.#all.jobs >= waitingOfType) await this.#admitType(type, now)
    this.#all.jobs++
  }

  async #admitType(type: string, now: number): Promise<void> {
    const { waitingOfType } = this.#limits
    let count = this.#byType.get(type)
    if (!count || count.until < now) count = makeCount(await countWaitingOf(this.#store.db, type), waitingOfType)
    this.#byType.set(type, count)
    if (count.jobs >= waitingOfType)
      throw unavailable(`${count.jobs} jobs of the type ${type} wait already, and no more than ${waitingOfType} may; try again later`)
    count.jobs++
  }
}

const makeCount = (jobs: number, limit: number): Count => ({ jobs, until: performance.now() + (jobs < limit / 2 ? farMs : nearMs) })

import { randomUUID } from 'node:crypto'
import { DuplicateKey } from '../../store/database-error.ts'
import type { ClaimedJob, Pool } from '../job.ts'
import type { Slots } from '../queue/slots.ts'
import type { RunnableType } from '../runnable-type.ts'

// A job that is submitted where a slot is free is claimed by the write that stores it. It starts without a second commit for the claim, and no other
// process is woken. What has to hold:
//
// 1. A place takes one slot, from `reserve` until `fill` or `abandon`. Each place is filled or abandoned, once.
// 2. No job gets a place before jobs that were submitted earlier: there is one only beside the slots that waiting jobs may want (`Slots.takeOne`).
// 3. Jobs of limited and paused types always wait in the queue, where the limit is counted. A type that was paused after `reserve` is noticed by the
//    insert itself: it claims only what would wait in the free lane.
// 4. While a place is open, the store may hold a claim of this process that the process does not know of yet. So the runner gives back unknown
//    claims only while `open` is 0.
// 5. A write whose answer was lost may have been committed. Then the process is in doubt: it gives no places until the runner has given back what
//    the store says it has claimed and it does not know of. A duplicate key is an answer: nothing was stored.
// 6. A process that stops waits until its places are filled or abandoned. A job that comes then goes back to the queue.

/** A slot that is kept for a job which is being submitted, and the claim that the job is stored with. */
export interface Place {
  readonly owner: string
  readonly token: string
  readonly leaseMs: number
  /** The submission is stored. A claimed job starts; undefined: the job waits in the queue, and the slot is free again. */
  fill(job: ClaimedJob | undefined): void
  /** The submission has failed. */
  abandon(error: unknown): void
}

/** What gives places: the worker of this process. */
export interface PlaceGiver {
  /**
   * Keeps a slot for a job of this type that is being submitted; undefined: the job has to wait in the queue. The caller has to fill or abandon
   * the place.
   */
  reserve(type: RunnableType): Place | undefined
}

/** What places need from the worker. */
export interface PlacesOptions {
  readonly owner: string
  readonly leaseMs: number
  readonly slots: Slots
  /** Whether jobs of the type may start here at all: the process works, is not in doubt, knows the type, and it has no limit. */
  mayStart(type: RunnableType): boolean
  /** Runs a job that was claimed for a place, in the slot that the place has taken. */
  start(job: ClaimedJob, pool: Pool): void
  /** Has the process wait for the place before it stops. */
  track(closed: Promise<void>): void
  /** A write may have been committed without an answer. */
  doubt(): void
  /** A place was closed: a slot may be free. */
  closed(): void
}

/** The places of a process. */
export class Places implements PlaceGiver {
  readonly #options: PlacesOptions
  #open = 0

  constructor(options: PlacesOptions) {
    this.#options = options
  }

  /** How many places are neither filled nor abandoned. */
  get open(): number {
    return this.#open
  }

  reserve(type: RunnableType): Place | undefined {
    const { owner, leaseMs, slots, mayStart, track } = this.#options
    if (!mayStart(type) || !slots.takeOne(type.pool)) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    track(promise)
    this.#open++
    const close = (job: ClaimedJob | undefined) => {
      this.#close(job, type.pool)
      resolve()
      this.#options.closed()
    }
    const abandon = (error: unknown) => {
      if (!(error instanceof DuplicateKey)) this.#options.doubt()
      close(undefined)
    }
    return { owner, token: randomUUID(), leaseMs, fill: close, abandon }
  }

  #close(job: ClaimedJob | undefined, pool: Pool): void {
    this.#open--
    if (job) this.#options.start(job, pool)
    else this.#options.slots.giveBack(pool)
  }
}

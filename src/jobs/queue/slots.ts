import { type Pool, pools } from '../job.ts'

interface Seats {
  readonly size: number
  taken: number
  /** How many unclaimed jobs may wait; `Infinity`: the number is unknown. */
  expected: number
}

/** The slots of a process, by pool: how many are taken, and how many jobs may wait for the others. */
export class Slots {
  readonly #seats: Readonly<Record<Pool, Seats>>

  /** How many attempts of each pool run at once; a pool without slots is left to other processes. */
  constructor({ work = 0, sync = 0 }: Readonly<Partial<Record<Pool, number>>>) {
    this.#seats = { work: { size: work, taken: 0, expected: 0 }, sync: { size: sync, taken: 0, expected: 0 } }
  }

  /** So many jobs have come to wait; by default an unknown number. Without a pool they may wait for any pool. */
  expect(jobs = Number.POSITIVE_INFINITY, pool?: Pool): void {
    for (const one of pool ? [pool] : pools) this.#seats[one].expected += jobs
  }

  /** Takes a slot for a new job, if one is free beside those for the jobs that came before. */
  takeOne(pool: Pool): boolean {
    const seats = this.#seats[pool]
    if (seats.size - seats.taken <= seats.expected) return false
    seats.taken++
    return true
  }

  /** Takes the slots for the jobs that may wait for a pool. `isKnown`: no others wait than those that are expected. */
  takeExpected(pool: Pool): { count: number; isKnown: boolean } {
    const seats = this.#seats[pool]
    const isKnown = seats.expected !== Number.POSITIVE_INFINITY
    const count = Math.min(seats.size - seats.taken, seats.expected)
    seats.taken += count
    if (isKnown) seats.expected -= count
    else if (count > 0) seats.expected = 0
    return { count, isKnown }
  }

  giveBack(pool: Pool, count = 1): void {
    this.#seats[pool].taken -= count
  }
}

import { createHash } from 'node:crypto'
import { HttpError } from '../server/errors.ts'

/** Far above what people and their programs do, below what keeps everybody else from being served. */
const defaultPerSecond = 5_000
const maxCounted = 10_000

/** Who submits: keys can be made up, addresses cannot. */
interface Submitter {
  /** The `api_key` of the submission, any JSON value. */
  readonly apiKey: unknown
  /** As `callerAddress` returns it. */
  readonly address: string
}

/** Limits how many jobs may be submitted in a second with one key, and from one address: a loop that runs wild is slowed down. */
export class SubmissionRate {
  readonly #byKey: PerSecond
  readonly #byAddress: PerSecond

  constructor({ ofKey = defaultPerSecond, ofAddress = defaultPerSecond }: { ofKey?: number; ofAddress?: number } = {}) {
    this.#byKey = new PerSecond(ofKey, 'with one key')
    this.#byAddress = new PerSecond(ofAddress, 'from one address')
  }

  /** Counts a submission at a time in milliseconds. Throws a 429 when there were too many in this second. */
  admit({ apiKey, address }: Submitter, now: number): void {
    this.#byAddress.admit(address, now)
    this.#byKey.admit(createHash('sha256').update(JSON.stringify(apiKey)).digest('base64'), now)
  }
}

/** Counts submissions of each second; the counters that were begun first are dropped when there are too many. */
class PerSecond {
  readonly #max: number
  readonly #by: string
  readonly #counters = new Map<string, { readonly second: number; count: number }>()

  constructor(max: number, by: string) {
    this.#max = max
    this.#by = by
  }

  admit(key: string, now: number): void {
    const second = Math.floor(now / 1000)
    const known = this.#counters.get(key)
    if (known?.second === second) {
      if (known.count >= this.#max) {
        const message = `too many jobs at once: at most ${this.#max} a second may be submitted ${this.#by}`
        throw new HttpError(429, message, { headers: { 'retry-after': '1' } })
      }
      known.count++
      return
    }
    this.#counters.delete(key)
    this.#counters.set(key, { second, count: 1 })
    if (this.#counters.size > maxCounted) this.#counters.delete(this.#counters.keys().next().value ?? '')
  }
}

import { createHash } from 'node:crypto'
import { HttpError } from '../errors.ts'

/** Far above what people and their programs do, below what keeps everybody else from being served. */
const usualPerSecond = 5_000
const maxKeys = 10_000

/** Limits how many jobs one key may submit in a second: a loop that has run wild is told to slow down. */
export class SubmissionRate {
  readonly #perSecond: number
  /** By digest of the key: the second, and what was submitted in it. */
  readonly #byKey = new Map<string, { readonly second: number; count: number }>()

  constructor(perSecond = usualPerSecond) {
    this.#perSecond = perSecond
  }

  /** Takes note of a submission at a time in milliseconds. Throws a 429 when there were too many in this second. */
  admit(apiKey: unknown, now: number): void {
    const key = createHash('sha256').update(JSON.stringify(apiKey)).digest('base64')
    const second = Math.floor(now / 1000)
    const known = this.#byKey.get(key)
    if (known?.second === second) {
      if (known.count >= this.#perSecond) {
        const message = `too many jobs at once: at most ${this.#perSecond} a second may be submitted with one key`
        throw new HttpError(429, message, { headers: { 'retry-after': '1' } })
      }
      known.count++
      return
    }
    this.#byKey.delete(key)
    this.#byKey.set(key, { second, count: 1 })
    if (this.#byKey.size > maxKeys) this.#byKey.delete(this.#byKey.keys().next().value ?? '')
  }
}

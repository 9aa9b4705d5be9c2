import { HttpError } from '../server/errors.ts'

const windowMs = 60_000
const maxOfAddress = 20
/** Failures of a name in a minute that cause no delay: as many as one address can make. */
const freeOfName = 20
const delayStepMs = 500
const maxDelayMs = 10_000
const maxCounted = 10_000

/** Who tries to log in. */
interface Trier {
  readonly name: string
  /** As `callerAddress` returns it. */
  readonly address: string
}

/** A try that is under way. */
interface Try {
  /** How long callers have to wait who have never logged in with this name from their address. */
  readonly delayMs: number
  /** It was no failure: it no longer counts. */
  forget(): void
}

/**
 * Counts failed logins of the last minute, in this process: by address, so that passwords cannot be tried by the thousand, and by name, so that
 * many addresses together cannot do it either. Nobody can lock out the owner of a name: failures of a name only delay.
 * A try counts as a failure from its beginning until it has turned out to be none, so tries at the same time count as well.
 */
export class LoginTries {
  readonly #ofAddress = new RecentTimes(maxOfAddress)
  readonly #ofName = new RecentTimes(freeOfName + maxDelayMs / delayStepMs)

  /** Counts a try at a time in milliseconds. Throws `HttpError` 429 when the address has failed too often. */
  begin({ name, address }: Trier, now: number): Try {
    const failed = this.#ofAddress.since(address, now - windowMs)
    if (failed.length >= maxOfAddress) {
      const seconds = Math.max(1, Math.ceil(((failed[0] ?? now) + windowMs - now) / 1000))
      const message = `too many failed logins from your address: at most ${maxOfAddress} a minute; try again in ${seconds} s`
      throw new HttpError(429, message, { headers: { 'retry-after': String(seconds) } })
    }
    const failures = this.#ofName.since(name, now - windowMs).length
    this.#ofAddress.add(address, now)
    this.#ofName.add(name, now)
    return {
      delayMs: Math.min(maxDelayMs, Math.max(0, failures - freeOfName + 1) * delayStepMs),
      forget: () => {
        this.#ofAddress.remove(address, now)
        this.#ofName.remove(name, now)
      },
    }
  }
}

/** The latest times of each key; the keys that were used first are dropped when there are too many. */
class RecentTimes {
  readonly #maxOfKey: number
  readonly #byKey = new Map<string, number[]>()

  constructor(maxOfKey: number) {
    this.#maxOfKey = maxOfKey
  }

  since(key: string, start: number): readonly number[] {
    return (this.#byKey.get(key) ?? []).filter((time) => time > start)
  }

  add(key: string, time: number): void {
    const times = this.#byKey.get(key) ?? []
    times.push(time)
    if (times.length > this.#maxOfKey) times.shift()
    this.#byKey.delete(key)
    this.#byKey.set(key, times)
    if (this.#byKey.size > maxCounted) this.#byKey.delete(this.#byKey.keys().next().value ?? '')
  }

  remove(key: string, time: number): void {
    const left = (this.#byKey.get(key) ?? []).toSpliced((this.#byKey.get(key) ?? []).lastIndexOf(time), 1)
    if (left.length > 0) this.#byKey.set(key, left)
    else this.#byKey.delete(key)
  }
}

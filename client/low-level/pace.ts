import { orAborted, sleep } from '../abort.ts'

/** Says when the next request may start. One for a client and all its copies, since the server counts them together. */
export class Pace {
  readonly #gapMs: number
  #nextStartAt = 0
  #pausedUntil = 0
  #queue: Promise<unknown> = Promise.resolve()

  /** `requestsPerSecond` may be a fraction; Infinity means no limit. */
  constructor(requestsPerSecond: number) {
    this.#gapMs = 1000 / requestsPerSecond
  }

  /** Resolves when the caller may start, first come, first served.
   * @throws the signal's reason when it aborts; the turn goes to the next in line.
   */
  turn(signal: AbortSignal): Promise<void> {
    const turn = this.#queue.then(() => this.#wait(signal))
    this.#queue = turn.catch(() => undefined)
    return orAborted(turn, signal)
  }

  /** Lets nobody start for so many milliseconds from now. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms)
  }

  async #wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const waitMs = Math.max(this.#pausedUntil, this.#nextStartAt) - performance.now()
      if (waitMs <= 0) break
      await sleep(waitMs, signal)
    }
    this.#nextStartAt = performance.now() + this.#gapMs
  }
}

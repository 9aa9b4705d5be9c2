import type { Store } from '../../store/store.ts'
import type { RunnableType } from '../runnable-type.ts'
import { FinishWaiter, hasEnded, isPosted } from './finish-waiter.ts'
import type { Submitted } from './submit.ts'

/** How much longer than the job's time limit a submitter is kept waiting: the job waits for a slot, and its end has to be stored. */
const beyondTimeoutMs = 30_000
/** How much longer than its time limit the first try of a callback is waited for. */
const beyondCallbackMs = 5_000

/** Waits for the results of `sync` jobs. One for each process: one look at the store answers all who wait. */
export class ResultWaiter {
  readonly #ended: FinishWaiter
  readonly #posted: FinishWaiter
  readonly #callbackTimeoutMs: number

  /** `callbackTimeoutMs`: the time limit of one try to post a result. */
  constructor(store: Store, { callbackTimeoutMs }: { callbackTimeoutMs: number }) {
    this.#ended = new FinishWaiter(store, hasEnded)
    this.#posted = new FinishWaiter(store, isPosted)
    this.#callbackTimeoutMs = callbackTimeoutMs
  }

  /**
   * Resolves when the job has ended, was deleted, or has taken longer than it may. With a `resultUrl` it also waits for the first try to post the
   * result: old clients expect to have received it before the answer. A job of an `async` type is not waited for.
   */
  async waitFor({ id, isStarted }: Submitted, { type, resultUrl }: { type: RunnableType; resultUrl: string | undefined }): Promise<void> {
    if (type.mode !== 'sync') return
    const isOver = await this.#ended.waitFor(id, { timeoutMs: type.timeoutMs + beyondTimeoutMs, isUnderWay: isStarted })
    if (isOver && resultUrl !== undefined) await this.#posted.waitFor(id, { timeoutMs: this.#callbackTimeoutMs + beyondCallbackMs })
  }

  close(): void {
    this.#ended.close()
    this.#posted.close()
  }
}

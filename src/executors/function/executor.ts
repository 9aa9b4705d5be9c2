import type { AbortReason, AttemptEvents, AttemptOf, AttemptResult, Executor } from '../../jobs/executor.ts'
import { FunctionProcess, type ProcessOptions } from './process.ts'

/** Attempts after which a child process is replaced, whatever else its functions may have used up. A young one is several times slower. */
const maxRuns = 10_000

const grace: Readonly<Record<AbortReason, number>> = { cancelled: 10_000, timeout: 2_000, shutdown: 10_000, lost: 2_000 }

const defaults: ProcessOptions = { memoryMb: 512, graceMs: (reason) => grace[reason], killAfterMs: 2_000 }

/** Runs functions in warm child processes, one for each attempt that runs at once. The slots of the worker decide how many that are. */
export class FunctionExecutor implements Executor<'function'> {
  readonly #options: ProcessOptions
  readonly #idle: FunctionProcess[] = []
  readonly #all = new Set<FunctionProcess>()
  #isClosed = false

  constructor(options: Partial<ProcessOptions> = {}) {
    this.#options = { ...defaults, ...options }
  }

  async run(attempt: AttemptOf<'function'>, events: AttemptEvents, signal: AbortSignal): Promise<AttemptResult> {
    if (this.#isClosed) return { kind: 'aborted' }
    const child = this.#take()
    const result = await child.run(attempt, events, signal)
    if (child.isUsable && child.runs < maxRuns && !this.#isClosed) this.#idle.push(child)
    else await this.#discard(child)
    return result
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#all].map((child) => this.#discard(child)))
  }

  /** The most recently used one: the others may be swapped out. */
  #take(): FunctionProcess {
    for (let child = this.#idle.pop(); child; child = this.#idle.pop()) {
      if (child.isUsable) return child
      this.#all.delete(child)
    }
    const fresh = new FunctionProcess(this.#options)
    this.#all.add(fresh)
    return fresh
  }

  async #discard(child: FunctionProcess): Promise<void> {
    this.#all.delete(child)
    await child.kill()
  }
}

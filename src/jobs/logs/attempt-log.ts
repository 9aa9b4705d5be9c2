import type { Logger } from 'pino'
import type { Store } from '../../store/store.ts'
import type { ClaimedJob, LogEntry, Progress } from '../job.ts'
import { insertLines, touchJob } from '../queue/settle-store.ts'
import type { RunnableType } from '../runnable-type.ts'

const flushEveryMs = 250
/** Lines held in memory before the attempt has to wait for the store. */
const maxLines = 1000

/** Texts that both databases store alike. */
const storable = (text: string) => text.toWellFormed().replaceAll('\0', '\ufffd')

/** Lines and progress of an attempt that are not stored yet. */
export interface Unstored {
  readonly lines: readonly LogEntry[]
  /** Absent: it has not changed. */
  readonly progress?: Progress | null
}

/** The log and the progress of a running attempt, stored in batches of a quarter of a second, under the fence of its claim. */
export class AttemptLog {
  readonly #store: Store
  readonly #job: ClaimedJob
  readonly #type: RunnableType
  readonly #log: Logger
  readonly #lost: () => void
  #lines: LogEntry[] = []
  #progress: Progress | null = null
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #isOver = false

  /** `lost` is called when the claim turns out not to count any more. */
  constructor(parts: { store: Store; job: ClaimedJob; type: RunnableType; log: Logger; lost: () => void }) {
    this.#store = parts.store
    this.#job = parts.job
    this.#type = parts.type
    this.#log = parts.log
    this.#lost = parts.lost
  }

  log(entry: LogEntry): void {
    if (this.#isOver) return
    this.#lines.push({ ...entry, message: storable(entry.message), func: entry.func === null ? null : storable(entry.func) })
    this.#plan()
  }

  progress(progress: Progress): void {
    if (this.#isOver) return
    this.#progress = progress
    this.#plan()
  }

  /** A promise while more lines are held than should be. */
  drained(): Promise<void> | undefined {
    return this.#lines.length > maxLines ? this.#flush() : undefined
  }

  /** Stops storing; what is left goes into the write that ends the attempt. */
  async finish(): Promise<Unstored> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await this.#flushing
    return { lines: this.#lines, progress: this.#progress }
  }

  #plan(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#flush()
    }, flushEveryMs)
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#storeHeld().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  async #storeHeld(): Promise<void> {
    const [lines, progress] = [this.#lines, this.#progress]
    this.#lines = []
    this.#progress = null
    if (lines.length === 0 && !progress) return
    try {
      if (!(await this.#write(lines, progress))) this.#lost()
    } catch (error) {
      // Kept for the next round, or for the write that ends the attempt.
      this.#lines = [...lines, ...this.#lines]
      this.#progress ??= progress
      this.#log.warn({ err: error, job: this.#job.id }, "a job's log cannot be stored yet")
    }
  }

  #write(lines: readonly LogEntry[], progress: Progress | null): Promise<boolean> {
    const job = this.#job
    return this.#store.write(async (write) => {
      if (progress) await this.#type.progressed?.(write, job, progress)
      const last = await touchJob(write.db, job, { addedLines: lines.length, progress })
      if (last === undefined) return false
      await insertLines(write.db, write.dialect, [{ seq: job.seq, last, entries: lines }])
      return true
    })
  }
}

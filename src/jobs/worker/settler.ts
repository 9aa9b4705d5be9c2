import type { Logger } from 'pino'
import { DomainError } from '../../base/errors.ts'
import { persist } from '../../base/retry.ts'
import type { Store, Write } from '../../store/store.ts'
import { type ClaimedJob, cancelled, type JobFailure } from '../job.ts'
import { ClaimLost, makeSettlement, type Settlement, settleJob } from '../queue/settle.ts'
import { insertLines, requeueJob, touchJob } from '../queue/settle-store.ts'
import type { RunnableType } from '../runnable-type.ts'
import type { AttemptEnd } from './attempt.ts'

/** Writes of single jobs that must get through: tried again while the store does not answer, until the claim is lost or the process gives up. */
export class Settler {
  readonly #store: Store
  readonly #log: Logger
  #hasGivenUp = false

  constructor(parts: { store: Store; log: Logger }) {
    this.#store = parts.store
    this.#log = parts.log
  }

  /** From now on nothing is tried again: the process ends, and leases do the rest. */
  giveUp(): void {
    this.#hasGivenUp = true
  }

  /** Calls the type's `started` hook before an attempt. Returns how the attempt ends if it must not run. */
  async begin(type: RunnableType, job: ClaimedJob): Promise<AttemptEnd | undefined> {
    if (!type.started) return undefined
    const error = await this.#persist(job, async (write) => {
      await type.started?.(write, job)
      if ((await touchJob(write.db, job, { addedLines: 0, progress: null })) === undefined) throw new ClaimLost(`job ${job.id} was lost`)
    })
    if (!error) return undefined
    if (error instanceof ClaimLost) return { kind: 'lost', lines: [] }
    this.#log.error({ err: error, job: job.id }, 'could not record the start of the job')
    return { kind: 'settle', outcome: { state: 'failed', failure: brokenHook(error) }, lines: [] }
  }

  /** Ends a job in a commit of its own. When the type's `settled` hook throws, the job fails, and the hook is called with that failure. */
  async settle(settlement: Settlement): Promise<void> {
    const { job } = settlement
    const settle = () => this.#persist(job, (write) => settleJob(write, settlement))
    const first = await settle()
    // Either the claim is lost, or a cancel was requested while the hook ran: the second try finds out which.
    const error = first instanceof ClaimLost && settlement.type?.settled ? await settle() : first
    if (!error || error instanceof ClaimLost) return
    this.#log.error({ err: error, job: job.id, type: job.type }, 'could not record the end of the job; it fails instead')
    const failed: Settlement = { ...settlement, outcome: { state: 'failed', failure: brokenHook(error) } }
    const second = await this.#persist(job, (write) => settleJob(write, failed))
    if (!second || second instanceof ClaimLost) return
    this.#log.error({ err: second, job: job.id, type: job.type }, 'the hook of the job type failed again; the job ends without it')
    await this.#persist(job, (write) => settleJob(write, { ...failed, type: undefined }))
  }

  /** Puts a job back into the queue; a job whose cancel was requested meanwhile ends as cancelled. */
  async requeue(job: ClaimedJob, type: RunnableType | undefined, end: Extract<AttemptEnd, { kind: 'requeue' }>): Promise<void> {
    const unwanted = makeSettlement({ job, type, outcome: cancelled, lines: end.lines })
    await this.#persist(job, async (write) => {
      const how = { delayMs: end.delayMs, isCounted: end.isCounted, isLost: false, addedLines: end.lines.length }
      const last = await requeueJob(write, job, how)
      if (last === undefined) return settleJob(write, unwanted)
      await insertLines(write.db, write.dialect, [{ seq: job.seq, last, entries: end.lines }])
      write.wake('jobs')
    })
  }

  /** Returns what the write threw, if trying again does not help. */
  async #persist(job: { id: string }, run: (write: Write) => Promise<void>): Promise<unknown> {
    try {
      await persist(
        () => this.#store.write(run),
        () => !this.#hasGivenUp,
      )
      return undefined
    } catch (error) {
      if (error instanceof ClaimLost) this.#log.warn({ job: job.id }, 'a late result was refused')
      return error
    }
  }
}

const brokenHook = (error: unknown): JobFailure => ({
  class: 'job',
  reason: 'not_stored',
  message: error instanceof DomainError ? error.message : 'The result of the job could not be stored',
})

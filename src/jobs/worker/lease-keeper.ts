import { listLimited, moveLanes } from '../../job-types/queue-rules-store.ts'
import type { Write } from '../../store/store.ts'
import type { Pool } from '../job.ts'
import { setForeignApart } from '../queue/apart-store.ts'
import { listClaims, nextDueMs, promoteDue, type Renewed, renewLeases } from '../queue/store.ts'
import type { RunningAttempt } from './attempt.ts'
import { type SweepTools, sweepExpired } from './sweep.ts'

/** How the regular work of the queue is timed, in milliseconds. */
export interface Timing {
  /** How long a claim counts without a renewal. */
  readonly leaseMs: number
  /** Between two renewals, which come with a sweep. */
  readonly tickMs: number
  /** Between two looks at the queue when no message says that there is work. */
  readonly pollMs: number
}

export const usualTiming: Timing = { leaseMs: 30_000, tickMs: 10_000, pollMs: 5_000 }

/** A wall clock that has moved this much against the monotonic one has been set. */
const jumpMs = 5_000
/** Ticks without a sweep after a jump: by then all living processes have renewed their leases. */
const ticksAfterJump = 3
/** Waiting jobs that are moved between lanes in one commit. */
const laneBatch = 1000
const dueLookMs = 50
const laneLookMs = 1_000

/** What a lease keeper looks after. */
export interface LeaseKeeperOptions extends SweepTools {
  readonly owner: string
  readonly timing: Timing
  /** What this process holds, by `seq`. */
  readonly attempts: ReadonlyMap<number, RunningAttempt>
  /** The wall clock of this machine, in milliseconds; tests set it. */
  readonly clock?: () => number
  readonly slots: Readonly<Partial<Record<Pool, number>>>
  /** Called when delayed jobs have become due, or claims have come back. */
  due(): void
}

/** The regular work of the queue: renews this process's leases, takes back those of others, promotes what has become due. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions
  #limited: ReadonlySet<string> = new Set()
  #tick: NodeJS.Timeout | undefined
  #dueTimer: NodeJS.Timeout | undefined
  #dueAt = 0
  #working: Promise<void> = Promise.resolve()
  #isStopped = false
  #wallAt: number
  #monotonicAt = performance.now()
  #ticksToSweep = 0
  #laneTimer: NodeJS.Timeout | undefined
  #lanesSeenAt = 0

  constructor(options: LeaseKeeperOptions) {
    this.#options = options
    this.#wallAt = this.#clock()
  }

  /** Types whose jobs wait in the limited lane. */
  get limited(): ReadonlySet<string> {
    return this.#limited
  }

  /** Takes back what crashed processes of this machine have left, then ticks. */
  async start(): Promise<void> {
    await this.#lookAfterLanes()
    await sweepExpired(this.#options)
    this.#planTick()
    this.lookForDue()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#tick)
    clearTimeout(this.#dueTimer)
    clearTimeout(this.#laneTimer)
    await this.#working
  }

  /** Looks soon when the next delayed job is due. */
  lookForDue(): void {
    this.#planDue(dueLookMs)
  }

  /** Looks at the lanes soon, at most once a second: jobs may block others, or have been moved by another process. */
  lookAtLanes(): void {
    if (this.#isStopped || this.#laneTimer) return
    const look = () => {
      this.#laneTimer = undefined
      this.#work(() => this.#lookAfterLanes())
    }
    this.#laneTimer = setTimeout(look, Math.max(0, this.#lanesSeenAt + laneLookMs - performance.now()))
  }

  /** Looks now for cancel requests of jobs that run here. */
  handleCancels(): void {
    const { store, owner } = this.#options
    this.#work(() => this.#compare(() => listClaims(store.db, owner)))
  }

  #planTick(): void {
    if (this.#isStopped) return
    this.#tick = setTimeout(
      () => this.#work(() => this.#renewAndSweep().finally(() => this.#planTick())),
      this.#options.timing.tickMs * (0.9 + Math.random() / 5),
    )
  }

  /** A look that is planned for earlier stays. */
  #planDue(ms: number): void {
    const at = performance.now() + ms
    if (this.#isStopped || (this.#dueTimer && this.#dueAt <= at)) return
    clearTimeout(this.#dueTimer)
    this.#dueAt = at
    const look = () => {
      this.#dueTimer = undefined
      this.#work(() => this.#promote())
    }
    this.#dueTimer = setTimeout(look, Math.min(ms, 60_000))
  }

  #work(run: () => Promise<void>): void {
    const work = run().catch((error) => this.#options.log.warn({ err: error }, 'queue maintenance failed; will retry'))
    this.#working = Promise.all([this.#working, work]).then(() => undefined)
  }

  async #promote(): Promise<void> {
    const { store } = this.#options
    try {
      const wait = await nextDueMs(store.db, store.dialect)
      if (wait === 0) {
        const moved = await store.write(({ db, dialect }) => promoteDue(db, dialect))
        if (moved > 0) this.#options.due()
        this.lookForDue()
      } else if (wait !== undefined) this.#planDue(wait)
    } catch (error) {
      this.#planDue(this.#options.timing.tickMs)
      throw error
    }
  }

  async #renewAndSweep(): Promise<void> {
    // After a jump of the clock every lease looks expired, and every time limit passed: their owners get the time to renew them.
    this.#noticeJump()
    await this.#renew()
    await this.#lookAfterLanes()
    this.#noticeJump()
    if (this.#ticksToSweep > 0) this.#ticksToSweep--
    else if ((await sweepExpired(this.#options, () => this.#noticeJump())) > 0) this.#options.due()
    this.lookForDue()
  }

  async #renew(): Promise<void> {
    const { store, owner, timing, attempts } = this.#options
    const lease = { owner, known: [...attempts.keys()], leaseMs: timing.leaseMs, hasJumped: this.#ticksToSweep > 0 }
    await this.#compare(() => store.write(({ db, dialect }) => renewLeases(db, dialect, lease)))
  }

  /** Aborts attempts whose claim is gone (the lease was lost, or the job was deleted) and those whose cancel was requested. */
  async #compare(read: () => Promise<Renewed[]>): Promise<void> {
    const before = [...this.#options.attempts]
    if (before.length === 0) return
    const claims = new Map((await read()).map((one) => [one.seq, one]))
    for (const [seq, attempt] of before) {
      const claim = claims.get(seq)
      if (claim?.claim !== attempt.job.claim) attempt.abort('lost')
      else if (claim.isCancelRequested) attempt.abort('cancelled')
    }
  }

  #clock(): number {
    return (this.#options.clock ?? Date.now)()
  }

  #noticeJump(): boolean {
    const [wall, monotonic] = [this.#clock(), performance.now()]
    const drift = Math.abs(wall - this.#wallAt - (monotonic - this.#monotonicAt))
    this.#wallAt = wall
    this.#monotonicAt = monotonic
    if (drift <= jumpMs) return false
    this.#ticksToSweep = ticksAfterJump
    return true
  }

  async #lookAfterLanes(): Promise<void> {
    const { store, types } = this.#options
    await types.look(store.db)
    let all = 0
    let isMore = true
    while (isMore && !this.#isStopped) {
      const { moved, isApart } = await store.write(async (write) => {
        const isApart = await this.#setForeignApart(write)
        return { moved: await moveLanes(write.db, write.dialect, laneBatch), isApart }
      })
      all += moved
      isMore = moved > 0 && (isApart || moved >= laneBatch)
    }
    this.#lanesSeenAt = performance.now()
    const known = this.#limited
    this.#limited = new Set(await listLimited(store.db))
    if (all > 0 || this.#limited.symmetricDifference(known).size > 0) this.#options.due()
  }

  async #setForeignApart(write: Write): Promise<boolean> {
    const { types } = this.#options
    let isApart = false
    for (const [pool, slots = 0] of Object.entries(this.#options.slots) as [Pool, number][]) {
      if (slots > 0 && (await setForeignApart(write, { pool, types: types.namesOf(pool) }))) isApart = true
    }
    return isApart
  }
}

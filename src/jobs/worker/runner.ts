import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { saveLimits } from '../../job-types/queue-rules-store.ts'
import { keepHouse } from '../housekeeping/housekeeping.ts'
import { type ClaimedJob, type Pool, pools } from '../job.ts'
import { makeOwner } from '../owner.ts'
import { claimJobs, type Wanted } from '../queue/claim.ts'
import { makeSettlement, type Settlement, settleJobs } from '../queue/settle.ts'
import { Slots } from '../queue/slots.ts'
import { returnUnknown } from '../queue/store.ts'
import type { RunnableType } from '../runnable-type.ts'
import { type Place, type PlaceGiver, Places } from '../submit/place.ts'
import { findTypeOfJob, type TypeRegistry } from '../type-registry.ts'
import { type AttemptEnd, type AttemptTools, RunningAttempt } from './attempt.ts'
import { LeaseKeeper, type Timing, usualTiming } from './lease-keeper.ts'
import { Settler } from './settler.ts'

/** Ended jobs that one commit takes. */
const maxBatch = 100
const retryMs = 1_000

/** What a process works with. */
export interface RunnerOptions extends AttemptTools {
  readonly types: TypeRegistry
  /** See `Slots`. */
  readonly slots: Readonly<Partial<Record<Pool, number>>>
  readonly timing?: Partial<Timing>
  /** The wall clock of this machine, in milliseconds; tests set it. */
  readonly clock?: () => number
  /** Days that finished jobs are kept; undefined: for ever. */
  readonly keepDays?: number
  /** How long a function may wait for its start; undefined: as long as it takes. */
  readonly maxQueueWaitMs?: number | undefined
}

/**
 * The worker of a process: claims jobs as far as it has free slots, runs them by the executor, stores how they end.
 *
 * One loop does the queue's writes: whatever has ended meanwhile and whatever is claimed next share one commit. It runs when an
 * attempt ends, when the store says that there is work, and every few seconds in case that message was lost.
 */
export class JobRunner implements PlaceGiver {
  /** The name of this process in the rows that it claims. */
  readonly owner = makeOwner()
  readonly #options: RunnerOptions
  readonly #timing: Timing
  /** What is claimed here, until its end is stored. */
  readonly #attempts = new Map<number, RunningAttempt>()
  /** What is claimed here, while its type is looked up. */
  readonly #starting = new Set<number>()
  readonly #runs = new Set<Promise<void>>()
  readonly #settler: Settler
  readonly #leases: LeaseKeeper
  readonly #slots: Slots
  readonly #places: Places
  readonly #unlisten: (() => void)[] = []
  #ended: Settlement[] = []
  /** A write that claims has failed. It may have been committed all the same: the store may hold claims that this process does not know of. */
  #isInDoubt = false
  #state: 'new' | 'working' | 'stopping' | 'stopped' = 'new'
  #pumping: Promise<void> | undefined
  #isPumpWanted = false
  #poll: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #housekeeping: { stop(): Promise<void> } | undefined
  #base = ''
  #stopping: Promise<void> | undefined

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#timing = { ...usualTiming, ...options.timing }
    this.#settler = new Settler(options)
    this.#slots = new Slots(options.slots)
    this.#places = this.#makePlaces()
    this.#leases = new LeaseKeeper({ ...options, timing: this.#timing, owner: this.owner, attempts: this.#attempts, due: () => this.#expect() })
  }

  /** Everything that this process can run. */
  get types(): TypeRegistry {
    return this.#options.types
  }

  /** How many jobs this process holds now. */
  get running(): number {
    return this.#attempts.size
  }

  /** Begins to work. What a crashed process of this machine has left is taken back first. */
  async start(): Promise<void> {
    const { store, types, files } = this.#options
    this.#base = await files.workFolder()
    const limits = types.list().map(({ name, concurrency }) => ({ type: name, maxRunning: concurrency ?? null }))
    await store.write(({ db, dialect }) => saveLimits(db, dialect, limits))
    await this.#leases.start()
    this.#state = 'working'
    this.#unlisten.push(
      store.listen('jobs', () => {
        this.#leases.lookForDue()
        this.#leases.lookAtLanes()
        this.#expect()
      }),
      ...pools.map((pool) =>
        store.listen(pool, (ids) => {
          this.#leases.lookAtLanes()
          this.#expect(ids?.size, pool)
        }),
      ),
      store.listen('cancelled', () => this.#leases.handleCancels()),
    )
    this.#poll = setInterval(() => this.#expect(), this.#timing.pollMs)
    this.#housekeeping = keepHouse(this.#options, this.#base)
    this.#expect()
  }

  /**
   * Stops: no more claims, then up to `graceMs` for what runs, then aborts it. Jobs that may be tried again go back to the queue
   * uncounted, the others end as interrupted. A second call ends everything at once; leases do the rest.
   */
  stop(options: { graceMs: number }): Promise<void> {
    if (this.#stopping) {
      void this.#closeExecutors()
      this.#settler.giveUp()
      return this.#stopping
    }
    this.#stopping = this.#stop(options.graceMs)
    return this.#stopping
  }

  async #stop(graceMs: number): Promise<void> {
    const wasWorking = this.#state === 'working'
    this.#state = 'stopping'
    for (const unlisten of this.#unlisten.splice(0)) unlisten()
    clearInterval(this.#poll)
    clearTimeout(this.#retry)
    if (wasWorking) {
      await this.#pumping
      const abort = setTimeout(() => {
        for (const attempt of this.#attempts.values()) attempt.abort('shutdown')
      }, graceMs)
      while (this.#runs.size > 0) await Promise.all(this.#runs)
      clearTimeout(abort)
      this.#pump()
      while (this.#pumping) await this.#pumping
    }
    await this.#housekeeping?.stop()
    await this.#leases.stop()
    await this.#closeExecutors()
    this.#state = 'stopped'
  }

  async #closeExecutors(): Promise<void> {
    await Promise.all(Object.values(this.#options.executors).map((executor) => executor.close()))
  }

  reserve(type: RunnableType): Place | undefined {
    return this.#places.reserve(type)
  }

  #makePlaces(): Places {
    return new Places({
      owner: this.owner,
      leaseMs: this.#timing.leaseMs,
      slots: this.#slots,
      mayStart: ({ name }) => this.#state === 'working' && !this.#isInDoubt && this.types.find(name) !== undefined && !this.#leases.limited.has(name),
      start: (job, pool) => this.#start(job, pool),
      track: (closed) => this.#track(closed),
      doubt: () => {
        this.#isInDoubt = true
      },
      closed: () => this.#pump(),
    })
  }

  /** So many jobs have come to wait for a pool; by default an unknown number, for any pool. */
  #expect(jobs?: number, pool?: Pool): void {
    this.#slots.expect(jobs, pool)
    this.#pump()
  }

  #pump(): void {
    this.#isPumpWanted = true
    this.#pumping ??= this.#pumpAll().finally(() => {
      this.#pumping = undefined
      // Requested between the last round and now.
      if (this.#isPumpWanted) this.#pump()
    })
  }

  async #pumpAll(): Promise<void> {
    while (this.#isPumpWanted) {
      // What else ends in this turn of the event loop shares the commit.
      await nextTurn()
      this.#isPumpWanted = false
      await this.#round()
    }
  }

  /** One commit: what has ended is stored, what is free is filled. */
  async #round(): Promise<void> {
    const { store } = this.#options
    const ended = this.#ended.splice(0, maxBatch)
    const wanted = this.#state === 'working' ? this.#takeSlots() : []
    // See the fourth rule of `Places`.
    const isInDoubt = this.#isInDoubt && this.#places.open === 0
    if (ended.length === 0 && wanted.length === 0 && !isInDoubt) return
    try {
      const claimed = await store.write(async (write) => {
        if (isInDoubt) await returnUnknown(write, { owner: this.owner, known: [...this.#attempts.keys(), ...this.#starting] })
        if (ended.length > 0) await settleJobs(write, ended)
        const taken: ClaimedJob[][] = []
        for (const one of wanted) taken.push(await claimJobs(write, one))
        return taken
      })
      if (isInDoubt) this.#isInDoubt = false
      for (const { job } of ended) this.#forget(job)
      for (const [at, one] of wanted.entries()) this.#begin(one, claimed[at] ?? [])
      if (this.#ended.length > 0) this.#isPumpWanted = true
    } catch (error) {
      this.#afterFailedRound(error, ended)
      for (const { pool, count } of wanted) this.#slots.giveBack(pool, count)
      this.#slots.expect()
    }
  }

  /** Takes slots for what may wait. */
  #takeSlots(): (Wanted & { isKnown: boolean })[] {
    const { types } = this.#options
    return pools.flatMap((pool) => {
      const names = types.namesOf(pool)
      if (names.length === 0) return []
      const { count, isKnown } = this.#slots.takeExpected(pool)
      if (count === 0) return []
      const limitedTypes = names.filter((name) => this.#leases.limited.has(name))
      return [{ owner: this.owner, leaseMs: this.#timing.leaseMs, pool, types: names, limitedTypes, count, isKnown }]
    })
  }

  /** A commit that failed for one job of many must not hold up the others. */
  #afterFailedRound(error: unknown, ended: Settlement[]): void {
    this.#options.log.error({ err: error }, 'a commit of the queue failed; will retry')
    this.#isInDoubt = true
    for (const settlement of ended) this.#track(this.#settler.settle(settlement).then(() => this.#forget(settlement.job)))
    if (this.#state !== 'working') return
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.#expect()
    }, retryMs)
  }

  #begin({ pool, count, isKnown }: { pool: Pool; count: number; isKnown: boolean }, jobs: readonly ClaimedJob[]): void {
    this.#slots.giveBack(pool, count - jobs.length)
    // As many as asked for: there may be more.
    if (jobs.length === count && !isKnown) this.#slots.expect(undefined, pool)
    for (const job of jobs) this.#start(job, pool)
  }

  /** Runs a claimed job in the slot that is taken for it. */
  #start(job: ClaimedJob, pool: Pool): void {
    if (this.#state === 'working') {
      this.#track(this.#run(job, pool))
      return
    }
    this.#slots.giveBack(pool)
    this.#track(this.#giveBack(job, 0))
  }

  /** Puts back a job of which nothing has run. */
  #giveBack(job: ClaimedJob, delayMs: number): Promise<void> {
    return this.#settler.requeue(job, this.types.find(job.type), { kind: 'requeue', delayMs, isCounted: false, lines: [] })
  }

  /** The type of a job that is not in memory. Undefined: it cannot be found now, and the job goes back to the queue. */
  async #lookUpType(job: ClaimedJob, pool: Pool): Promise<RunnableType | undefined> {
    this.#starting.add(job.seq)
    const type = await findTypeOfJob(this.#options.store.db, this.types, job).catch((error) => {
      this.#options.log.warn({ err: error, job: job.id }, 'could not read the type of a job; will retry')
      return undefined
    })
    if (!type) {
      await this.#giveBack(job, retryMs)
      this.#slots.giveBack(pool)
    }
    this.#starting.delete(job.seq)
    return type
  }

  #track(run: Promise<void>): void {
    this.#runs.add(run)
    void run.finally(() => this.#runs.delete(run))
  }

  async #run(job: ClaimedJob, pool: Pool): Promise<void> {
    const type = this.types.find(job.type) ?? (await this.#lookUpType(job, pool))
    if (!type) return
    const startedAt = performance.now()
    const attempt = new RunningAttempt(this.#options, { job, type, folder: join(this.#base, `${job.seq}-${job.attempts}`) })
    this.#attempts.set(job.seq, attempt)
    const end = (await this.#settler.begin(type, job)) ?? (await attempt.run())
    this.#slots.giveBack(pool)
    this.#report(job, end, performance.now() - startedAt)
    if (end.kind === 'settle' && !type.settled) {
      this.#ended.push(makeSettlement({ ...end, job, type }))
    } else {
      if (end.kind === 'settle') await this.#settler.settle(makeSettlement({ ...end, job, type }))
      if (end.kind === 'requeue') await this.#settler.requeue(job, type, end)
      this.#forget(job)
    }
    this.#pump()
  }

  /** The end of an attempt is stored: its claim is not renewed any more. */
  #forget({ seq, claim }: { seq: number; claim: string | null }): void {
    if (this.#attempts.get(seq)?.job.claim === claim) this.#attempts.delete(seq)
  }

  /** One line for each job's end. */
  #report(job: ClaimedJob, end: AttemptEnd, ms: number): void {
    const state = end.kind === 'settle' ? end.outcome.state : end.kind
    this.#options.log.info({ job: job.id, type: job.type, attempt: job.attempts, state, ms: Math.round(ms) }, 'job')
  }
}

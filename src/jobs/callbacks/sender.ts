import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Vault } from '../../auth/secret.ts'
import { DomainError } from '../../base/errors.ts'
import type { OutgoingPolicy } from '../../base/outgoing-policy.ts'
import { persist } from '../../base/retry.ts'
import type { FileStore } from '../../store/files/file-store.ts'
import type { Store } from '../../store/store.ts'
import type { Job, LogEntry } from '../job.ts'
import { findJobById, listLog } from '../job-store.ts'
import { isDead, makeOwner } from '../owner.ts'
import { keyHeader, nextWaitMs, type TryResult, usualWaits, webhookHeaders } from './callback.ts'
import { postCallback } from './post.ts'
import {
  type CallbackEnd,
  type ClaimedCallback,
  claimCallbacks,
  endTry,
  findCallbackJob,
  freeCallbacks,
  listCallbackClaims,
  nextCallbackMs,
  releaseCallback,
} from './store.ts'

/** What results are posted with. */
export interface CallbackTools {
  readonly store: Store
  readonly files: FileStore
  readonly vault: Vault
  readonly log: Logger
  readonly policy: OutgoingPolicy
  /** For one try, from its begin to the end of the answer. */
  readonly timeoutMs: number
  /** As people see them (`whsec_…`), the newest first. */
  readonly secrets: readonly string[]
  /** Tries that this process makes at once. */
  readonly slots: number
  /** The job as receivers know it, without its key. */
  present(job: Job, logs: readonly LogEntry[], files: FileStore): Promise<object>
  /** Milliseconds before each try. */
  readonly waits?: readonly number[]
}

/** A claim outlives its try by so much: the end has to be stored, too. */
const leaseBeyondMs = 20_000
/** In case nobody says that there is something to post. */
const pollMs = 5_000

/**
 * Posts results to their `result_url`, in slots of its own. What is to be posted is written in the commit of the result, so nothing
 * is forgotten by a crash; a claim keeps processes from posting the same at once.
 */
export class CallbackSender {
  readonly #tools: CallbackTools
  readonly #waits: readonly number[]
  readonly #owner = makeOwner()
  readonly #stop = new AbortController()
  readonly #tries = new Set<Promise<void>>()
  /** How many tries are under way to each receiver. */
  readonly #byOrigin = new Map<string, number>()
  /** Of one receiver, before others are asked first. A claim takes no more, so that one receiver never gets twice as many. */
  readonly #share: number
  /** Claims whose commit was not answered: it may have happened all the same, and what it took is not tried here. */
  readonly #doubtful = new Set<string>()
  #first = 0
  #again = 0
  #unlisten: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isLookWanted = false
  #isStopping = false

  constructor(tools: CallbackTools) {
    this.#tools = tools
    this.#waits = tools.waits ?? usualWaits
    this.#share = Math.ceil(tools.slots / 8)
  }

  /** Begins to post. What crashed processes of this machine were about to post is due at once. */
  async start(): Promise<void> {
    const { store } = this.#tools
    const dead = (await listCallbackClaims(store.db)).filter(isDead)
    if (dead.length > 0) await store.write((write) => freeCallbacks(write, dead))
    this.#unlisten = store.listen('callbacks', () => this.#look())
    this.#look()
  }

  /** Stops: nothing new is posted, what is under way gets `graceMs`, then it is given back as if it had not been tried. */
  async stop({ graceMs }: { graceMs: number }): Promise<void> {
    this.#isStopping = true
    this.#unlisten?.()
    clearTimeout(this.#timer)
    const abort = setTimeout(() => this.#stop.abort('shutdown'), graceMs)
    await this.#looking
    await Promise.all(this.#tries)
    clearTimeout(abort)
  }

  #look(): void {
    this.#isLookWanted = true
    if (this.#isStopping) return
    this.#looking ??= this.#lookOften().finally(() => {
      this.#looking = undefined
    })
  }

  async #lookOften(): Promise<void> {
    clearTimeout(this.#timer)
    let waitMs = pollMs
    while (this.#isLookWanted && !this.#isStopping) {
      this.#isLookWanted = false
      waitMs = await this.#fill().catch((error) => {
        this.#tools.log.warn({ err: error }, 'results cannot be posted now')
        return pollMs
      })
    }
    if (this.#isStopping) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), Math.min(waitMs, pollMs))
    this.#timer.unref()
  }

  /** Fills the free slots, retries at most half of all. Returns after how many milliseconds to look again. */
  async #fill(): Promise<number> {
    const { store, slots, timeoutMs } = this.#tools
    const free = slots - this.#first - this.#again
    // A try that ends looks again.
    if (free <= 0) return pollMs
    const waitMs = (await nextCallbackMs(store.db, store.dialect)) ?? pollMs
    if (waitMs > 0 && this.#doubtful.size === 0) return waitMs
    const most = Math.min(free, this.#share)
    const again = Math.max(0, Math.min(most, Math.ceil(slots / 2) - this.#again))
    const busy = [...this.#byOrigin].filter(([, tries]) => tries >= this.#share).map(([origin]) => origin)
    const claim = `${this.#owner}/${randomUUID()}`
    const doubtful = [...this.#doubtful]
    this.#doubtful.add(claim)
    const claimed = await store.write(async (write) => {
      if (doubtful.length > 0) await freeCallbacks(write, doubtful)
      return claimCallbacks(write, { claim, leaseMs: timeoutMs + leaseBeyondMs, first: most, again, busy })
    })
    this.#doubtful.clear()
    for (const one of claimed) this.#begin(one)
    if (claimed.length > 0) this.#isLookWanted = true
    return pollMs
  }

  #begin(callback: ClaimedCallback): void {
    this.#count(callback, 1)
    const running = this.#try(callback)
      .catch((error) => this.#tools.log.error({ err: error, seq: callback.jobSeq }, 'a result was not posted; it will be when its claim has run out'))
      .finally(() => {
        this.#tries.delete(running)
        this.#count(callback, -1)
        this.#look()
      })
    this.#tries.add(running)
  }

  #count({ tries, origin }: ClaimedCallback, change: 1 | -1): void {
    if (tries === 1) this.#first += change
    else this.#again += change
    const underWay = (this.#byOrigin.get(origin) ?? 0) + change
    if (underWay > 0) this.#byOrigin.set(origin, underWay)
    else this.#byOrigin.delete(origin)
  }

  async #try(callback: ClaimedCallback): Promise<void> {
    const { log } = this.#tools
    const startedAt = performance.now()
    const result = await this.#post(callback).catch(stoppedByStore)
    if (result === 'gone') return
    if (result === 'stopped') return this.#persist((write) => releaseCallback(write, callback))
    const ms = Math.round(performance.now() - startedAt)
    const end = this.#endOf(callback, result)
    // Not in the job's log, which is its function's own.
    log.info({ seq: callback.jobSeq, try: callback.tries, state: end.state, ms, ...('error' in end && { error: end.error }) }, 'callback')
    await this.#persist(async (write) => {
      if (!(await endTry(write, callback, end))) throw new LateTry(`callback ${callback.webhookId} was taken from this process`)
      write.wake('posted')
    })
  }

  #endOf(callback: ClaimedCallback, result: TryResult): CallbackEnd {
    if (result.kind === 'delivered') return { state: 'delivered' }
    const error = result.text
    const options = { waits: this.#waits, retryAfterMs: result.retryAfterMs, random: Math.random }
    const delayMs = result.isFinal ? undefined : nextWaitMs(callback.tries, options)
    return delayMs === undefined ? { state: 'failed', error } : { state: 'waiting', error, delayMs }
  }

  async #post(callback: ClaimedCallback): Promise<TryResult | 'gone' | 'stopped'> {
    const { store, files, vault, secrets, present } = this.#tools
    // Its processes have died each time: this one does not try it once more.
    if (callback.tries > this.#waits.length) return failedForGood('its last try was lost with its process')
    const own = await findCallbackJob(store.db, callback.jobSeq)
    const job = own && (await findJobById(store.db, own.id))
    if (!own || job?.seq !== callback.jobSeq || job.resultUrl === null) return 'gone'
    const key = own.apiKeySealed === null ? {} : keyHeader(JSON.parse(vault.open(own.apiKeySealed)))
    if (!key) return failedForGood('the api_key cannot stand in a header')
    const shown = await present(job, await listLog(store.db, job.seq), files)
    const body = JSON.stringify({ ...shown, job_key: job.keySealed === null ? null : vault.open(job.keySealed) })
    const signed = webhookHeaders({ id: callback.webhookId, at: Date.now(), body }, secrets)
    return postCallback({
      policy: this.#tools.policy,
      url: job.resultUrl,
      headers: { ...key, 'content-type': 'application/json', ...signed },
      body,
      timeoutMs: this.#tools.timeoutMs,
      signal: this.#stop.signal,
    })
  }

  /** Stores how a try ended. Tries again while the store does not answer, until the process stops or the claim is lost. */
  async #persist(run: Parameters<Store['write']>[0]): Promise<void> {
    try {
      await persist(
        () => this.#tools.store.write(run),
        () => !this.#stop.signal.aborted,
      )
    } catch (error) {
      if (!(error instanceof LateTry)) throw error
      this.#tools.log.warn({ err: error }, 'a late end of a callback was refused')
    }
  }
}

/** The claim did not count any more. Undoes the write that noticed it. */
class LateTry extends Error {
  override readonly name = 'LateTry'
}

/** The store did not say what to post: nothing was tried. */
function stoppedByStore(error: unknown): 'stopped' {
  if (error instanceof DomainError && error.code === 'unavailable') return 'stopped'
  throw error
}

const failedForGood = (text: string): TryResult => ({ kind: 'failed', text, isFinal: true, retryAfterMs: 0 })

import { Worker } from 'node:worker_threads'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { DomainError, unavailable } from '../../../base/errors.ts'
import type { Actor } from '../../../context.ts'
import type { DatabasePlace } from '../../../store/snapshots.ts'
import type { Store } from '../../../store/store.ts'
import type { SearchRebuild } from '../rebuild.ts'
import type { SearchAnswer, SearchEngine, SearchRequest } from '../search.ts'
import { sqlSearch } from '../sql/engine.ts'
import type { FromThread, ThreadData, ToThread } from './worker.ts'

const ownProgram = new URL('./worker.ts', import.meta.url)

/** With fewer datasets SQL answers in a few milliseconds, and a thread would waste memory. */
const minDatasets = 2000
/** Searches that may wait for the thread. */
const maxWaiting = 500
const lookEveryMs = 2000
const firstPauseMs = 500
const maxPauseMs = 60_000
const closeGraceMs = 2500
/** Mebibytes for short-lived values. The thread makes few of them; the default of Node would reserve several times as much. */
const youngMb = 8

export interface SearchThreadOptions {
  readonly place: DatabasePlace
  readonly log: Logger
  /** The thread is started for a catalogue of this size. */
  readonly minDatasets?: number
  readonly program?: URL
  /** While it runs, SQL answers the searches that do not depend on it. */
  readonly rebuild?: SearchRebuild
}

interface Waiting {
  readonly resolve: (answer: SearchAnswer) => void
  readonly reject: (error: unknown) => void
}

/** Thrown when the thread has ended or failed; SQL answers instead. */
class ThreadLost extends Error {}

/**
 * Searches in a thread of its own, which holds the catalogue's values in memory and follows its changes; the caller's
 * thread stays free. SQL answers while the catalogue is small, until the thread has loaded, and when it has failed.
 */
export class SearchThread implements SearchEngine {
  readonly #options: SearchThreadOptions
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #ready = Promise.withResolvers<void>()
  #isReady = false
  #isClosed = false
  #lastId = 0
  #failures = 0
  #nextLookAt = 0

  constructor(options: SearchThreadOptions) {
    this.#options = options
  }

  /** Fulfilled when the current thread, or the next one, has loaded. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  async search(ctx: Parameters<SearchEngine['search']>[0], request: SearchRequest): Promise<SearchAnswer> {
    this.#options.rebuild?.requireFor(request)
    if (this.#isReady) {
      try {
        return await this.#ask(ctx.actor, request)
      } catch (error) {
        if (!(error instanceof ThreadLost)) throw error
      }
    }
    const answer = await sqlSearch.search(ctx, request)
    void this.startIfLarge(ctx.store)
    return answer
  }

  get rebuild(): SearchRebuild | undefined {
    return this.#options.rebuild
  }

  /** Starts the thread when the catalogue is large enough; counts the datasets at most every two seconds. */
  async startIfLarge({ db }: Pick<Store, 'db'>): Promise<void> {
    const now = performance.now()
    if (this.#worker || this.#isClosed || this.#options.rebuild?.isRunning || now < this.#nextLookAt) return
    this.#nextLookAt = now + lookEveryMs
    try {
      const { rows } = await sql<{ no: number | null }>`select max(no) as no from dataset`.execute(db)
      if ((rows[0]?.no ?? 0) >= (this.#options.minDatasets ?? minDatasets)) this.#start()
    } catch (error) {
      if (!this.#isClosed) this.#options.log.warn({ err: error }, 'the search thread could not be started; SQL answers')
    }
  }

  /** Ends the thread; searches that it has received are answered before, within `closeGraceMs`. */
  async close(): Promise<void> {
    this.#isClosed = true
    const worker = this.#worker
    if (!worker) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.postMessage({ kind: 'close' } satisfies ToThread)
    const timer = setTimeout(() => void worker.terminate(), this.#isReady ? closeGraceMs : 0)
    await ended
    clearTimeout(timer)
  }

  #start(): void {
    if (this.#worker || this.#isClosed) return
    const { place, program = ownProgram, log } = this.#options
    const workerData: ThreadData = { place }
    const worker = new Worker(program, { workerData, name: 'search', resourceLimits: { maxYoungGenerationSizeMb: youngMb } })
    this.#worker = worker
    worker.on('message', (message: FromThread) => this.#receive(message))
    worker.on('error', (error) => log.warn({ err: error }, 'the search thread has failed; SQL answers until it is back'))
    worker.on('exit', () => this.#lose())
  }

  #ask(actor: Actor, request: SearchRequest): Promise<SearchAnswer> {
    if (this.#waiting.size >= maxWaiting) throw unavailable('too many searches at once; try again')
    const id = ++this.#lastId
    return new Promise<SearchAnswer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker?.postMessage({ kind: 'search', id, actor, request } satisfies ToThread)
    })
  }

  #receive(message: FromThread): void {
    if (message.kind === 'ready') {
      this.#isReady = true
      this.#ready.resolve()
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.kind === 'answer') {
      this.#failures = 0
      waiting?.resolve(message.answer)
    } else if (message.kind === 'refused') waiting?.reject(new DomainError(message.code, message.message, { fields: message.fields }))
    else {
      this.#options.log.error({ reason: message.message }, 'the search thread could not answer; SQL does')
      waiting?.reject(new ThreadLost())
    }
  }

  /** SQL answers the searches that were sent to the thread; a later search starts a new one, after a pause that grows with each failure. */
  #lose(): void {
    this.#worker = undefined
    if (this.#isReady) this.#ready = Promise.withResolvers<void>()
    this.#isReady = false
    this.#nextLookAt = performance.now() + Math.min(maxPauseMs, firstPauseMs * 2 ** this.#failures++)
    for (const waiting of this.#waiting.values()) waiting.reject(new ThreadLost())
    this.#waiting.clear()
  }
}

import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { unavailable } from '../../base/errors.ts'
import type { Store } from '../../store/store.ts'
import { lockDataset } from '../dataset/store.ts'
import type { Query } from './query.ts'
import {
  countAfter,
  endRebuild,
  findRebuildPoint,
  listNosAfter,
  lockRebuildPoint,
  rewriteLabels,
  rewriteSearchForms,
  saveRebuildPoint,
} from './rebuild-store.ts'
import type { SearchRequest } from './search.ts'

/** Datasets of one write. Other writers wait until it ends. */
const datasetsPerWrite = 10
const retryMs = 5000

/**
 * After an upgrade: writes the words of each dataset in the form in which searches look for them. The database stores the progress, so that it
 * continues after a stop, and several processes take turns. Searches that depend on it are refused meanwhile; all other calls are answered.
 */
export class SearchRebuild {
  readonly #store: Store
  readonly #log: Logger
  readonly #stop = new AbortController()
  #left = 0
  #isRunning = false
  #end: Promise<void> = Promise.resolve()

  constructor(store: Store, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** Datasets that are still in the old form; 0 when searches are complete. */
  get left(): number {
    return this.#isRunning ? Math.max(1, this.#left) : 0
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Continues where an earlier process has stopped, if datasets are left. Returns as soon as that is known; the work continues. */
  async start(then?: () => void): Promise<void> {
    const point = await findRebuildPoint(this.#store.db)
    if (point === undefined) return
    this.#left = await countAfter(this.#store.db, point)
    this.#isRunning = true
    this.#log.info({ datasets: this.#left }, 'search is being rebuilt; searches for words are refused until it is done')
    this.#end = this.#run().then(() => {
      if (!this.#isRunning) then?.()
    })
  }

  /** Ends after the current write. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#end
  }

  /** Fulfilled when the rebuild is complete or was stopped. */
  get ended(): Promise<void> {
    return this.#end
  }

  /** Throws `unavailable` for a search that depends on what is being rebuilt: its answer would lack datasets. */
  requireFor(request: Pick<SearchRequest, 'query' | 'filter' | 'facets'>): void {
    if (this.#isRunning && (isAffected(request.query) || isAffected(request.filter) || request.facets.includes('res_format'))) this.requireEnd()
  }

  /** Throws `unavailable` while it runs. */
  requireEnd(): void {
    if (!this.#isRunning) return
    throw unavailable(
      `search is being rebuilt after an upgrade, ${this.#left} datasets are left; until then only lists and searches by name, tags, groups, organization and time are answered`,
    )
  }

  async #run(): Promise<void> {
    while (this.#isRunning && !this.#stop.signal.aborted) {
      const from = performance.now()
      let restMs = retryMs
      try {
        await this.#step()
        // Waits as long as the write took, so that other writers get half of the time.
        restMs = performance.now() - from
      } catch (error) {
        this.#log.error({ err: error }, 'could not rebuild search; will retry')
      }
      if (this.#isRunning) await pause(restMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined)
    }
  }

  async #step(): Promise<void> {
    const { dialect } = this.#store
    const done = await this.#store.write(async ({ db }) => {
      const point = await lockRebuildPoint(db, dialect)
      if (point === undefined) return undefined
      if (point === 0) await rewriteLabels(db)
      const nos = await listNosAfter(db, point, datasetsPerWrite)
      for (const no of nos) await rewriteSearchForms(db, dialect, await lockDataset(db, dialect, no))
      const last = nos.at(-1)
      if (last === undefined) await endRebuild(db)
      else await saveRebuildPoint(db, last)
      return nos.length
    })
    this.#left = Math.max(0, this.#left - (done ?? 0))
    if (done === undefined || done === 0) {
      this.#isRunning = false
      this.#log.info('search is rebuilt')
    }
  }
}

/** Fields whose values are the same in the old form. */
const unaffected = new Set(
  'id name tags tag groups organization owner_org private capacity state type dataset_type creator_user_id revision_id'.split(' '),
)

function isAffected(query: Query): boolean {
  switch (query.kind) {
    case 'words':
      return true
    case 'field':
      return !unaffected.has(query.field)
    case 'not':
      return isAffected(query.query)
    case 'and':
    case 'or':
      return query.queries.some(isAffected)
    default:
      return false
  }
}

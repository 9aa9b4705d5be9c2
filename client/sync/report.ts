import type { SyncFault } from './fault.ts'

/** What was done, or would be done, with one dataset, group or organization. */
export interface SyncItem {
  kind: 'dataset' | 'group' | 'organization'
  action: 'create' | 'update' | 'delete' | 'unchanged' | 'skip'
  status: 'ok' | 'failed'
  /** Id of the record in the source; the name of a group or organization; null if the record has none. */
  sourceId: string | null
  /** Null for what does not exist (yet). */
  ckanId: string | null
  /** Its name in the catalogue; of one that is unchanged or failed, its name in the source. */
  name: string | null
  /** Fields that an update changed. */
  changedFields: string[]
  error: SyncItemError | null
}

/** Why an item failed. */
export interface SyncItemError {
  /** INVALID_DATA, DUPLICATE_ID, UNKNOWN_GROUP, UNKNOWN_ORGANIZATION, or the code of a CkanError. */
  code: string
  message: string
  /** HTTP status of the answer, if there was one. */
  status: number | null
  /** Of a refused record: path of the field to messages. */
  fields?: Record<string, string[]>
}

/** How many items ended how. */
export interface SyncCounts {
  created: number
  updated: number
  deleted: number
  unchanged: number
  skipped: number
  failed: number
}

/** What a run did. */
export interface SyncReport {
  source: string
  runId: string
  dryRun: boolean
  incremental: boolean
  /** `partial`: some items failed; `aborted`: the run ended before its work was done. */
  status: 'complete' | 'partial' | 'aborted'
  /** ISO. */
  startedAt: string
  finishedAt: string
  durationMs: number
  organizations: SyncCounts
  groups: SyncCounts
  datasets: SyncCounts
  /** The first 1000 failed items. */
  errors: SyncItem[]
  errorsTruncated: boolean
  /** All items with `collectItems`, else none. */
  items: SyncItem[]
}

export type SyncPhase = 'organizations' | 'groups' | 'index' | 'delete' | 'datasets' | 'done'

/** How far a run is. */
export interface SyncProgress extends SyncCounts {
  phase: SyncPhase
  /** Things done in this phase. */
  done: number
  /** Things to do in this phase; null where a stream or catalogue does not say. */
  total: number | null
  /** Things done in a second, over the whole phase. */
  perSecond: number
  etaSeconds: number | null
}

const MAX_ERRORS = 1000
const COUNTERS = { create: 'created', update: 'updated', delete: 'deleted', unchanged: 'unchanged', skip: 'skipped' } as const
const ROOMS = { dataset: 'datasets', group: 'groups', organization: 'organizations' } as const
const noCounts = (): SyncCounts => ({ created: 0, updated: 0, deleted: 0, unchanged: 0, skipped: 0, failed: 0 })

/** What is known of a run when it begins. */
export interface ReportHead {
  source: string
  runId: string
  dryRun: boolean
  incremental: boolean
  collectItems: boolean
}

/** Receives each item as soon as it is known. A promise holds up the run. */
export type ItemSink = (item: SyncItem) => Promise<void>

/** Counts items, keeps the report, and says how far the run is. */
export class Reporter {
  readonly #report: SyncReport
  readonly #sink: ItemSink
  readonly #onProgress: (progress: SyncProgress) => void
  readonly #collectItems: boolean
  readonly #startedMs = performance.now()
  #phase: { name: SyncPhase; done: number; total: number | null; startedMs: number }

  constructor({ collectItems, ...head }: ReportHead, sink: ItemSink, onProgress: (progress: SyncProgress) => void) {
    const startedAt = new Date().toISOString()
    const counts = { organizations: noCounts(), groups: noCounts(), datasets: noCounts() }
    const ending = { status: 'aborted' as const, startedAt, finishedAt: startedAt, durationMs: 0 }
    this.#report = { ...head, ...ending, ...counts, errors: [], errorsTruncated: false, items: [] }
    this.#sink = sink
    this.#onProgress = onProgress
    this.#collectItems = collectItems
    this.#phase = { name: 'organizations', done: 0, total: null, startedMs: this.#startedMs }
  }

  get startedAt(): string {
    return this.#report.startedAt
  }

  get failed(): number {
    const { organizations, groups, datasets } = this.#report
    return organizations.failed + groups.failed + datasets.failed
  }

  /** Begins a phase of so many things; null if that is not known. */
  begin(name: SyncPhase, total: number | null): void {
    this.#phase = { name, done: 0, total, startedMs: performance.now() }
    this.#progress()
  }

  /** Counts things of the phase that are no items. */
  advance(things: number): void {
    this.#phase.done += things
    this.#progress()
  }

  async add(item: SyncItem): Promise<void> {
    const { errors } = this.#report
    const counts = this.#report[ROOMS[item.kind]]
    counts[item.status === 'failed' ? 'failed' : COUNTERS[item.action]]++
    if (item.status === 'failed') {
      if (errors.length < MAX_ERRORS) errors.push(item)
      else this.#report.errorsTruncated = true
    }
    if (this.#collectItems) this.#report.items.push(item)
    this.advance(1)
    await this.#sink(item)
  }

  /** The report at the end. */
  finish(isDone: boolean): SyncReport {
    if (isDone) this.#report.status = this.failed > 0 ? 'partial' : 'complete'
    this.#report.finishedAt = new Date().toISOString()
    this.#report.durationMs = Math.round(performance.now() - this.#startedMs)
    return this.#report
  }

  #progress(): void {
    const { name: phase, done, total, startedMs } = this.#phase
    const { datasets, groups, organizations } = this.#report
    const sums = noCounts()
    for (const counts of [datasets, groups, organizations]) for (const name of COUNTER_NAMES) sums[name] += counts[name]
    const seconds = (performance.now() - startedMs) / 1000
    const perSecond = seconds > 0 ? done / seconds : 0
    const etaSeconds = total === null || perSecond === 0 ? null : Math.max(0, total - done) / perSecond
    this.#onProgress({ phase, done, total, ...sums, perSecond, etaSeconds })
  }
}

const COUNTER_NAMES = ['created', 'updated', 'deleted', 'unchanged', 'skipped', 'failed'] as const

/** What an item says beside its kind and action. */
export type ItemValues = Partial<Pick<SyncItem, 'sourceId' | 'ckanId' | 'name' | 'changedFields'>>

const NOTHING = { sourceId: null, ckanId: null, name: null, changedFields: [], error: null }

/** An item that went well. */
export function itemOf(kind: SyncItem['kind'], action: SyncItem['action'], values: ItemValues): SyncItem {
  return { kind, action, status: 'ok', ...NOTHING, ...values }
}

/** An item that failed. */
export function failedItem(kind: SyncItem['kind'], action: SyncItem['action'], { fault, ...values }: ItemValues & { fault: SyncFault }): SyncItem {
  return { ...itemOf(kind, action, values), status: 'failed', error: fault.toItemError() }
}

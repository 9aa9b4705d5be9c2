import { copyJson, isRecord, type PlainRecord } from '../record.ts'
import { textOf } from './fault.ts'
import { Halt } from './halt.ts'

/** Keeps JSON values under keys, for runs that are resumed. */
export interface StateStore {
  /** The value, or undefined or null if there is none. */
  get(key: string): Promise<unknown>
  set(key: string, value: PlainRecord): Promise<void>
  delete(key: string): Promise<void>
}

/** What is kept of the last run of a source. */
export interface SyncState {
  version: 1
  runId: string
  /** When the run began, ISO. A resumed run keeps it. */
  startedAt: string
  /** Records from the start of the source that are all finished without failure. */
  position: number
  /** Whether the run ended without failure. */
  complete: boolean
  /** When the last run without failure began, ISO: what changed since then has to be read by the next incremental run. */
  lastCompleteStartedAt: string | null
}

/** A state store that lives as long as the program. */
export class MemoryStateStore implements StateStore {
  readonly #values = new Map<string, unknown>()

  async get(key: string): Promise<unknown> {
    return copyJson(this.#values.get(key))
  }

  async set(key: string, value: PlainRecord): Promise<void> {
    this.#values.set(key, copyJson(value))
  }

  async delete(key: string): Promise<void> {
    this.#values.delete(key)
  }
}

/** The key of a source's state. */
export const stateKey = (sourceName: string) => `millrace-sync:${sourceName}`

/** The state of a source; null if there is none.
 * @throws TypeError if it is not in the form of this version.
 */
export function parseState(value: unknown): SyncState | null {
  if (value === undefined || value === null) return null
  if (isRecord(value) && value['version'] === 1 && isState(value)) return value
  throw new TypeError('the saved state is not one of this version; delete it to begin anew')
}

function isState(value: PlainRecord): value is PlainRecord & SyncState {
  const { runId, startedAt, position, complete, lastCompleteStartedAt: last } = value
  const isPosition = Number.isSafeInteger(position) && Number(position) >= 0
  return (
    typeof runId === 'string' &&
    typeof startedAt === 'string' &&
    isPosition &&
    typeof complete === 'boolean' &&
    (last === null || typeof last === 'string')
  )
}

/** Counts the records from the start of a source that are all finished without failure. Records finish in any order. */
export class Position {
  #next: number
  /** Finished ones behind a gap. After the first failure none are kept, so that there are no more than records under way. */
  readonly #ahead = new Set<number>()
  #firstFailure = Infinity

  constructor(start: number) {
    this.#next = start
  }

  get value(): number {
    return this.#next
  }

  finish(record: number, isOk: boolean): void {
    if (!isOk) this.#firstFailure = Math.min(this.#firstFailure, record)
    else if (record >= this.#next && record < this.#firstFailure) this.#ahead.add(record)
    while (this.#ahead.delete(this.#next)) this.#next++
  }
}

/** Saves how far a run has come. */
export class Checkpoints {
  readonly #store: StateStore | undefined
  readonly #key: string
  readonly #every: number
  readonly #position: Position
  readonly #state: SyncState
  #unsaved = 0
  #writing: Promise<void> = Promise.resolve()

  /** Without a store nothing is saved. */
  constructor(store: StateStore | undefined, { key, every, state }: { key: string; every: number; state: SyncState }) {
    this.#store = store
    this.#key = key
    this.#every = every
    this.#state = state
    this.#position = new Position(state.position)
  }

  /** Records that a run before this one has finished. */
  get start(): number {
    return this.#state.position
  }

  /** Notes the end of a record, counted from 0 at the start of the source. */
  async finish(record: number, isOk: boolean): Promise<void> {
    this.#position.finish(record, isOk)
    if (++this.#unsaved >= this.#every) await this.save()
  }

  /** Saves the position. */
  save(): Promise<void> {
    this.#unsaved = 0
    return this.#write({ ...this.#state, position: this.#position.value })
  }

  /** Saves the end of a run without failure: the next one begins anew. */
  complete(): Promise<void> {
    return this.#write({ ...this.#state, position: 0, complete: true, lastCompleteStartedAt: this.#state.startedAt })
  }

  /** One write after the other, so that an older position never replaces a newer one. */
  #write(state: SyncState): Promise<void> {
    const written = this.#writing.then(() => this.#store?.set(this.#key, { ...state }))
    this.#writing = written.catch(() => undefined)
    return written.catch((error: unknown) => {
      throw new Halt('STATE_FAILED', `the state of the run cannot be saved: ${textOf(error)}`, error)
    })
  }
}

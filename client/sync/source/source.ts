import { orAborted } from '../../abort.ts'
import { isRecord } from '../../record.ts'
import { textOf } from '../fault.ts'
import { Halt } from '../halt.ts'

/** Records of a source: by key, as a list, or as a stream. */
export type SyncRecords = Record<string, object> | Iterable<object> | AsyncIterable<object>

/** A whole source. Datasets name their `groups` and `owner_org` by the names of the source. */
export interface SyncData {
  /** Organizations by name. */
  organizations?: SyncRecords
  /** The same as `organizations`. */
  organization?: SyncRecords
  /** Groups by name. */
  groups?: SyncRecords
  /** The same as `groups`. */
  group?: SyncRecords
  /** Datasets by source id: the key, else the `id` of each. One with `state: 'deleted'` says that it was deleted. */
  datasets?: SyncRecords
  /** The same as `datasets`. */
  dataset?: SyncRecords
}

/** One record of a source, and its key where the source has keys. */
export interface SourceRecord {
  key: string | null
  value: unknown
}

/** What only a source can know. A stream may have it under this symbol. */
export const SOURCE_FACTS = Symbol('facts of a source')

export interface SourceFacts {
  /** Whether records are missing on purpose: then what is missing has not vanished. */
  readonly isPartial: boolean
  /** Whether the source still has a record, whatever its stream gave. */
  has(sourceId: string, signal: AbortSignal): Promise<boolean>
}

/** Records that are read one at a time. */
export interface Source {
  /** All records, where they are in memory already. */
  readonly list: readonly SourceRecord[] | null
  readonly facts: SourceFacts | null
  /** The next record; null at the end. Rejects with the signal's reason after an abort. */
  next(signal: AbortSignal): Promise<SourceRecord | null>
  /** Lets the source go before its end. */
  close(): Promise<void>
}

/** The next record; null at the end.
 * @throws Halt SOURCE_FAILED if the source fails.
 */
export async function nextRecord(source: Source, signal: AbortSignal): Promise<SourceRecord | null> {
  try {
    return await source.next(signal)
  } catch (error) {
    if (signal.aborted) throw error
    throw new Halt('SOURCE_FAILED', `the source failed: ${textOf(error)}`, error)
  }
}

/** Opens records. `what` is for messages.
 * @throws TypeError if they are neither a plain object nor iterable.
 */
export function openSource(records: SyncRecords, what: string): Source {
  if (typeof records !== 'object' || records === null) throw wrongRecords(what, records)
  if (isRecord(records) && !(Symbol.iterator in records) && !(Symbol.asyncIterator in records)) {
    const keyed = Object.entries(records).map(([key, value]): SourceRecord => ({ key, value }))
    return openList(keyed)
  }
  if (Array.isArray(records)) return openList(records.map((value: unknown): SourceRecord => ({ key: null, value })))
  return new StreamSource(records, what)
}

function openList(list: SourceRecord[]): Source {
  let at = 0
  return { list, facts: null, next: async () => list[at++] ?? null, close: async () => undefined }
}

class StreamSource implements Source {
  readonly list = null
  readonly facts: SourceFacts | null
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>
  #turn: Promise<unknown> = Promise.resolve()
  #isWaiting = false
  #isDone = false

  constructor(records: object, what: string) {
    this.facts = readFacts(records)
    this.#iterator = iteratorOf(records, what)
  }

  /** One call after the other: an iterator need not bear two at once. */
  next(signal: AbortSignal): Promise<SourceRecord | null> {
    const turn = this.#turn.then(() => this.#read(signal))
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** An iterator with a pending `next()` may never answer, so `return()` is called and not awaited. */
  async close(): Promise<void> {
    if (this.#isDone) return
    this.#isDone = true
    const closed = Promise.resolve(this.#iterator.return?.()).catch(() => undefined)
    if (!this.#isWaiting) await closed
  }

  async #read(signal: AbortSignal): Promise<SourceRecord | null> {
    if (this.#isDone) return null
    signal.throwIfAborted()
    const { done, value } = await this.#step(signal)
    if (!done) return { key: null, value: await value }
    this.#isDone = true
    return null
  }

  async #step(signal: AbortSignal): Promise<IteratorResult<unknown>> {
    this.#isWaiting = true
    try {
      const next = this.#iterator.next()
      const result = 'then' in next ? await orAborted(Promise.resolve(next), signal) : next
      this.#isWaiting = false
      return result
    } catch (error) {
      // What throws has ended; what was given up still has to be closed.
      if (!signal.aborted) this.#isDone = true
      throw error
    }
  }
}

function iteratorOf(records: object, what: string): Iterator<unknown> | AsyncIterator<unknown> {
  if (Symbol.asyncIterator in records && typeof records[Symbol.asyncIterator] === 'function')
    return (records as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  if (Symbol.iterator in records && typeof records[Symbol.iterator] === 'function') return (records as Iterable<unknown>)[Symbol.iterator]()
  throw wrongRecords(what, records)
}

function readFacts(records: object): SourceFacts | null {
  return SOURCE_FACTS in records ? (records[SOURCE_FACTS] as SourceFacts) : null
}

const wrongRecords = (what: string, got: unknown) =>
  new TypeError(`${what} must be a plain object, a list, an iterable or an async iterable; got ${got === null ? 'null' : typeof got}`)

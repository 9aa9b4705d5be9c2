import type { Kysely } from 'kysely'
import type { Dialect } from './dialect.ts'
import type { Schema } from './tables/schema.ts'

/** Typed access to the tables, on either database. `*-store.ts` functions take one and do not care whether it reads or writes. */
export type Db = Kysely<Schema>

/** What a row of the change feed is about; its `id` is that thing's UUID (or flow id). */
export type ChangeKind = 'dataset' | 'group' | 'user' | 'flow' | 'job_type'

/**
 * Something that waits for work: woken after commits that call `Write.wake` with its name. `work` and `sync`: a job has come to wait for a
 * slot of that pool; `jobs`: anything else about the queue has changed.
 */
export type Channel = 'jobs' | 'work' | 'sync' | 'finished' | 'posted' | 'cancelled' | 'callbacks'

/** Called after commits that woke a channel, with the ids that they named; undefined: anything may have happened, look for yourself. */
export type Listener = (ids: ReadonlySet<string> | undefined) => void

/** One write transaction, as its function sees it. */
export interface Write {
  /** The only handle that may be used inside the write. */
  readonly db: Db
  /** What the database of this write says differently. */
  readonly dialect: Dialect
  /** Takes a change number for this write, as its last statement before the commit. */
  change(kind: ChangeKind, id: string, what: 'created' | 'updated' | 'deleted'): void
  /**
   * Wakes whoever waits on the channel, in every process, after the commit; listeners in this process are told the id. Wakes may be
   * lost: poll as well.
   */
  wake(channel: Channel, id?: string): void
}

export interface WriteOptions {
  /** For a rule that spans rows and has no key to hold it. PostgreSQL only; SQLite's writer is alone anyway. */
  serializable?: boolean
}

/**
 * The database of the hub: SQLite or PostgreSQL with the same behaviour.
 *
 * `write` is the one way to change something: all of it or nothing, acknowledged after it is on disk. The function
 * awaits nothing but `write.db`, and may run more than once (PostgreSQL retries deadlocks). A `write` inside joins the outer one.
 * Using `db` or `read` inside a write throws. Errors: `DuplicateKey` for unique keys, `unavailable` when the database does not answer.
 */
export interface Store {
  readonly dialect: Dialect
  /** For single statements that only read; sees everything committed before. */
  readonly db: Db
  write<T>(run: (write: Write) => Promise<T>, options?: WriteOptions): Promise<T>
  /** A snapshot: all statements of the function see the same commits. */
  read<T>(run: (db: Db) => Promise<T>): Promise<T>
  /**
   * Another number than before once anybody, in any process, has committed; next to free to ask.
   * Undefined where asking costs as much as a look-up (PostgreSQL).
   */
  version(): number | undefined
  /** Calls the listener after commits that woke the channel, here or in another process. Returns what ends it. */
  listen(channel: Channel, listener: Listener): () => void
  close(): Promise<void>
}

import type { Kysely } from 'kysely'
import type { Dialect } from './dialect.ts'
import type { Schema } from './tables/schema.ts'

/** Typed access to the tables, on either database. The functions of `*-store.ts` take one; it may belong to a read or a write. */
export type Db = Kysely<Schema>

/** What a row of the change feed is about; its `id` is that thing's UUID (or flow id). */
export type ChangeKind = 'dataset' | 'group' | 'user' | 'flow' | 'job_type'

/**
 * A channel that is woken after commits that call `Write.wake` with its name. `work` and `sync`: a job now waits for a
 * slot of that pool; `jobs`: anything else about the queue has changed.
 */
export type Channel = 'jobs' | 'work' | 'sync' | 'finished' | 'posted' | 'cancelled' | 'callbacks'

/** Called after commits that woke a channel, with the ids that they named. Undefined: any row may have changed, so query the database. */
export type Listener = (ids: ReadonlySet<string> | undefined) => void

/** One write transaction, as its function sees it. */
export interface Write {
  /** The only handle that may be used inside the write. */
  readonly db: Db
  /** The SQL dialect of this write's database. */
  readonly dialect: Dialect
  /** Records a change in the feed. It gets its number in the last statement before the commit. */
  change(kind: ChangeKind, id: string, what: 'created' | 'updated' | 'deleted'): void
  /**
   * Wakes the listeners of the channel in every process after the commit; listeners in this process receive the id. Wakes may be
   * lost: poll as well.
   */
  wake(channel: Channel, id?: string): void
}

export interface WriteOptions {
  /** Locks a name until the commit, for a rule over several rows that no key enforces. PostgreSQL only: SQLite has one writer. */
  serializable?: boolean
}

/**
 * The database of the hub: SQLite or PostgreSQL with the same behaviour.
 *
 * `write` is the only way to change data. It is atomic and returns after the change is on disk. The function
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
   * A number that changes with every commit of any process. Reading it costs almost nothing.
   * Undefined where reading it costs as much as a query (PostgreSQL).
   */
  version(): number | undefined
  /** Calls the listener after commits that woke the channel, in this or another process. Returns a function that unsubscribes. */
  listen(channel: Channel, listener: Listener): () => void
  close(): Promise<void>
}

import { type RawBuilder, sql } from 'kysely'
import type { Logger } from 'pino'
import { unavailable } from '../base/errors.ts'
import { type Dialect, sqliteDialect } from './dialect.ts'
import { PostgresStore } from './postgres/store.ts'
import { innerHandle, type Scope, scopes } from './scope.ts'
import { SqliteConnection } from './sqlite/connection.ts'
import { sqliteCompiling } from './sqlite/store.ts'
import type { Db } from './store.ts'

/** The address of a database, for a thread that opens it again. */
export type DatabasePlace = { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string }

/** A read-only database that serves one snapshot at a time, for threads other than the writer. */
export interface Snapshots {
  readonly dialect: Dialect
  /**
   * A condition for statements that may scan many rows: it is always true, and ends the statement when the time of the
   * snapshot has run out. A running statement of SQLite cannot be stopped in another way.
   */
  readonly guard: RawBuilder<unknown>
  /** All statements of the function see the same commits. Throws `unavailable` when one runs past `maxMs` milliseconds. */
  read<T>(run: (db: Db) => Promise<T>, maxMs?: number): Promise<T>
  close(): Promise<void>
}

/** Opens a database that exists and has the current schema. */
export function openSnapshots(place: DatabasePlace, log: Logger): Snapshots {
  return place.kind === 'sqlite' ? new SqliteSnapshots(place.path) : new PostgresSnapshots(place.url, log)
}

const tooSlow = () => unavailable('the search took too long; ask for less')

/** Rows between two checks of the clock. */
const rowsPerLook = 256

class SqliteSnapshots implements Snapshots {
  readonly dialect = sqliteDialect
  readonly guard = sql`in_time() = 1`
  readonly #connection: SqliteConnection
  readonly #db = innerHandle(sqliteCompiling)
  #turn: Promise<unknown> = Promise.resolve()
  #endsAt = Number.POSITIVE_INFINITY
  #rows = 0

  constructor(path: string) {
    this.#connection = new SqliteConnection(path, { readOnly: true })
    this.#connection.database.function('in_time', () => this.#look())
  }

  read<T>(run: (db: Db) => Promise<T>, maxMs = Number.POSITIVE_INFINITY): Promise<T> {
    const mine = this.#turn.then(() => this.#snapshot(run, maxMs))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async close(): Promise<void> {
    await this.#turn
    this.#connection.close()
  }

  async #snapshot<T>(run: (db: Db) => Promise<T>, maxMs: number): Promise<T> {
    const scope: Scope = { connection: this.#connection, write: undefined, over: false }
    this.#endsAt = performance.now() + maxMs
    this.#connection.runNow('begin')
    try {
      return await scopes.run(scope, () => run(this.#db))
    } finally {
      scope.over = true
      this.#connection.runNow('rollback')
    }
  }

  #look(): number {
    if (this.#rows++ % rowsPerLook === 0 && performance.now() > this.#endsAt) throw tooSlow()
    return 1
  }
}

class PostgresSnapshots implements Snapshots {
  readonly #store: PostgresStore
  readonly guard = sql`true`
  readonly dialect: Dialect

  constructor(url: string, log: Logger) {
    this.#store = new PostgresStore(url, log)
    this.dialect = this.#store.dialect
  }

  read<T>(run: (db: Db) => Promise<T>, maxMs = 0): Promise<T> {
    return this.#store.read(async (db) => {
      // In addition to the time limit of every connection.
      if (maxMs > 0) await sql`select set_config('statement_timeout', ${String(Math.ceil(maxMs))}, true)`.execute(db)
      return run(db)
    })
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { CompiledQuery, QueryResult } from 'kysely'
import { bind } from '../bind.ts'
import { translateSqlite } from '../database-error.ts'
import { type Connection, refuseStream } from '../scope.ts'

const maxKeptStatements = 500

interface Kept {
  readonly statement: StatementSync
  readonly returnsRows: boolean
}

/** One `node:sqlite` connection that caches its latest 500 prepared statements by text. */
export class SqliteConnection implements Connection {
  readonly database: DatabaseSync
  readonly #kept = new Map<string, Kept>()

  constructor(path: string, options: { readOnly: boolean }) {
    // No busy timeout: SQLite would sleep inside the call and block the event loop.
    this.database = new DatabaseSync(path, { readOnly: options.readOnly, timeout: 0, enableForeignKeyConstraints: true })
    if (!options.readOnly) this.database.exec('pragma journal_mode = wal')
    this.database.exec('pragma synchronous = full')
    // `like` means the same as on PostgreSQL.
    this.database.exec('pragma case_sensitive_like = on')
    // Small, since three connections would otherwise cache the same pages. The operating system caches the file as well.
    this.database.exec(`pragma cache_size = ${options.readOnly ? -8000 : -32000}`)
    // In memory: otherwise SQLite writes the undo data of each savepoint to temporary files, in many small pieces.
    if (!options.readOnly) this.database.exec('pragma temp_store = memory')
    // A log of 16 MiB instead of 4: pages that many commits change are copied into the database file less often.
    this.database.exec('pragma wal_autocheckpoint = 4000')
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    bind(query)
    return translateSqlite(() => {
      const { statement, returnsRows } = this.#prepare(query.sql)
      const parameters = query.parameters as (string | number | null | Uint8Array)[]
      if (returnsRows) return { rows: statement.all(...parameters) as R[] }
      const { changes, lastInsertRowid } = statement.run(...parameters)
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
    })
  }

  async run(text: string): Promise<void> {
    this.runNow(text)
  }

  /** Runs a statement without parameters or rows, such as `begin`. */
  runNow(text: string): void {
    translateSqlite(() => this.#prepare(text).statement.run())
  }

  /** A number that changes when another connection commits. Reading it takes microseconds. */
  dataVersion(): number {
    return (this.#prepare('pragma data_version').statement.get() as { data_version: number }).data_version
  }

  get isTransaction(): boolean {
    return this.database.isTransaction
  }

  close(): void {
    this.#kept.clear()
    if (this.database.isOpen) this.database.close()
  }

  streamQuery = refuseStream

  #prepare(text: string): Kept {
    const known = this.#kept.get(text)
    if (known) return known
    const statement = this.database.prepare(text)
    const kept = { statement, returnsRows: statement.columns().length > 0 }
    this.#kept.set(text, kept)
    // Drop the oldest statement. If it is needed again, it is prepared again.
    if (this.#kept.size > maxKeptStatements) this.#kept.delete(this.#kept.keys().next().value as string)
    return kept
  }
}

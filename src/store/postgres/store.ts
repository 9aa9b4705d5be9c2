import { setTimeout as pause } from 'node:timers/promises'
import { type CompiledQuery, PostgresAdapter, PostgresQueryCompiler, type QueryResult } from 'kysely'
import { Client, Pool, type PoolClient, types } from 'pg'
import type { Logger } from 'pino'
import { unavailable } from '../../base/errors.ts'
import { bind } from '../bind.ts'
import { writeChanges } from '../changes.ts'
import { TryAgain, translatePostgres } from '../database-error.ts'
import { postgresDialect } from '../dialect.ts'
import { PendingWrite } from '../pending-write.ts'
import { type Compiling, type Connection, innerHandle, joinWrite, outerHandle, refuseStream, type Scope, scopes } from '../scope.ts'
import type { Channel, Db, Listener, Store, Write, WriteOptions } from '../store.ts'
import { PostgresWaker } from './waker.ts'

const maxTries = 12
const poolSize = 16
/** The advisory lock that puts change numbers in commit order. The number is arbitrary. */
const changeLock = 7_235_001

const compiling: Compiling = { adapter: () => new PostgresAdapter(), compiler: () => new PostgresQueryCompiler() }

const safeInteger = (text: string) => {
  const value = Number(text)
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) throw new Error(`number out of range: ${text}`)
  return value
}

/** Returns integers and sums as numbers, as SQLite does. Applies to the hub's own pool only. */
const ownTypes = {
  getTypeParser: (oid: number, format?: string) =>
    oid === types.builtins.INT8 || oid === types.builtins.NUMERIC ? safeInteger : types.getTypeParser(oid, format as 'text'),
}

/** Settings of every connection of the hub. */
const limits = {
  statement_timeout: 10_000,
  lock_timeout: 8_000,
  idle_in_transaction_session_timeout: 30_000,
  connectionTimeoutMillis: 5_000,
  /** Statements are sent without waiting for the previous answer. */
  pipeline: true,
}

class PostgresConnection implements Connection {
  readonly client: PoolClient

  constructor(client: PoolClient) {
    this.client = client
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    bind(query)
    try {
      const result = await this.client.query<Record<string, unknown>>(query.sql, query.parameters as unknown[])
      const affected = result.command === 'SELECT' ? undefined : BigInt(result.rowCount ?? 0)
      return { rows: result.rows as R[], ...(affected === undefined ? {} : { numAffectedRows: affected }) }
    } catch (error) {
      throw translatePostgres(error)
    }
  }

  async run(text: string): Promise<void> {
    try {
      await this.client.query(text)
    } catch (error) {
      throw translatePostgres(error)
    }
  }

  streamQuery = refuseStream
}

/** PostgreSQL: a pool, one connection for each write, and one more that listens. */
export class PostgresStore implements Store {
  readonly dialect = postgresDialect
  readonly db: Db
  readonly #inner = innerHandle(compiling)
  readonly #pool: Pool
  readonly #waker: PostgresWaker

  constructor(url: string, log: Logger) {
    this.#pool = new Pool({ connectionString: url, max: poolSize, types: ownTypes, application_name: 'millrace', ...limits })
    this.#pool.on('error', (error) => log.warn({ err: error }, 'a database connection was lost'))
    // The pool handles errors of idle connections only; an error on a connection in use would end the process. Its statement fails anyway.
    this.#pool.on('connect', (client) => client.on('error', () => undefined))
    this.db = outerHandle(
      compiling,
      () => this.#take(),
      async (used) => (used as PostgresConnection).client.release(),
    )
    this.#waker = new PostgresWaker(() => new Client({ connectionString: url, connectionTimeoutMillis: 5_000 }), log)
  }

  /** Starts listening for wakes from other processes. Until then, and whenever the connection is lost, processes rely on polling. */
  async start(): Promise<void> {
    await this.#waker.start()
  }

  async write<T>(run: (write: Write) => Promise<T>, options: WriteOptions = {}): Promise<T> {
    const outer = scopes.getStore()
    if (outer) return joinWrite(outer, run)
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#writeOnce(run, options)
      } catch (error) {
        if (!(error instanceof TryAgain)) throw error
        if (attempt >= maxTries) throw unavailable('the database is too busy; try again', error)
        await pause(Math.random() * 4 * 2 ** Math.min(attempt, 6))
      }
    }
  }

  async read<T>(run: (db: Db) => Promise<T>): Promise<T> {
    if (scopes.getStore()) throw new Error('store.read was used inside a write or snapshot; use the handle that its function was given')
    return this.#transaction('begin isolation level repeatable read read only', undefined, () => run(this.#inner))
  }

  version(): undefined {
    return undefined
  }

  listen(channel: Channel, listener: Listener): () => void {
    return this.#waker.listen(channel, listener)
  }

  async close(): Promise<void> {
    await this.#waker.close()
    await this.#pool.end()
  }

  async #writeOnce<T>(run: (write: Write) => Promise<T>, options: WriteOptions): Promise<T> {
    const pending = new PendingWrite(this.#inner, this.dialect)
    const begin = options.serializable ? 'begin isolation level serializable' : 'begin isolation level read committed'
    const value = await this.#transaction(begin, pending, async (connection) => {
      const result = await run(pending)
      if (pending.changes.length > 0) {
        await connection.run(`select pg_advisory_xact_lock(${changeLock})`)
        await writeChanges(pending)
      }
      return result
    })
    this.#waker.wake(pending.wakes)
    return value
  }

  async #transaction<T>(begin: string, write: PendingWrite | undefined, run: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#take()
    const scope: Scope = { connection, write, over: false }
    let broken: Error | undefined
    try {
      // The first statement is sent together with `begin`. If `begin` fails, the connection is lost, and the statement fails as well.
      const begun = connection.run(begin)
      begun.catch(() => undefined)
      const value = await scopes.run(scope, () => run(connection))
      await begun
      scope.over = true
      await connection.run('commit')
      return value
    } catch (error) {
      scope.over = true
      await connection.run('rollback').catch((lost: Error) => {
        broken = lost
      })
      throw error
    } finally {
      connection.client.release(broken)
    }
  }

  async #take(): Promise<PostgresConnection> {
    try {
      return new PostgresConnection(await this.#pool.connect())
    } catch (error) {
      throw translatePostgres(error)
    }
  }
}

import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { type CompiledQuery, SqliteAdapter, SqliteQueryCompiler } from 'kysely'
import { writeChanges } from '../changes.ts'
import { TryAgain } from '../database-error.ts'
import { sqliteDialect } from '../dialect.ts'
import { PendingWrite } from '../pending-write.ts'
import { type Compiling, type Connection, innerHandle, joinWrite, outerHandle, refuseStream, type Scope, scopes } from '../scope.ts'
import type { Channel, Db, Listener, Store, Write } from '../store.ts'
import { isTurnDue } from '../turns.ts'
import { Waker } from '../waker.ts'
import { SqliteConnection } from './connection.ts'

const maxGroup = 32
/** Turns of the event loop that a group commit waits for more writes. */
const maxTurns = 4
const watchEveryMs = 50

/** The store chooses the connection of a statement. Kysely would queue every statement behind one lock. */
class ManyConnections extends SqliteAdapter {
  override get supportsMultipleConnections() {
    return true
  }
}

export const sqliteCompiling: Compiling = { adapter: () => new ManyConnections(), compiler: () => new SqliteQueryCompiler() }

interface Waiting {
  readonly run: (write: Write) => Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Outcome {
  readonly waiting: Waiting
  readonly pending: PendingWrite
  readonly failed: boolean
  readonly value: unknown
}

/** SQLite: one writer that joins waiting writes into one commit, one connection for reads by key, one for snapshots. */
export class SqliteStore implements Store {
  readonly dialect = sqliteDialect
  readonly db: Db
  readonly #inner = innerHandle(sqliteCompiling)
  readonly #writer: SqliteConnection
  readonly #reader: SqliteConnection
  readonly #snapshots: SqliteConnection
  readonly #waker = new Waker()
  readonly #watch: NodeJS.Timeout
  /**
   * Between two transactions the writer serves reads as well: its page cache stays valid over its own commits, while another connection reads all
   * pages again after each commit. A statement that is not clearly a read runs on the read-only connection.
   */
  readonly #outside: Connection = {
    executeQuery: (query) => (query.sql.startsWith('select') && !this.#writer.isTransaction ? this.#writer : this.#reader).executeQuery(query),
    run: (text) => this.#reader.run(text),
    streamQuery: refuseStream,
  }
  #queue: Waiting[] = []
  #draining: Promise<void> | undefined
  #snapshotTurn: Promise<unknown> = Promise.resolve()
  #seenVersion: number
  #closed = false

  constructor(path: string) {
    this.#writer = new SqliteConnection(path, { readOnly: false })
    this.#reader = new SqliteConnection(path, { readOnly: true })
    this.#snapshots = new SqliteConnection(path, { readOnly: true })
    this.db = outerHandle(sqliteCompiling, async () => this.#outside)
    this.#seenVersion = this.#writer.dataVersion()
    // The version changes only for commits of other processes. In this way the processes on one file wake each other.
    this.#watch = setInterval(() => this.#noticeOthers(), watchEveryMs)
    this.#watch.unref()
  }

  write<T>(run: (write: Write) => Promise<T>): Promise<T> {
    const scope = scopes.getStore()
    if (scope) return joinWrite(scope, run)
    if (this.#closed) return Promise.reject(new Error('the store is closed'))
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve: resolve as (value: unknown) => void, reject })
      this.#draining ??= this.#drain().finally(() => {
        this.#draining = undefined
      })
    })
  }

  async read<T>(run: (db: Db) => Promise<T>): Promise<T> {
    if (scopes.getStore()) throw new Error('store.read was used inside a write or snapshot; use the handle that its function was given')
    const mine = this.#snapshotTurn.then(() => this.#snapshot(run))
    this.#snapshotTurn = mine.catch(() => undefined)
    return mine
  }

  version(): number {
    return this.#reader.dataVersion()
  }

  listen(channel: Channel, listener: Listener): () => void {
    return this.#waker.listen(channel, listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#watch)
    await this.#draining
    await this.#snapshotTurn
    for (const connection of [this.#reader, this.#snapshots, this.#writer]) connection.close()
  }

  async #snapshot<T>(run: (db: Db) => Promise<T>): Promise<T> {
    const scope: Scope = { connection: this.#snapshots, write: undefined, over: false }
    this.#snapshots.runNow('begin')
    try {
      return await scopes.run(scope, () => run(this.#inner))
    } finally {
      scope.over = true
      this.#snapshots.runNow('rollback')
    }
  }

  async #drain(): Promise<void> {
    await this.#gather()
    while (this.#queue.length > 0) {
      const group = await this.#begin()
      if (group) await this.#runGroup(group)
      await this.#gather()
    }
  }

  /** While each turn of the event loop brings more writes, waiting is cheaper than committing. It always waits one turn. */
  async #gather(): Promise<void> {
    let seen = 0
    let turns = 0
    do {
      seen = this.#queue.length
      await nextTurn()
      turns++
    } while (turns < maxTurns && this.#queue.length > seen && this.#queue.length < maxGroup)
  }

  /** Opens the transaction. The group is taken afterwards, so that writes that arrive meanwhile join it. */
  async #begin(): Promise<Waiting[] | undefined> {
    try {
      this.#writer.runNow('begin immediate')
    } catch (error) {
      if (error instanceof TryAgain) await pause(1 + Math.random() * 19)
      else for (const waiting of this.#queue.splice(0)) waiting.reject(error)
      return undefined
    }
    return this.#queue.splice(0, maxGroup)
  }

  async #runGroup(group: Waiting[]): Promise<void> {
    const outcomes: Outcome[] = []
    try {
      for (const waiting of group) outcomes.push(await this.#runOne(waiting))
      this.#writer.runNow('commit')
    } catch (error) {
      if (this.#writer.isTransaction) this.#writer.runNow('rollback')
      for (const waiting of group) waiting.reject(error)
      return
    }
    for (const { waiting, pending, failed, value } of outcomes) {
      if (failed) waiting.reject(value)
      else {
        waiting.resolve(value)
        this.#waker.wake(pending.wakes)
      }
    }
  }

  /** One write inside the group's transaction. Throws only when the whole transaction has been rolled back (disk full). */
  async #runOne(waiting: Waiting): Promise<Outcome> {
    const pending = new PendingWrite(this.#inner, this.dialect)
    const turns = new Turns()
    const scope: Scope = { connection: this.#givingTurns(turns), write: pending, giveTurn: () => turns.give(), over: false }
    this.#writer.runNow('savepoint one')
    try {
      const value = await turns.watch(() =>
        scopes.run(scope, async () => {
          const result = await waiting.run(pending)
          await writeChanges(pending)
          return result
        }),
      )
      this.#writer.runNow('release one')
      return { waiting, pending, failed: false, value }
    } catch (error) {
      if (!this.#writer.isTransaction) throw error
      this.#writer.runNow('rollback to one')
      this.#writer.runNow('release one')
      return { waiting, pending, failed: true, value: error }
    } finally {
      scope.over = true
    }
  }

  /** The writer. Between the statements of a long write it lets the event loop run other work, which sees the state before the write. */
  #givingTurns(turns: Turns): Connection {
    return {
      executeQuery: async <R>(query: CompiledQuery) => {
        if (isTurnDue()) await turns.give()
        return this.#writer.executeQuery<R>(query)
      },
      run: (text) => this.#writer.run(text),
      streamQuery: refuseStream,
    }
  }

  #noticeOthers(): void {
    const version = this.#writer.dataVersion()
    if (version === this.#seenVersion) return
    this.#seenVersion = version
    this.#waker.wakeAll()
  }
}

/** Counts turns of the event loop during one write: those that the store gives, and those that are not allowed. */
class Turns {
  #watch: NodeJS.Immediate | undefined
  #turned = false

  async give(): Promise<void> {
    clearImmediate(this.#watch)
    await nextTurn()
    this.#start()
  }

  /** A write that awaits anything but the store would block every other writer. Such an await turns the event loop, and the write is refused. */
  async watch<T>(run: () => Promise<T>): Promise<T> {
    this.#start()
    try {
      const value = await run()
      if (this.#turned) throw new Error('a write awaited something other than the store; await only statements on its handle')
      return value
    } finally {
      clearImmediate(this.#watch)
    }
  }

  #start(): void {
    // Several statements may wait here at the same time.
    clearImmediate(this.#watch)
    this.#watch = setImmediate(() => {
      this.#turned = true
    })
  }
}

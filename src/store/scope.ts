import { AsyncLocalStorage } from 'node:async_hooks'
import { type CompiledQuery, type DatabaseConnection, type DialectAdapter, type Driver, Kysely, type QueryCompiler, type QueryResult } from 'kysely'
import type { Db, Write } from './store.ts'
import type { Schema } from './tables/schema.ts'

/** A connection that also runs plain SQL text, such as `begin`. */
export interface Connection extends DatabaseConnection {
  run(text: string): Promise<void>
}

/** The write or snapshot that the running code belongs to, with its own connection. */
export interface Scope {
  readonly connection: Connection
  readonly write: Write | undefined
  /** How a write, which must await only the store, lets the event loop run other work. */
  readonly giveTurn?: () => Promise<void>
  /** True when the transaction has ended: its handle must not be used any more. */
  over: boolean
}

/** The scope of the running code. It follows the call, not the handle, so that the outer handle detects its misuse. */
export const scopes = new AsyncLocalStorage<Scope>()

/** The two parts of a Kysely dialect that do not depend on connections. */
export interface Compiling {
  readonly adapter: () => DialectAdapter
  readonly compiler: () => QueryCompiler
}

const nothing = async () => undefined

/** A Kysely handle whose statements run on the connections that `take` provides. Only the store begins transactions. */
function handle(compiling: Compiling, take: () => Promise<DatabaseConnection>, giveBack: (used: DatabaseConnection) => Promise<void>): Db {
  const refuse = async () => {
    throw new Error('use store.write or store.read, which begin the transaction')
  }
  const driver: Driver = {
    init: nothing,
    acquireConnection: take,
    releaseConnection: giveBack,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: nothing,
  }
  return new Kysely<Schema>({
    dialect: {
      createAdapter: compiling.adapter,
      createQueryCompiler: compiling.compiler,
      createDriver: () => driver,
      createIntrospector: () => {
        throw new Error('the store does not support introspection')
      },
    },
  })
}

/** The handle for code outside of writes and snapshots. Inside one it throws, since it would not see the changes of the write. */
export function outerHandle(
  compiling: Compiling,
  take: () => Promise<DatabaseConnection>,
  giveBack: (used: DatabaseConnection) => Promise<void> = nothing,
): Db {
  const guarded = async () => {
    if (scopes.getStore()) throw new Error('store.db was used inside a write or snapshot; use the handle that its function was given')
    return take()
  }
  return handle(compiling, guarded, giveBack)
}

/** The handle for code inside a write or snapshot: its statements run on the connection of the scope. */
export function innerHandle(compiling: Compiling): Db {
  const take = async () => {
    const scope = scopes.getStore()
    if (!scope || scope.over) throw new Error('the handle of a write or snapshot was used after its end')
    return scope.connection
  }
  return handle(compiling, take, nothing)
}

/** A streamed statement would hold its connection while the client reads. Read pages by key instead. */
export async function* refuseStream<R>(_query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
  yield* []
  throw new Error('the store does not stream statements; page by key')
}

/** A write inside a write joins it. A write inside a snapshot is a programming error. */
export async function joinWrite<T>(scope: Scope, run: (write: Write) => Promise<T>): Promise<T> {
  if (!scope.write) throw new Error('store.write was used inside a snapshot')
  return run(scope.write)
}

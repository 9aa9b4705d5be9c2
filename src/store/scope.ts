import { AsyncLocalStorage } from 'node:async_hooks'
import { type CompiledQuery, type DatabaseConnection, type DialectAdapter, type Driver, Kysely, type QueryCompiler, type QueryResult } from 'kysely'
import type { Db, Write } from './store.ts'
import type { Schema } from './tables/schema.ts'

/** A connection that also takes plain text, for `begin` and its like. */
export interface Connection extends DatabaseConnection {
  run(text: string): Promise<void>
}

/** What the code that runs right now stands in: a write or a snapshot, on a connection of its own. */
export interface Scope {
  readonly connection: Connection
  readonly write: Write | undefined
  /** How a write that must await nothing but the store gives others a turn of the event loop. */
  readonly giveTurn?: () => Promise<void>
  /** Set when the transaction has ended: a handle that outlived it must not be used. */
  over: boolean
}

/** The scope of the running code. It follows the function, not the handle, so that the outer handle can tell it is misused. */
export const scopes = new AsyncLocalStorage<Scope>()

/** The two parts of a Kysely dialect that do not depend on connections. */
export interface Compiling {
  readonly adapter: () => DialectAdapter
  readonly compiler: () => QueryCompiler
}

const nothing = async () => undefined

/** A Kysely handle whose statements go to the connections that `take` hands out. Transactions are the store's business. */
function handle(compiling: Compiling, take: () => Promise<DatabaseConnection>, giveBack: (used: DatabaseConnection) => Promise<void>): Db {
  const refuse = async () => {
    throw new Error('transactions are made by store.write and store.read')
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
        throw new Error('the store has no introspection')
      },
    },
  })
}

/** The handle for code outside of writes and snapshots: throws inside one, where it would miss what the write has done. */
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

/** The handle for code inside a write or snapshot: statements go to the scope's own connection. */
export function innerHandle(compiling: Compiling): Db {
  const take = async () => {
    const scope = scopes.getStore()
    if (!scope || scope.over) throw new Error('the handle of a write or snapshot was used after its end')
    return scope.connection
  }
  return handle(compiling, take, nothing)
}

/** Statement streams would hold a connection across a client's reading: pages by key do the same work. */
export async function* refuseStream<R>(_query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
  yield* []
  throw new Error('the store does not stream statements; page by key')
}

/** A write inside a write joins it; one inside a snapshot is a mistake. */
export async function joinWrite<T>(scope: Scope, run: (write: Write) => Promise<T>): Promise<T> {
  if (!scope.write) throw new Error('store.write was used inside a snapshot')
  return run(scope.write)
}

import type { CompiledQuery } from 'kysely'
import type { Db } from './store.ts'

/**
 * A statement that is built once for each handle and then only run: for look-ups that every request makes.
 * `build` gives placeholders for its parameters; a call gives the values in the order in which they stand in the statement.
 */
export function hotQuery<R>(build: (db: Db) => { compile(): CompiledQuery<R> }): (db: Db, parameters: readonly unknown[]) => Promise<R[]> {
  const kept = new WeakMap<Db, CompiledQuery<R>>()
  return async (db, parameters) => {
    let query = kept.get(db)
    if (!query) {
      query = build(db).compile()
      kept.set(db, query)
    }
    const { rows } = await db.executeQuery<R>({ ...query, parameters })
    return rows
  }
}

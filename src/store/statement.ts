import type { CompiledQuery } from 'kysely'
import { Placeholder } from './bind.ts'
import type { Dialect } from './dialect.ts'
import type { Db } from './store.ts'

const placeholders = new Proxy(Object.freeze({}), { get: (_target, name) => new Placeholder(String(name)) })

/**
 * A statement that is built and compiled once for each database handle, then only run: for queries that run thousands of
 * times a second. The build function gets a placeholder for each value and must not inspect it; `null` is bound like
 * any other value, so `is null` needs a statement of its own. Lists and records go through `dialect.list`, `numbers` and `rows`.
 *
 * `const findName = statement((db, p: { id: string }) => db.selectFrom('dataset').select('name').where('id', '=', p.id))`
 */
export function statement<Values extends object, Row>(
  build: (db: Db, values: Values) => { compile(db: Db): CompiledQuery<Row> },
): (db: Db, values: Values) => Promise<Row[]> {
  const compiledFor = new WeakMap<Db, CompiledQuery<Row>>()
  return async (db, values) => {
    let compiled = compiledFor.get(db)
    if (!compiled) {
      compiled = build(db, placeholders as Values).compile(db)
      compiledFor.set(db, compiled)
    }
    const parameters = compiled.parameters.map((one) => (one instanceof Placeholder ? one.encode(values[one.name as keyof Values]) : one))
    const query: CompiledQuery<Row> = { ...compiled, parameters }
    const { rows } = await db.executeQuery(query)
    return rows
  }
}

/** One value for each database, such as a statement whose text differs. */
export function perDialect<T>(make: (dialect: Dialect) => T): (dialect: Dialect) => T {
  const made = new Map<Dialect, T>()
  return (dialect) => {
    const known = made.get(dialect) ?? make(dialect)
    made.set(dialect, known)
    return known
  }
}

/** Rows that one insert statement takes: well below the number of parameters that either database allows. */
const maxRows = 200
/** Characters of large texts that one statement takes: the event loop cannot run anything else during a statement. */
const maxCharacters = 200_000

/** Rows of one statement; there is at least one. */
export type Batch<T> = readonly [T, ...T[]]

/** Splits rows into parts that fit into one statement each; no rows give no parts. `sizeOf` returns the characters of a row, where texts may be large. */
export function* batches<T>(rows: readonly T[], sizeOf: (row: T) => number = () => 0): Generator<Batch<T>> {
  let batch: T[] = []
  let characters = 0
  for (const row of rows) {
    if (batch.length === maxRows || characters > maxCharacters) {
      yield batch as [T, ...T[]]
      batch = []
      characters = 0
    }
    batch.push(row)
    characters += sizeOf(row)
  }
  if (batch.length > 0) yield batch as [T, ...T[]]
}

/** The placeholders of a statement for those columns that the example has: for statements that write rows as a whole. */
export function placeholdersOf<Row extends object>(placeholders: Row, example: { readonly [K in keyof Row]: unknown }): Row {
  return Object.fromEntries(Object.keys(example).map((name) => [name, placeholders[name as keyof Row]])) as Row
}

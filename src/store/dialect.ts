import { type RawBuilder, sql } from 'kysely'

/** What the two databases say differently, as SQL fragments. Column types are for migrations. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  readonly types: {
    /** Text that is compared, sorted, unique or indexed: by code point on both. */
    readonly text: string
    readonly integer: string
    readonly real: string
    readonly bytes: string
  }
  /** What stands behind the closing bracket of `create table`. */
  readonly tableOptions: string
  /** Milliseconds since 1970 by the database's own clock, which moves on inside a transaction. */
  readonly now: RawBuilder<number>
  /** Locks the rows that a select inside a write returns, and passes over rows that are locked. */
  readonly skipLocked: RawBuilder<unknown>
  /** Locks the rows that a select inside a write returns, and waits for them. */
  readonly forUpdate: RawBuilder<unknown>
  /** The set of values of a list parameter, for `where column in …`: one statement whatever the length. */
  list(values: readonly (string | number)[]): RawBuilder<string>
}

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  types: { text: 'text', integer: 'integer', real: 'real', bytes: 'blob' },
  tableOptions: 'strict',
  now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  skipLocked: sql``,
  forUpdate: sql``,
  list: (values) => sql`(select value from json_each(${JSON.stringify(values)}))`,
}

export const postgresDialect: Dialect = {
  name: 'postgres',
  types: { text: 'text collate "C"', integer: 'bigint', real: 'double precision', bytes: 'bytea' },
  tableOptions: '',
  now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  skipLocked: sql`for update skip locked`,
  forUpdate: sql`for update`,
  list: (values) =>
    typeof values[0] === 'number'
      ? sql`(select value::bigint from json_array_elements_text(${JSON.stringify(values)}::json))`
      : sql`(select value collate "C" from json_array_elements_text(${JSON.stringify(values)}::json))`,
}

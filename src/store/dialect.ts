import { type RawBuilder, sql } from 'kysely'
import { bound } from './bind.ts'

/** SQL fragments that differ between the two databases. Column types are for migrations. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  readonly types: {
    /** Text that is compared, sorted, unique or indexed: by code point on both. */
    readonly text: string
    readonly integer: string
    readonly real: string
    readonly bytes: string
  }
  /** Options after the closing bracket of `create table`. */
  readonly tableOptions: string
  /** Milliseconds since 1970 by the database's own clock, which advances within a transaction. */
  readonly now: RawBuilder<number>
  /** Locks the rows that a select inside a write returns, and skips locked rows. */
  readonly skipLocked: RawBuilder<unknown>
  /** Locks the rows that a select inside a write returns, and waits for them. */
  readonly forUpdate: RawBuilder<unknown>
  /** The set of texts of a list parameter, for `where column in …`: one statement whatever the length. */
  list(values: readonly string[]): RawBuilder<string>
  /** The same for integers. */
  numbers(values: readonly number[]): RawBuilder<number>
  /** Records as a table to join with: `from ${rows('v', { seq: 'integer' }, …)}`. One statement whatever the length. */
  rows(alias: string, columns: Readonly<Record<string, 'text' | 'integer'>>, values: readonly RowValues[]): RawBuilder<unknown>
  /** All values of a group as one text, with commas between: one row instead of thousands. */
  joined(value: RawBuilder<unknown>): RawBuilder<string | null>
  /** A condition appended to a column: its value is in the first column of a subquery. The subquery runs once. */
  among(subquery: RawBuilder<unknown>): RawBuilder<boolean>
  /** The size of a text that is a plain decimal number (`-12.5`); null for any other. */
  number(text: RawBuilder<unknown>): RawBuilder<number | null>
}

/** One record for `rows`; a missing key is null. */
export type RowValues = Readonly<Record<string, string | number | null | undefined>>

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  types: { text: 'text', integer: 'integer', real: 'real', bytes: 'blob' },
  tableOptions: 'strict',
  now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  skipLocked: sql``,
  forUpdate: sql``,
  list: (values) => sql`(select value from json_each(${bound(values, JSON.stringify)}))`,
  numbers: (values) => sql`(select value from json_each(${bound(values, JSON.stringify)}))`,
  rows: (alias, columns, values) => {
    // As lists, and with each row parsed once: half the time of objects.
    const names = Object.keys(columns)
    const fields = names.map((name, at) => sql`value ->> ${sql.lit(at)} as ${sql.ref(name)}`)
    const json = bound(values, (all) => JSON.stringify(all.map((value) => names.map((name) => value[name]))))
    return sql`(select ${sql.join(fields)} from jsonb_each(${json})) as ${sql.ref(alias)}`
  },
  joined: (value) => sql`group_concat(${value})`,
  among: (subquery) => sql`in (${subquery})`,
  number: (text) => {
    const digits = sql`(case when substr(${text}, 1, 1) = '-' then substr(${text}, 2) else ${text} end)`
    return sql`case when length(${text}) <= 60 and ${digits} glob '[0-9]*' and ${digits} glob '*[0-9]' and ${digits} not glob '*[^0-9.]*'
      and ${digits} not glob '*.*.*' then cast(${text} as real) end`
  },
}

export const postgresDialect: Dialect = {
  name: 'postgres',
  types: { text: 'text collate "C"', integer: 'bigint', real: 'double precision', bytes: 'bytea' },
  tableOptions: '',
  now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  skipLocked: sql`for update skip locked`,
  forUpdate: sql`for update`,
  list: (values) => sql`(select value collate "C" from json_array_elements_text(${bound(values, JSON.stringify)}::json))`,
  numbers: (values) => sql`(select value::bigint from json_array_elements_text(${bound(values, JSON.stringify)}::json))`,
  rows: (alias, columns, values) => {
    const fields = Object.entries(columns).map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(type === 'integer' ? 'bigint' : 'text')}`)
    return sql`json_to_recordset(${bound(values, JSON.stringify)}::json) as ${sql.ref(alias)}(${sql.join(fields)})`
  },
  joined: (value) => sql`string_agg(cast(${value} as text), ',')`,
  // An array is computed once and found by index; a join could be planned as a scan of the whole table.
  among: (subquery) => sql`= any(array(${subquery}))`,
  number: (text) => sql`case when length(${text}) <= 60 and ${text} ~ '^-?[0-9]+([.][0-9]+)?$' then cast(${text} as double precision) end`,
}

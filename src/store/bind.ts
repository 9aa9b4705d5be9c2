import type { CompiledQuery } from 'kysely'

/** Thrown for a value that the two databases would not store alike (reference: docs/explanation/store.md). */
export class BindError extends TypeError {
  override readonly name = 'BindError'
  /** The value is a text with a NUL or a lone surrogate: input from a caller that no earlier check refused. */
  readonly isText: boolean

  constructor(message: string, isText: boolean) {
    super(message)
    this.isText = isText
  }
}

/** Why a value may not be bound, or undefined if it may. */
function objection(value: unknown): string | undefined {
  if (value === null || value instanceof Uint8Array) return undefined
  if (typeof value === 'string') {
    if (value.includes('\0')) return 'a text with a NUL character'
    return value.isWellFormed() ? undefined : 'a text with a lone surrogate'
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return 'a number that is not finite'
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? 'an integer beyond 2^53' : undefined
  }
  if (value === undefined) return 'undefined'
  return Array.isArray(value) ? 'an array' : `a ${typeof value} (${(value as object).constructor?.name ?? 'no class'})`
}

/** Accepts strings, safe integers, finite numbers, null and bytes. Throws a `BindError` for anything else; it names the column where that is known. */
export function bind(query: CompiledQuery): void {
  for (let at = 0; at < query.parameters.length; at++) {
    const what = objection(query.parameters[at])
    if (!what) continue
    const place = columnOf(query, at) ?? `parameter ${at + 1} of: ${query.sql.slice(0, 120)}`
    throw new BindError(`cannot store ${what} in ${place}`, typeof query.parameters[at] === 'string')
  }
}

/** The column that a parameter goes to; known for plain inserts, where parameters follow the column list. */
function columnOf(query: CompiledQuery, at: number): string | undefined {
  if (query.query.kind !== 'InsertQueryNode') return undefined
  const columns = query.query.columns
  if (!columns || query.parameters.length % columns.length !== 0) return undefined
  return columns[at % columns.length]?.column.name
}

/** A placeholder for a value while a statement is compiled; `encode` turns the value into what is bound. */
export class Placeholder {
  readonly name: string
  readonly encode: (value: unknown) => unknown

  constructor(name: string, encode: (value: unknown) => unknown = (value) => value) {
    this.name = name
    this.encode = encode
  }
}

/** The bound form of a value: computed at once, or, for a placeholder, each time its statement runs. */
export function bound<T>(value: T, encode: (value: T) => unknown): unknown {
  return value instanceof Placeholder ? new Placeholder(value.name, encode as (value: unknown) => unknown) : encode(value)
}

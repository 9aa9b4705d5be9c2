import { noSpace, unavailable } from '../base/errors.ts'

/** A unique or primary key refused a row: another row has that value. Both databases throw the same error. */
export class DuplicateKey extends Error {
  override readonly name = 'DuplicateKey'
  readonly table: string
  readonly columns: readonly string[]

  constructor(table: string, columns: readonly string[], cause: unknown) {
    super(`${table} has a row with this ${columns.join(', ')} already`, { cause })
    this.table = table
    this.columns = columns
  }
}

/** The transaction must be retried: a deadlock, a serialization failure, another writer, or a row that was removed meanwhile. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain'
}

const busy = 5
const diskFull = 13
const ioError = 10
const readOnly = 8

/** Runs a call of `node:sqlite` and translates its errors into the errors of the store. */
export function translateSqlite<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    const code = (error as { errcode?: number }).errcode
    if (code === undefined) throw error
    const message = (error as Error).message
    const unique = /^(?:UNIQUE|PRIMARY KEY) constraint failed: (.*)$/.exec(message)
    if (unique) throw duplicateOf(unique[1] as string, error)
    const primary = code & 0xff
    if (primary === busy) throw new TryAgain('the database is locked by another writer', { cause: error })
    if (primary === diskFull) throw noSpace(`the database cannot be written: ${message}`, error)
    if (primary === ioError || primary === readOnly) throw unavailable(`the database cannot be written: ${message}`, error)
    throw error
  }
}

/** `dataset.name, dataset.x` as SQLite names the columns of a failed key; an index over expressions is `index 'name'`. */
function duplicateOf(text: string, cause: unknown): DuplicateKey {
  const parts = text.split(', ').map((part) => part.split('.'))
  return new DuplicateKey(
    parts[0]?.[0] ?? '',
    parts.map((part) => part[1] ?? ''),
    cause,
  )
}

/** Conflicts, and foreign keys: a referenced row was removed meanwhile, or a referencing row was added. The next try finds out which. */
const retried = new Set(['40001', '40P01', '55P03', '23503'])
const noRoom = '53100'
/** Connection and operator classes, plus the statement time limit. */
const notAnswering = /^(?:08|57|53)/

/** The same for an error of `pg`. */
export function translatePostgres(error: unknown): unknown {
  const { code, table, detail, message } = error as { code?: string; table?: string; detail?: string; message?: string }
  if (code === '23505') {
    const columns = /^Key \((.*?)\)=/.exec(detail ?? '')?.[1]?.split(', ') ?? []
    return new DuplicateKey(table ?? '', columns, error)
  }
  if (code && retried.has(code)) return new TryAgain(message, { cause: error })
  if (code === noRoom) return noSpace(`the database cannot be written: ${message}`, error)
  if ((code && notAnswering.test(code)) || isConnectionError(code, message))
    return unavailable(`the database does not answer: ${reasonOf(error)}`, error)
  return error
}

/**
 * Why a database cannot be used, as its own message in one line: for every address that was tried, with PostgreSQL's detail and hint where there are any.
 * For an error of the hub, the message of its cause.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return [...new Set(error.errors.map(reasonOf))].join('; ')
  const { cause, message, detail, hint } = error as { cause?: unknown; message?: string; detail?: string; hint?: string }
  if (cause instanceof Error) return reasonOf(cause)
  return [message || String(error), detail, hint].filter((part) => part !== undefined && part !== '').join(' ')
}

function isConnectionError(code: string | undefined, message: string | undefined): boolean {
  if (code && /^(?:ECONN|ENOTFOUND|ETIMEDOUT|EPIPE|EAI_AGAIN|EHOSTUNREACH|ENOENT)/.test(code)) return true
  return /Connection terminated|connection timeout|timeout exceeded when trying to connect|not queryable|Client was closed/i.test(message ?? '')
}

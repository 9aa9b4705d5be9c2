import { UnreadableTable } from './faults.ts'
import { isObject } from './schema.ts'

/** How a file spells its table. */
export interface Dialect {
  /** Undefined: to be found out from the file. */
  readonly delimiter: string | undefined
  /** Empty: quotes are plain characters. */
  readonly quote: string
  /** A character that takes the next one as it is. */
  readonly escapeCharacter: string | undefined
  /** A quote inside a quoted value is written twice. */
  readonly hasDoubledQuotes: boolean
  /** Rows that start with one of these are left out. */
  readonly comments: readonly string[]
  /** Row of the header, counted from 1 among the rows that are not skipped; 0: there is none. */
  readonly headerRow: number
  /** Names given beside the file, instead of a header row. */
  readonly headerNames: readonly string[] | undefined
  /** Rows left out, counted from 1 in the file. */
  readonly isSkipped: (row: number) => boolean
  /** JSON: where the rows are, as a path of keys separated by points. */
  readonly property: string | undefined
}

/** Options of a dialect, as the standards write them; from `lineTerminator` on they change nothing here. */
export const dialectOptions = [
  ...['delimiter', 'quoteChar', 'escapeChar', 'doubleQuote', 'commentChar', 'header', 'headers', 'skipRows', 'property', 'keyed'],
  ...['caseSensitiveHeader', 'lineTerminator', 'skipInitialSpace', 'csvddfVersion', 'name', 'title', 'description'],
] as const

/** Under these a dialect may hold the options of one form of file. */
export const dialectSections = ['csv', 'tsv', 'json', 'ndjson', 'jsonl'] as const

/** Options that `tabulator` of a processing entry has beside those. */
export const readerOptions = ['format', 'encoding', 'compression', 'sheet'] as const

/** `commentChar`, `comment_char` and `commentchar` are one key. */
export const plainKey = (key: string) => key.toLowerCase().replace(/[_-]/g, '')

/**
 * Merges the resource's `dialect` (flat, or under `csv`, `tsv` or `json`) with the reader options of a processing entry, which win.
 * Throws `UnreadableTable` for options of a wrong form.
 */
export function parseDialect(dialect: unknown, options: unknown): Dialect {
  const given = new Map<string, unknown>()
  for (const [key, value] of entries(dialect)) {
    if (isObject(value)) for (const [inner, innerValue] of entries(value)) given.set(inner, innerValue)
    else given.set(key, value)
  }
  for (const [key, value] of entries(options)) given.set(key, value)
  const skip = given.get('skiprows')
  const escapeCharacter = character(given, 'escapechar')
  return {
    delimiter: character(given, 'delimiter'),
    quote: given.get('quotechar') === null || given.get('quotechar') === '' ? '' : (character(given, 'quotechar') ?? '"'),
    // Some descriptors name the quote itself as the escape, which is what doubling means.
    escapeCharacter: escapeCharacter === (character(given, 'quotechar') ?? '"') ? undefined : escapeCharacter,
    hasDoubledQuotes: given.get('doublequote') !== false,
    comments: [character(given, 'commentchar'), ...(Array.isArray(skip) ? skip : [])].filter((item) => typeof item === 'string' && item !== ''),
    ...parseHeader(given),
    isSkipped: parseSkip(skip),
    property: typeof given.get('property') === 'string' ? String(given.get('property')) : undefined,
  }
}

function entries(value: unknown): [string, unknown][] {
  if (value === undefined || value === null) return []
  if (!isObject(value)) throw new UnreadableTable('the dialect is no object')
  return Object.entries(value).map(([key, item]) => [plainKey(key), item])
}

function character(given: ReadonlyMap<string, unknown>, key: string): string | undefined {
  const value = given.get(key)
  if (value === undefined || value === null || value === '') return undefined
  const text = value === '\\t' ? '\t' : value
  if (typeof text !== 'string' || text.length !== 1) throw new UnreadableTable(`the dialect's ${key} ${JSON.stringify(value)} is not one character`)
  return text
}

function parseHeader(given: ReadonlyMap<string, unknown>): Pick<Dialect, 'headerRow' | 'headerNames'> {
  const headers = given.get('headers')
  if (Array.isArray(headers)) return { headerRow: 0, headerNames: headers.map(String) }
  if (headers === null || headers === false || given.get('header') === false) return { headerRow: 0, headerNames: undefined }
  if (headers === undefined || headers === true) return { headerRow: 1, headerNames: undefined }
  if (typeof headers !== 'number' || !Number.isInteger(headers) || headers < 1)
    throw new UnreadableTable('`headers` is neither a row number nor a list')
  return { headerRow: headers, headerNames: undefined }
}

/** A number leaves out the first rows, a list the rows with these numbers. */
function parseSkip(skip: unknown): (row: number) => boolean {
  if (skip === undefined || skip === null) return () => false
  if (typeof skip === 'number') return (row) => row <= skip
  if (!Array.isArray(skip)) throw new UnreadableTable('`skip_rows` is neither a number nor a list')
  const rows = new Set(skip)
  return (row) => rows.has(row)
}

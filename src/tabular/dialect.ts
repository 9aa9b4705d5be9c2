import { extname } from 'node:path'
import { isObject } from '../base/json.ts'
import { encodingName } from './encoding-name.ts'
import { UnreadableTable } from './faults.ts'

/** How a file encodes its table. */
export interface Dialect {
  /** Undefined: detected from the file. */
  readonly delimiter: string | undefined
  /** Empty if quotes are plain characters. */
  readonly quote: string
  /** A character that makes the next one literal. */
  readonly escapeCharacter: string | undefined
  /** A quote inside a quoted value is written twice. */
  readonly hasDoubledQuotes: boolean
  /** Undefined: detected from the file. */
  readonly lineEnd: '\r' | undefined
  /** Lines that start with one of these are skipped. */
  readonly comments: readonly string[]
  /** Row of the header, counted from 1 over the rows that are not skipped, including blank ones; 0 if there is none. */
  readonly headerRow: number
  /** Column names from the descriptor instead of a header row. */
  readonly headerNames: readonly string[] | undefined
  /** If false, `ID` in the header matches the field `id`. */
  readonly isCaseSensitive: boolean
  /** Skipped rows, counted from 1 in the file. */
  readonly isSkipped: (row: number) => boolean
  /** JSON: the path to the rows, as keys separated by points. */
  readonly property: string | undefined
  /** JSON: whether rows are objects or arrays, if the dialect says so. */
  readonly isKeyed: boolean | undefined
}

/** All options of a publisher for reading a file. */
export interface Reading extends Dialect {
  /** Lower case: `csv`, `json`, … */
  readonly format: string
  /** As declared; undefined: to be found out from the file. */
  readonly encoding: string | undefined
}

/** Options of a dialect as the standards name them; those of the last line have no effect here. */
export const dialectOptions = [
  ...['delimiter', 'quoteChar', 'escapeChar', 'doubleQuote', 'lineTerminator', 'commentChar', 'commentRows', 'header', 'headers', 'headerRows'],
  ...['caseSensitiveHeader', 'skipRows', 'property', 'keyed', 'itemType'],
  ...['skipInitialSpace', 'csvddfVersion', 'name', 'title', 'description'],
] as const

/** Keys under which a dialect may hold the options for one file format. */
export const dialectSections = ['csv', 'tsv', 'json', 'ndjson', 'jsonl'] as const

/** Further options of `tabulator` in a processing entry. */
export const readerOptions = ['format', 'encoding', 'compression', 'sheet'] as const

/** `commentChar`, `comment_char` and `commentchar` are one key. */
export const plainKey = (key: string) => key.toLowerCase().replace(/[_-]/g, '')

/** Options by their normalized keys; a later option replaces an earlier one of the same key. */
class Options {
  readonly #given = new Map<string, { name: string; value: unknown }>()

  add(name: string, value: unknown): void {
    this.#given.set(plainKey(name), { name, value })
  }

  get(key: string): unknown {
    return this.#given.get(key)?.value
  }

  entries(): Iterable<[string, { name: string; value: unknown }]> {
    return this.#given
  }

  /** An error for an option, under the name that the publisher used. */
  refuse(key: string, problem: string): UnreadableTable {
    return new UnreadableTable(`the option ${this.#given.get(key)?.name ?? key} ${problem}, got ${JSON.stringify(this.get(key))}`)
  }
}

/** Options of other readers, with the reason for refusing each. */
const refused = new Map([
  ...['sheet', 'sheetname', 'sheetnumber'].map((key) => [key, 'picks a sheet of a workbook, and workbooks are not read'] as const),
  ['nullsequence', 'is not understood; list the text among the missingValues of the schema'],
  ['headerjoin', 'joins header rows, and only one is read'],
])

/** Keys of a resource that are also reader options. */
const ofResource = [
  ...['format', 'encoding', 'compression', 'headers', 'skiprows', 'sheet', 'property'],
  ...['delimiter', 'quotechar', 'escapechar', 'doublequote', 'skipinitialspace'],
]

/**
 * Merges the keys of a resource, its `dialect` (flat, or under `csv`, `tsv` or `json`), and the reader options of a
 * processing entry; later ones take precedence. Throws `UnreadableTable` for an unknown option or an invalid value.
 */
export function parseReading(resource: Readonly<Record<string, unknown>>, options?: unknown): Reading {
  const given = new Options()
  for (const [name, value] of Object.entries(resource)) if (ofResource.includes(plainKey(name))) given.add(name, value)
  for (const [name, value] of entries(resource['dialect'], 'dialect')) {
    const inner = isObject(value) ? Object.entries(value) : [[name, value] as const]
    for (const [innerName, innerValue] of inner) given.add(innerName, innerValue)
  }
  for (const [name, value] of entries(options, 'tabulator')) given.add(name, value)
  refuseUnknown(given)
  const path = typeof resource['path'] === 'string' ? resource['path'] : ''
  const format = text(given, 'format') ?? extname(path).slice(1)
  const encoding = text(given, 'encoding')
  if (encoding !== undefined) encodingName(encoding)
  return { ...parseDialect(given), format: format.toLowerCase() || 'csv', encoding }
}

function entries(value: unknown, name: string): [string, unknown][] {
  if (value === undefined || value === null) return []
  if (!isObject(value)) throw new UnreadableTable(`the ${name} must be an object, got ${JSON.stringify(value)}`)
  return Object.entries(value)
}

function refuseUnknown(given: Options): void {
  for (const [key, { name, value }] of given.entries()) {
    const reason = refused.get(key)
    if (reason !== undefined && isSet(value)) throw new UnreadableTable(`the option ${name} ${reason}`)
    if (key === 'compression' && isSet(value) && value !== 'no')
      throw given.refuse(key, 'must be "no" (compressed files are not read: publish the file unpacked)')
    const known = [...dialectOptions, ...readerOptions]
    if (reason === undefined && !name.startsWith('$') && !known.some((option) => plainKey(option) === key))
      throw new UnreadableTable(`the option ${JSON.stringify(name)} is not understood; ${known.join(', ')} are`)
  }
}

const isSet = (value: unknown) => value !== undefined && value !== null && value !== ''

function parseDialect(given: Options): Dialect {
  const skip = given.get('skiprows')
  const quote = given.get('quotechar') === null || given.get('quotechar') === '' ? '' : (character(given, 'quotechar') ?? '"')
  const escapeCharacter = character(given, 'escapechar')
  flag(given, 'skipinitialspace')
  const itemType = oneOf(given, 'itemtype', ['array', 'object'])
  const comments = [text(given, 'commentchar'), ...(Array.isArray(skip) ? skip : [])]
  return {
    delimiter: character(given, 'delimiter'),
    quote,
    // Some descriptors name the quote as the escape character, which means doubled quotes.
    escapeCharacter: escapeCharacter === quote ? undefined : escapeCharacter,
    hasDoubledQuotes: flag(given, 'doublequote') ?? true,
    lineEnd: oneOf(given, 'lineterminator', ['\r\n', '\n', '\r']) === '\r' ? '\r' : undefined,
    comments: comments.filter((item) => typeof item === 'string' && item !== ''),
    ...parseHeaderRow(given),
    isCaseSensitive: flag(given, 'casesensitiveheader') ?? true,
    isSkipped: parseSkip(given),
    property: text(given, 'property'),
    isKeyed: itemType === undefined ? flag(given, 'keyed') : itemType === 'object',
  }
}

function text(given: Options, key: string): string | undefined {
  const value = given.get(key)
  if (!isSet(value)) return undefined
  if (typeof value !== 'string') throw given.refuse(key, 'must be text')
  return value
}

function flag(given: Options, key: string): boolean | undefined {
  const value = given.get(key)
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'boolean') throw given.refuse(key, 'must be true or false')
  return value
}

function oneOf(given: Options, key: string, allowed: readonly string[]): string | undefined {
  const value = text(given, key)
  if (value !== undefined && !allowed.includes(value))
    throw given.refuse(key, `must be one of ${allowed.map((item) => JSON.stringify(item)).join(', ')}`)
  return value
}

function character(given: Options, key: string): string | undefined {
  const value = text(given, key)
  const one = value === '\\t' ? '\t' : value
  if (one !== undefined && (one.length !== 1 || /[\r\n\0]/.test(one))) throw given.refuse(key, 'must be one character')
  return one
}

function parseHeaderRow(given: Options): Pick<Dialect, 'headerRow' | 'headerNames'> {
  const rows = given.get('headerrows')
  const hasHeader = flag(given, 'header') ?? true
  const headers = Array.isArray(rows) && rows.length === 1 ? rows[0] : (rows ?? given.get('headers'))
  if (Array.isArray(headers) && headers !== rows && headers.length > 0 && headers.every((name) => typeof name === 'string'))
    return { headerRow: 0, headerNames: headers }
  if (headers === null || headers === false || !hasHeader) return { headerRow: 0, headerNames: undefined }
  if (headers === undefined || headers === true) return { headerRow: 1, headerNames: undefined }
  if (typeof headers !== 'number' || !Number.isInteger(headers) || headers < 1)
    throw given.refuse(rows === undefined ? 'headers' : 'headerrows', 'must be the number of one row or a list of names')
  return { headerRow: headers, headerNames: undefined }
}

const isRowNumber = (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value >= 0

/** A number skips that many first rows, a list skips the rows with these numbers. Texts in the list are comment characters. */
function parseSkip(given: Options): (row: number) => boolean {
  const skip = given.get('skiprows')
  if (isSet(skip) && !isRowNumber(skip) && !isRowList(skip)) throw given.refuse('skiprows', 'must be a number of rows or a list of row numbers')
  if (isSet(given.get('commentrows')) && !isRowList(given.get('commentrows'))) throw given.refuse('commentrows', 'must be a list of row numbers')
  const first = typeof skip === 'number' ? skip : 0
  const rows = new Set([skip, given.get('commentrows')].filter((list) => Array.isArray(list)).flat())
  if (first === 0 && rows.size === 0) return () => false
  return (row) => row <= first || rows.has(row)
}

const isRowList = (value: unknown) => Array.isArray(value) && value.every((item) => isRowNumber(item) || typeof item === 'string')

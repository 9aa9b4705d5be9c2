import { type Cell, cellText } from '../cell.ts'
import type { Reading } from '../dialect.ts'
import { type FaultList, UnreadableTable } from '../faults.ts'
import { type Header, parseHeader } from '../header.ts'
import type { TableFile } from '../read-table.ts'
import type { Batch } from '../table.ts'
import { JsonCursor, type JsonItem, JsonObjectRow, NotJson, UnfinishedJson } from './cursor.ts'
import { JsonArrayScanner, JsonLinesScanner } from './scanner.ts'

/** Items of a JSON file with their row numbers. */
export interface ItemBatch {
  readonly items: readonly JsonItem[]
  readonly numbers: readonly number[]
}

/** Items are counted as if row 1 were a header. */
export async function* jsonItems(text: AsyncIterable<string>, { format, property }: Reading): AsyncGenerator<ItemBatch> {
  const scanner = format === 'json' ? new JsonArrayScanner() : new JsonLinesScanner()
  let count = 1
  const number = (items: readonly JsonItem[]): ItemBatch => ({ items, numbers: items.map(() => ++count) })
  if (property !== undefined) {
    yield number(new JsonArrayScanner().read(await textAt(text, property), true))
    return
  }
  for await (const piece of text) {
    const items = scanner.read(piece, false)
    if (items.length > 0) yield number(items)
  }
  yield number(scanner.read('', true))
}

/** Files with rows inside another value are read as a whole, so their size is limited. */
const maxCharacters = 64 * 1024 * 1024

/** The text of the array at a path of keys. */
async function textAt(text: AsyncIterable<string>, property: string): Promise<string> {
  let whole = ''
  for await (const piece of text) {
    whole += piece
    if (whole.length > maxCharacters)
      throw new UnreadableTable(`a JSON file that is read by \`property\` may have at most ${maxCharacters} characters`)
  }
  try {
    return property.split('.').reduce(valueText, whole)
  } catch (error) {
    if (!(error instanceof NotJson || error instanceof UnfinishedJson)) throw error
    throw new UnreadableTable(`there is no array of rows at ${JSON.stringify(property)}`, { cause: error })
  }
}

/** The text of the value that a key has in the text of an object. */
function valueText(text: string, key: string): string {
  const cursor = new JsonCursor(text)
  if (!cursor.take('{')) throw new NotJson()
  let found: string | undefined
  do {
    const isMeant = cursor.readKey() === key
    const start = cursor.skipSpace()
    cursor.skipValue()
    if (!isMeant) continue
    if (found !== undefined) throw new UnreadableTable(`the file has the key ${JSON.stringify(key)} twice`)
    found = text.slice(start, cursor.at)
  } while (cursor.take(','))
  if (found === undefined) throw new NotJson()
  return found
}

type Naming = Pick<TableFile, 'fieldNames' | 'reading'>

/** The column names of a table of objects: the keys of the first object, then the fields that it lacks. */
export function keyedHeader(first: JsonItem, { fieldNames, reading: { isCaseSensitive } }: Naming): Header {
  if (first !== undefined && !(first instanceof JsonObjectRow)) throw new UnreadableTable('the rows are neither JSON objects nor arrays')
  const fold = (name: string) => (isCaseSensitive ? name : name.toLowerCase())
  const keys = [...new Set(first?.keys ?? [])]
  const known = new Set(keys.map(fold))
  const names = [...keys, ...fieldNames.filter((name) => !known.has(fold(name)))]
  return { names, labels: names, places: names.map((_, place) => place), width: names.length, row: 1, isCaseSensitive }
}

/** The column names of a table of arrays: its first row. */
export function arrayHeader(first: JsonItem, { reading }: Pick<Naming, 'reading'>): Header {
  return parseHeader(Array.isArray(first) ? first.map(cellText) : [], { row: 1, isCaseSensitive: reading.isCaseSensitive })
}

/** Maximum number of keys without a column that are reported, once each. */
const maxNamedKeys = 1000

/** The positions of values for rows with certain keys. */
interface Shape {
  readonly keys: readonly string[]
  /** Index of the column of each key; -1 if it has none. */
  readonly places: readonly number[]
  /** Duplicate keys. */
  readonly twice: readonly string[]
  readonly isWhole: boolean
}

/** Converts objects to rows. A key without a column, and a duplicate key, are faults, since values would be lost. */
export function rowsOfObjects({ names }: Header, faults: FaultList): (batch: ItemBatch) => Batch {
  const columns = new Map(names.map((name, place) => [name, place]))
  const named = new Set<string>()
  const shapeOf = (keys: readonly string[]): Shape => {
    const places = keys.map((key) => columns.get(key) ?? -1)
    const seen = new Set<string>()
    const twice = keys.filter((key) => columns.has(key) && seen.size === seen.add(key).size)
    return { keys, places, twice, isWhole: twice.length === 0 && !places.includes(-1) }
  }
  const addFaults = ({ keys, places, twice }: Shape, cells: readonly Cell[], row: number) => {
    for (const key of twice) faults.add({ code: 'extra-value', row, column: key, rule: 'is a key that the row has twice' })
    for (const [at, key] of keys.entries()) {
      if (places[at] !== -1 || cells[at] === null || named.has(key)) continue
      if (named.size < maxNamedKeys) named.add(key)
      faults.add({ code: 'extra-value', row, column: key, rule: 'is a key that neither the first row nor the schema has' })
    }
  }
  let shape = shapeOf([])
  const makeRow = ({ keys, cells }: JsonObjectRow, row: number) => {
    if (keys !== shape.keys) shape = shapeOf(keys)
    if (!shape.isWhole) addFaults(shape, cells, row)
    const made = new Array<Cell>(names.length).fill(null)
    for (let at = 0; at < cells.length; at++) {
      const place = shape.places[at] ?? -1
      if (place >= 0) made[place] = trimText(cells[at])
    }
    return made
  }
  return ({ items, numbers }) => ({
    rows: items.map((item, index) => {
      if (!(item instanceof JsonObjectRow)) throw new UnreadableTable(`row ${numbers[index]} is not a JSON object as the first one is`)
      return makeRow(item, numbers[index] ?? 0)
    }),
    numbers,
  })
}

/** Rows of arrays, unchanged. The first array is the header, so rows are counted as the file has them. */
export function rowsOfArrays(batch: ItemBatch): Batch {
  const numbers = batch.numbers.map((number) => number - 1)
  const rows = batch.items.map((item, index) => {
    if (!Array.isArray(item)) throw new UnreadableTable(`row ${numbers[index]} is not a JSON array as the first one is`)
    return item.map(trimText)
  })
  return { rows, numbers }
}

const trimText = (cell: Cell): Cell => (typeof cell === 'string' ? cell.trim() : cell)

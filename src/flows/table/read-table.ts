import type { Cell } from './cell.ts'
import { type CsvForm, CsvScanner, type RowScanner } from './csv-scanner.ts'
import { type Dialect, parseDialect } from './dialect.ts'
import { findEncoding, readText } from './encoding.ts'
import { EscapedCsvScanner } from './escaped-csv-scanner.ts'
import { type FaultList, UnreadableTable } from './faults.ts'
import { arrayHeader, type ItemBatch, jsonItems, keyedHeader, rowsOfArrays, rowsOfObjects } from './read-json.ts'
import { sniffDelimiter } from './sniff.ts'
import { type Batch, type Header, parseHeader } from './table.ts'

/** A file that holds one table, and what its publisher says about it. */
export interface TableFile {
  readonly localPath: string
  readonly format: string
  readonly encoding?: string
  /** The resource's `dialect`. */
  readonly dialect?: unknown
  /** Reader options that win over the dialect. */
  readonly options?: unknown
  /** Names for files without a header row. */
  readonly fieldNames: readonly string[]
}

export interface OpenTable {
  readonly header: Header
  readonly encoding: string
  /** All rows after the header, each with as many cells as there are names. To be gone through once. */
  readonly batches: AsyncIterable<Batch>
  /** Lets go of the file; needed when the batches are not gone through to the end. */
  readonly close: () => Promise<void>
}

export interface ReadOptions {
  readonly faults: FaultList
  /** Cells beyond the header are cut; with this they are also a fault. */
  readonly reportsExtraCells?: boolean
}

const readers: Readonly<Record<string, (file: TableFile, options: ReadOptions) => Promise<OpenTable>>> = {
  csv: openCsv,
  tsv: openCsv,
  tab: openCsv,
  txt: openCsv,
  json: openJson,
  ndjson: openJson,
  jsonl: openJson,
}

/** Opens a file as far as its header. Throws `UnreadableTable` for formats that cannot be read and files that are not what they are said to be. */
export function openTable(file: TableFile, options: ReadOptions): Promise<OpenTable> {
  const format = file.format.toLowerCase()
  const reader = Object.hasOwn(readers, format) ? readers[format] : undefined
  if (!reader) throw new UnreadableTable(`the format ${JSON.stringify(file.format)} cannot be read as a table; csv, tsv, json and ndjson can`)
  return reader(file, options)
}

async function openCsv(file: TableFile, options: ReadOptions): Promise<OpenTable> {
  const dialect = parseDialect(file.dialect, file.options)
  const encoding = await findEncoding(file.localPath, file.encoding)
  const rows = csvRows(readText(file.localPath, encoding), dialect, file)
  return openRows(rows, async () => csvHeader(await rows.next(), dialect, file), {
    encoding,
    shape: (header) => (batch) => cutRows(batch, header, options),
  })
}

interface RowsOpening<Read> {
  readonly encoding: string
  readonly shape: (header: Header) => (read: Read) => Batch
}

/** Reads the header from the first batch, and hands on what follows it. */
async function openRows<Read>(
  rows: AsyncGenerator<Read>,
  readHeader: () => Promise<{ header: Header; first: Read }>,
  { encoding, shape }: RowsOpening<Read>,
): Promise<OpenTable> {
  const close = async () => {
    await rows.return(undefined)
  }
  try {
    const { header, first } = await readHeader()
    const shapeBatch = shape(header)
    const batches = async function* () {
      yield shapeBatch(first)
      for await (const batch of rows) yield shapeBatch(batch)
    }
    return { header, encoding, batches: batches(), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Rows that are neither skipped, comments nor empty. The first batch has the header row, if there is one at all. */
async function* csvRows(text: AsyncIterable<string>, dialect: Dialect, file: TableFile): AsyncGenerator<Batch> {
  let scanner: RowScanner | undefined
  let count = 0
  const select = (found: readonly string[][]): Batch => {
    const rows: string[][] = []
    const numbers: number[] = []
    for (const row of found) {
      count++
      if (isEmpty(row) || dialect.isSkipped(count) || dialect.comments.some((start) => row[0]?.startsWith(start))) continue
      rows.push(row)
      numbers.push(count)
    }
    return { rows, numbers }
  }
  let waiting: Batch = { rows: [], numbers: [] }
  for await (const piece of text) {
    scanner ??= startScanner(piece, dialect, file)
    const batch = select(scanner.read(piece, false))
    waiting = waiting.rows.length === 0 ? batch : { rows: [...waiting.rows, ...batch.rows], numbers: [...waiting.numbers, ...batch.numbers] }
    if (waiting.rows.length < Math.max(1, dialect.headerRow)) continue
    yield waiting
    waiting = { rows: [], numbers: [] }
  }
  const last = scanner ? select(scanner.read('', true)) : waiting
  yield { rows: [...waiting.rows, ...last.rows], numbers: [...waiting.numbers, ...last.numbers] }
}

function isEmpty(row: readonly string[]): boolean {
  for (const cell of row) if (cell !== '') return false
  return true
}

function startScanner(start: string, dialect: Dialect, file: TableFile): RowScanner {
  if (start.startsWith('PK\u0003\u0004')) throw new UnreadableTable('the file is a ZIP archive or a workbook, not delimited text')
  if (start.includes('\0')) throw new UnreadableTable('the file is binary, or in another encoding than it is said to be')
  if (/^\s*<(?:!doctype|html)/i.test(start)) throw new UnreadableTable('the file is a web page, not delimited text')
  const { quote, escapeCharacter, hasDoubledQuotes } = dialect
  const delimiter = dialect.delimiter ?? (file.format.toLowerCase() === 'csv' ? sniffDelimiter(start, quote) : '\t')
  const form: CsvForm = { delimiter, quote }
  return escapeCharacter === undefined && hasDoubledQuotes
    ? new CsvScanner(form)
    : new EscapedCsvScanner({ ...form, escapeCharacter, hasDoubledQuotes })
}

function csvHeader(next: IteratorResult<Batch>, dialect: Dialect, file: TableFile): { header: Header; first: Batch } {
  const first: Batch = next.done ? { rows: [], numbers: [] } : next.value
  if (dialect.headerRow === 0) return { header: parseHeader(dialect.headerNames ?? file.fieldNames, 0), first }
  const row = first.rows[dialect.headerRow - 1]
  if (!row) throw new UnreadableTable('the file has no header row')
  const header = parseHeader(row.map(String), first.numbers[dialect.headerRow - 1] ?? 0)
  return { header, first: { rows: first.rows.slice(dialect.headerRow), numbers: first.numbers.slice(dialect.headerRow) } }
}

/** Gives each row the cells of the header's names. A row that is too short is a fault, and left out. */
function cutRows(batch: Batch, { width, places, names }: Header, { faults, reportsExtraCells }: ReadOptions): Batch {
  const rows: (readonly Cell[])[] = []
  const numbers: number[] = []
  batch.rows.forEach((row, index) => {
    const number = batch.numbers[index] ?? 0
    if (row.length < width) {
      faults.add({ code: 'missing-value', row: number, rule: `has ${row.length} cells, and the header has ${names.length} columns` })
      return
    }
    if (reportsExtraCells && row.length > width && !isEmpty(row.slice(width).map(String))) {
      faults.add({ code: 'extra-value', row: number, rule: `has ${row.length} cells, and the header has ${names.length} columns` })
    }
    rows.push(places ? places.map((place) => row[place]) : row)
    numbers.push(number)
  })
  return { rows, numbers }
}

async function openJson(file: TableFile, options: ReadOptions): Promise<OpenTable> {
  const dialect = parseDialect(file.dialect, file.options)
  const encoding = await findEncoding(file.localPath, file.encoding)
  const items = jsonItems(readText(file.localPath, encoding), dialect, file.format.toLowerCase())
  let isKeyed = true
  const readHeader = async () => {
    const next = await items.next()
    const first: ItemBatch = next.done ? { items: [], numbers: [] } : next.value
    isKeyed = !Array.isArray(first.items[0])
    if (isKeyed) return { header: keyedHeader(first.items[0], file.fieldNames), first }
    return { header: arrayHeader(first.items[0]), first: { items: first.items.slice(1), numbers: first.numbers.slice(1) } }
  }
  return openRows(items, readHeader, {
    encoding,
    shape: (header) => (isKeyed ? rowsOfObjects(header, options.faults) : (batch) => cutRows(rowsOfArrays(batch), header, options)),
  })
}

import type { Reading } from '../dialect.ts'
import { findEncoding, readText } from '../encoding.ts'
import { type FaultList, UnreadableTable } from '../faults.ts'
import { type Header, parseHeader } from '../header.ts'
import { openRows } from '../open-rows.ts'
import type { OpenTable, TableFile } from '../read-table.ts'
import { RowShape } from '../row-shape.ts'
import type { Batch } from '../table.ts'
import { EscapedCsvScanner } from './escaped-scanner.ts'
import { CsvScanner, type RowScanner } from './scanner.ts'
import { sniffDelimiter } from './sniff.ts'

/** Opens delimited text. */
export async function openCsv(file: TableFile, faults: FaultList): Promise<OpenTable> {
  const encoding = await findEncoding(file.localPath, file.reading.encoding, faults)
  return openRows(csvRows(readText(file.localPath, encoding), file.reading, faults), {
    encoding,
    readHeader: (first) => readHeader(first, file),
    shaper: (header) => {
      const shape = new RowShape(header, faults)
      return { shape: (batch) => shape.shape(batch), finish: () => shape.finish() }
    },
  })
}

/** The first batch has the header as its first row, if the file has a header. */
function readHeader(first: Batch = { rows: [], numbers: [] }, { reading, fieldNames }: TableFile): { header: Header; rest: Batch } {
  const { headerRow, headerNames, isCaseSensitive } = reading
  const names = headerNames ?? fieldNames
  if (headerRow === 0 && names.length === 0) throw new UnreadableTable('the columns have no names: give a header row, `headers` or a schema')
  if (headerRow === 0) return { header: parseHeader(names, { row: 0, isCaseSensitive }), rest: first }
  const header = parseHeader((first.rows[0] ?? []).map(String), { row: first.numbers[0] ?? 0, isCaseSensitive })
  return { header, rest: { rows: first.rows.slice(1), numbers: first.numbers.slice(1) } }
}

/** Header row and data rows, without blank rows and rows that the dialect skips. */
async function* csvRows(text: AsyncIterable<string>, reading: Reading, faults: FaultList): AsyncGenerator<Batch> {
  let selection: RowSelection | undefined
  for await (const piece of text) {
    const start: Start | undefined = selection ? undefined : findStart(piece, reading)
    selection ??= new RowSelection(start ?? { text: '', delimiter: ',', rows: 0 }, reading, faults)
    const batch = selection.read(start?.text ?? piece, false)
    if (batch.rows.length > 0) yield batch
  }
  const last = selection?.read('', true)
  if (last && last.rows.length > 0) yield last
}

interface Start {
  /** The first piece of text, without a delimiter line. */
  readonly text: string
  readonly delimiter: string
  /** Rows that were removed from the text. */
  readonly rows: number
}

/** Spreadsheet programs write the delimiter in a line before the header. */
const delimiterLine = /^(?:sep=(.)|"sep=(.)")(?:\r\n?|\n|$)/i

function findStart(text: string, { delimiter, format, quote }: Reading): Start {
  if (/^\s*<(?:!doctype|html)/i.test(text)) throw new UnreadableTable('the file is a web page, not delimited text')
  const line = delimiterLine.exec(text)
  if (!line) return { text, delimiter: delimiter ?? (format === 'csv' ? sniffDelimiter(text, quote) : '\t'), rows: 0 }
  const named = line[1] ?? line[2] ?? ','
  if (delimiter !== undefined && delimiter !== named)
    throw new UnreadableTable(`row 1 names ${JSON.stringify(named)} as the delimiter, and the dialect ${JSON.stringify(delimiter)}`)
  return { text: text.slice(line[0].length), delimiter: named, rows: 1 }
}

/** Splits text into rows and selects the header and data rows. Rows with uncertain cells are faults. */
class RowSelection {
  readonly #scanner: RowScanner
  readonly #reading: Reading
  readonly #faults: FaultList
  /** Rows of the file so far. */
  #count: number
  /** Rows so far that the row number of the header counts. */
  #counted: number
  #hasHeader: boolean
  #hasNul = false

  constructor({ delimiter, rows }: Start, reading: Reading, faults: FaultList) {
    this.#scanner = startScanner(delimiter, reading)
    this.#reading = reading
    this.#faults = faults
    this.#count = rows
    this.#counted = rows
    this.#hasHeader = reading.headerRow === 0
  }

  read(piece: string, isLast: boolean): Batch {
    this.#hasNul ||= piece.includes('\0')
    const rows: string[][] = []
    const numbers: number[] = []
    const found = this.#scanner.read(piece, isLast)
    const { broken } = this.#scanner
    for (let place = 0; place < found.length; place++) {
      const row = found[place] ?? []
      this.#count++
      const problem = broken.size === 0 ? undefined : broken.get(place)
      // A comment has no cells.
      if (row.length === 0 || this.#reading.isSkipped(this.#count) || !this.#isAtHeader() || isBlank(row)) continue
      if (this.#isBroken(row, problem)) continue
      this.#hasHeader = true
      rows.push(row)
      numbers.push(this.#count)
    }
    if (isLast && !this.#hasHeader) throw new UnreadableTable('the file has no header row')
    return { rows, numbers }
  }

  /** Whether the header has been read already, or this row may be it. */
  #isAtHeader(): boolean {
    return this.#hasHeader || ++this.#counted >= this.#reading.headerRow
  }

  #isBroken(row: readonly string[], problem: string | undefined): boolean {
    const nul = this.#hasNul ? row.findIndex((cell) => cell.includes('\0')) : -1
    // Other faults of a row with a NUL follow from the NUL.
    const rule = nul < 0 ? problem : `has a NUL character in column ${nul + 1}: the file is binary, or in another encoding than it was read as`
    if (rule === undefined) return false
    if (!this.#hasHeader) throw new UnreadableTable(`row ${this.#count}, the header, ${rule}`)
    this.#faults.add({ code: nul < 0 ? 'format-error' : 'encoding-error', row: this.#count, rule })
    return true
  }
}

function isBlank(row: readonly string[]): boolean {
  for (const cell of row) if (cell !== '') return false
  return true
}

function startScanner(delimiter: string, { quote, comments, lineEnd, escapeCharacter, hasDoubledQuotes }: Reading): RowScanner {
  const form = { delimiter, quote, comments, lineEnd }
  if (escapeCharacter === undefined && hasDoubledQuotes) return new CsvScanner(form)
  return new EscapedCsvScanner({ ...form, escapeCharacter, hasDoubledQuotes })
}

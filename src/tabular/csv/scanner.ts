import { UnreadableTable } from '../faults.ts'

/** Maximum characters of one row. A longer row means an unclosed quote, or that the file is not a table. */
const maxRowChars = 16 * 1024 * 1024

/** Splits text that arrives in pieces into rows. */
export interface RowScanner {
  /**
   * The rows that are complete so far. An empty row has one empty cell, a comment no cells. Throws `UnreadableTable` for a quote that is not
   * closed.
   */
  read(piece: string, isLast: boolean): string[][]
  /** Faults of the rows that the last `read` returned, by index. */
  readonly broken: ReadonlyMap<number, string>
}

export interface CsvForm {
  /** One character. */
  readonly delimiter: string
  /** One character, or empty if quotes are plain characters. */
  readonly quote: string
  /** Lines that start with one of these are comments. */
  readonly comments?: readonly string[]
  /** Undefined: detected from the file. */
  readonly lineEnd?: '\n' | '\r' | undefined
}

/** Text after a closing quote: from there on it is uncertain where values end. */
export const brokenQuotes = (rest: string) =>
  `has ${JSON.stringify(rest.length > 40 ? `${rest.slice(0, 40).toWellFormed()}…` : rest)} after the closing quote of a value: quotes inside of a value are doubled`

/** In a file with two kinds of line ends, only one kind would split rows. */
const brokenLines = 'has a line end of another kind than the first lines, outside of quotes: let all lines end alike'

/**
 * Splits CSV text into rows of trimmed cells. Text arrives in pieces; an incomplete row waits for the next piece.
 * It finds delimiter, quote and line end by `indexOf` and inspects few single characters, which made it twice as fast as
 * the parsers that it was compared with.
 */
export class CsvScanner implements RowScanner {
  readonly #delimiter: string
  readonly #quote: string
  readonly #comments: readonly string[]
  readonly broken = new Map<number, string>()
  #lineEnd: '\n' | '\r' | undefined
  #rest = ''
  #rows = 0

  constructor({ delimiter, quote, comments = [], lineEnd }: CsvForm) {
    this.#delimiter = delimiter
    this.#quote = quote
    this.#comments = comments
    this.#lineEnd = lineEnd
  }

  read(piece: string, isLast: boolean): string[][] {
    const text = this.#rest === '' ? piece : this.#rest + piece
    this.#lineEnd ??= findLineEnd(text, isLast)
    const lineEnd = this.#lineEnd ?? '\n'
    const rows: string[][] = []
    this.broken.clear()
    const used = this.#scan(isLast && text !== '' && !text.endsWith(lineEnd) ? text + lineEnd : text, lineEnd, rows)
    this.#rest = text.slice(used)
    this.#rows += rows.length
    if (isLast && this.#rest !== '') throw new UnreadableTable(`row ${this.#rows + 1}: a quoted value does not end`)
    if (this.#rest.length > maxRowChars)
      throw new UnreadableTable(`row ${this.#rows + 1} is longer than ${maxRowChars} characters: is a quote not closed?`)
    return rows
  }

  /** Appends the complete rows and returns where the first incomplete one starts. */
  #scan(text: string, lineEnd: '\n' | '\r', rows: string[][]): number {
    const delimiter = this.#delimiter
    const quoteCode = this.#quote === '' ? -1 : this.#quote.charCodeAt(0)
    const delimiterCode = delimiter.charCodeAt(0)
    let row: string[] = []
    let rowStart = 0
    let at = 0
    let end = text.indexOf(lineEnd)
    let comma = -1
    const hasComments = this.#comments.length > 0
    const hasMixedEnds = findOtherEnd(text, lineEnd)
    while (end >= 0) {
      if (delimiterCode !== 32) while (text.charCodeAt(at) === 32) at++
      // A comment gives a row without cells.
      if (hasComments && row.length === 0 && this.#comments.some((start) => text.startsWith(start, at))) comma = end
      else if (text.charCodeAt(at) === quoteCode) {
        const close = this.#closingQuote(text, at + 1)
        if (close < 0) break
        if (close > end) end = text.indexOf(lineEnd, close)
        if (end < 0) break
        comma = text.charCodeAt(close + 1) === delimiterCode ? close + 1 : text.indexOf(delimiter, close)
        if (comma < 0) comma = text.length
        const stop = Math.min(comma, end)
        row.push(this.#quotedCell(text, { from: at + 1, close, stop }, rows.length))
      } else {
        if (comma < at) {
          comma = text.indexOf(delimiter, at)
          if (comma < 0) comma = text.length
        }
        const cell = plainCell(text, at, Math.min(comma, end))
        if (hasMixedEnds && /[\r\n]/.test(cell)) this.broken.set(rows.length, brokenLines)
        row.push(cell)
      }
      if (comma < end) {
        at = comma + 1
        continue
      }
      rows.push(row)
      row = []
      at = end + 1
      rowStart = at
      end = text.indexOf(lineEnd, at)
    }
    return rowStart
  }

  /** Position of the closing quote, skipping doubled ones; -1 if it has not arrived yet. */
  #closingQuote(text: string, from: number): number {
    const code = this.#quote.charCodeAt(0)
    let at = text.indexOf(this.#quote, from)
    while (at >= 0 && text.charCodeAt(at + 1) === code) at = text.indexOf(this.#quote, at + 2)
    return at
  }

  #quotedCell(text: string, { from, close, stop }: { from: number; close: number; stop: number }, row: number): string {
    const inner = text.slice(from, close)
    const plain = inner.includes(this.#quote) ? inner.replaceAll(this.#quote + this.#quote, this.#quote) : inner
    if (stop === close + 1) return plain.trim()
    const rest = text.slice(close + 1, stop).trim()
    if (rest !== '') this.broken.set(row, brokenQuotes(rest))
    return (plain + rest).trim()
  }
}

/** Whether a cell has a line end of another kind than the file's. */
function findOtherEnd(text: string, lineEnd: '\n' | '\r'): boolean {
  if (lineEnd === '\r') return text.includes('\n')
  for (let at = text.indexOf('\r'); at >= 0 && at < text.length - 1; at = text.indexOf('\r', at + 1)) if (text.charCodeAt(at + 1) !== 10) return true
  return false
}

/** A trimmed piece of text. */
function plainCell(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return isOddSpace(text, from, to) ? text.slice(from, to).trim() : text.slice(from, to)
}

const isSpace = (code: number) => code === 32 || (code >= 9 && code <= 13)

/** Whether a cell starts or ends with a space beyond ASCII. */
function isOddSpace(text: string, from: number, to: number): boolean {
  return to > from && (text.charCodeAt(from) >= 160 || text.charCodeAt(to - 1) >= 160)
}

/** The line end of the file; old files use a carriage return alone. Undefined while no line end has arrived. */
function findLineEnd(text: string, isLast: boolean): '\n' | '\r' | undefined {
  if (text.includes('\n')) return '\n'
  const at = text.indexOf('\r')
  if (at < 0) return isLast ? '\n' : undefined
  return at < text.length - 1 || isLast ? '\r' : undefined
}

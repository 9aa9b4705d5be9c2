import { UnreadableTable } from '../faults.ts'

/** Characters of one row; more means a quote that was never closed, or no table. */
const longestRow = 16 * 1024 * 1024

/** Cuts text that comes in pieces into rows. */
export interface RowScanner {
  /**
   * The rows that are complete now, empty ones as one empty cell, comments as none. Throws `UnreadableTable` for a quote that is never
   * closed.
   */
  read(piece: string, isLast: boolean): string[][]
  /** What is wrong with rows that the last `read` returned, by their place among them. */
  readonly broken: ReadonlyMap<number, string>
}

export interface CsvForm {
  /** One character. */
  readonly delimiter: string
  /** One character, or empty: quotes mean nothing. */
  readonly quote: string
  /** Lines that start with one of these are comments. */
  readonly comments?: readonly string[]
  /** Undefined: as the file has it. */
  readonly lineEnd?: '\n' | '\r' | undefined
}

/** Text after a closing quote: where values end is a guess from there on. */
export const brokenQuotes = (rest: string) =>
  `has ${JSON.stringify(rest.length > 40 ? `${rest.slice(0, 40).toWellFormed()}…` : rest)} after the closing quote of a value: quotes inside of a value are doubled`

/** A file whose lines end in two ways would be cut at half of them. */
const brokenLines = 'has a line end of another kind than the first lines, outside of quotes: let all lines end alike'

/**
 * Cuts CSV text into rows of trimmed cells. Text comes piece by piece; a row that is not complete waits for the next piece.
 * It looks for delimiter, quote and line end by `indexOf` and touches few characters singly, which makes it twice as fast as
 * the parsers at hand.
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
    if (this.#rest.length > longestRow)
      throw new UnreadableTable(`row ${this.#rows + 1} is longer than ${longestRow} characters: is a quote not closed?`)
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
      // The row of a comment stays without a cell.
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

  /** Position of the quote that ends a value, doubled ones passed over; -1 when it is not there yet. */
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

/** Whether there is a line end that is not of the file's kind. */
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

/** Old files end their lines with a carriage return alone. Undefined while nothing can be told. */
function findLineEnd(text: string, isLast: boolean): '\n' | '\r' | undefined {
  if (text.includes('\n')) return '\n'
  const at = text.indexOf('\r')
  if (at < 0) return isLast ? '\n' : undefined
  return at < text.length - 1 || isLast ? '\r' : undefined
}

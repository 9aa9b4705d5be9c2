import { UnreadableTable } from '../faults.ts'
import { JsonCursor, type JsonItem, NotJson, UnfinishedJson } from './cursor.ts'

/** Maximum characters of one row that are held in memory. */
const maxRowLength = 16 * 1024 * 1024

/** Text that has arrived and is not parsed yet. It is parsed again only after it has doubled, so that long rows take linear time. */
class Waiting {
  #pieces: string[] = []
  #length = 0
  #seenLength = 0

  /** All text, if it should be parsed now. */
  add(piece: string, isLast: boolean): string | undefined {
    if (piece !== '') this.#pieces.push(piece)
    this.#length += piece.length
    return isLast || this.#length >= 2 * this.#seenLength ? this.#pieces.join('') : undefined
  }

  keep(rest: string, rows: number): void {
    if (rest.length > maxRowLength) throw new UnreadableTable(`row ${rows + 1} is longer than ${maxRowLength} characters`)
    this.#pieces = rest === '' ? [] : [rest]
    this.#length = rest.length
    this.#seenLength = rest.length
  }
}

/** Splits a JSON array that arrives in pieces into its items. Numbers are kept as written. */
export class JsonArrayScanner {
  readonly #waiting = new Waiting()
  #state: 'start' | 'first' | 'item' | 'after' | 'closed' = 'start'
  #rows = 0

  /** The items that are complete so far. Throws `UnreadableTable` for text that is not a JSON array. */
  read(piece: string, isLast: boolean): JsonItem[] {
    const text = this.#waiting.add(piece, isLast)
    if (text === undefined) return []
    const cursor = new JsonCursor(text)
    const items: JsonItem[] = []
    let done = 0
    try {
      while (cursor.skipSpace() < text.length) {
        this.#step(cursor, items)
        done = cursor.at
      }
    } catch (error) {
      if (!(error instanceof UnfinishedJson)) throw this.#refusal(error, items.length)
    }
    this.#rows += items.length
    this.#waiting.keep(text.slice(done), this.#rows)
    if (isLast && this.#state !== 'closed') throw new UnreadableTable(`the JSON array has no end after row ${this.#rows}; the file may be incomplete`)
    return items
  }

  #step(cursor: JsonCursor, items: JsonItem[]): void {
    if (this.#state === 'closed') throw new UnreadableTable('the file has text after the end of the JSON array')
    if (this.#state === 'start') {
      if (!cursor.take('[')) throw new UnreadableTable('the file is not a JSON array of rows')
      this.#state = 'first'
    } else if (this.#state !== 'item' && cursor.take(']')) this.#state = 'closed'
    else if (this.#state === 'after') {
      if (!cursor.take(',')) throw new NotJson()
      this.#state = 'item'
    } else {
      items.push(cursor.readItem())
      this.#state = 'after'
    }
  }

  #refusal(error: unknown, found: number): unknown {
    return error instanceof NotJson ? new UnreadableTable(`the rows after row ${this.#rows + found} are not JSON`, { cause: error }) : error
  }
}

/** Splits text into lines, each a JSON value; empty lines are skipped. */
export class JsonLinesScanner {
  #pieces: string[] = []
  #length = 0
  #rows = 0

  read(piece: string, isLast: boolean): JsonItem[] {
    const end = isLast ? piece.length : piece.lastIndexOf('\n') + 1
    const text = end > 0 || isLast ? this.#pieces.join('') + piece.slice(0, end) : ''
    if (end > 0 || isLast) [this.#pieces, this.#length] = [[], 0]
    this.#pieces.push(piece.slice(end))
    this.#length += piece.length - end
    if (this.#length > maxRowLength) throw new UnreadableTable(`row ${this.#rows + 1} is longer than ${maxRowLength} characters`)
    return this.#readLines(isLast ? `${text}\n` : text)
  }

  #readLines(text: string): JsonItem[] {
    const cursor = new JsonCursor(text)
    const items: JsonItem[] = []
    try {
      while (cursor.skipSpace() < text.length) {
        const lineEnd = text.indexOf('\n', cursor.at)
        items.push(cursor.readItem())
        // A line with two values, or a value on two lines, would shift all later rows.
        if (cursor.at > lineEnd || cursor.skipSpace() < lineEnd) throw new NotJson()
        this.#rows++
      }
      return items
    } catch (error) {
      if (!(error instanceof NotJson || error instanceof UnfinishedJson)) throw error
      throw new UnreadableTable(`the line after row ${this.#rows} does not hold exactly one JSON value`, { cause: error })
    }
  }
}

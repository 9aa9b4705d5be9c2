import { UnreadableTable } from '../faults.ts'
import { JsonCursor, type JsonItem, NotJson, UnfinishedJson } from './cursor.ts'

/** Characters of one row; more is not taken into memory. */
const maxRowLength = 16 * 1024 * 1024

/** Text that has come and is not read yet. It is looked at again only when it has become twice as long, so that long rows cost no more than short ones. */
class Waiting {
  #pieces: string[] = []
  #length = 0
  #seenLength = 0

  /** All text, when it is worth a look. */
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

/** Cuts a JSON array that comes in pieces into its items; numbers stay as they are written. */
export class JsonArrayScanner {
  readonly #waiting = new Waiting()
  #state: 'start' | 'first' | 'item' | 'after' | 'closed' = 'start'
  #rows = 0

  /** The items that are complete now. Throws `UnreadableTable` for what is no JSON array. */
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
    if (isLast && this.#state !== 'closed') throw new UnreadableTable(`the JSON array breaks off after row ${this.#rows}`)
    return items
  }

  #step(cursor: JsonCursor, items: JsonItem[]): void {
    if (this.#state === 'closed') throw new UnreadableTable('the file goes on after the end of the JSON array')
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

/** Cuts text into lines, each a JSON value; empty lines are passed over. */
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
        // A line of two values, or a value of two lines, would shift all that follow.
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

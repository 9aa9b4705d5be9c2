import { parseJson } from './cast-structure.ts'
import { UnreadableTable } from './faults.ts'

/** Characters of one row; more is not taken into memory. */
const longestRow = 16 * 1024 * 1024
/** Numbers of so many digits may not fit a double: they are kept as text. */
const longNumber = /\d{16}/

/** Cuts a JSON array that comes in pieces into its items, parsing many at once. */
export class JsonArrayScanner {
  #rest = ''
  #isOpen = false
  #isClosed = false
  #rows = 0

  /** The items that are complete now. Throws `UnreadableTable` for what is no JSON array. */
  read(piece: string, isLast: boolean): unknown[] {
    const text = this.#rest + piece
    const start = this.#isOpen ? 0 : this.#open(text)
    const end = start < 0 ? 0 : this.#lastItemEnd(text, start)
    const items = end > start ? parseItems(text.slice(start, end).replace(/^\s*,/, ''), this.#rows) : []
    this.#rest = start < 0 ? text : text.slice(Math.max(start, end))
    this.#rows += items.length
    if (isLast) this.#finish()
    if (this.#rest.length > longestRow) throw new UnreadableTable(`row ${this.#rows + 1} is longer than ${longestRow} characters`)
    return items
  }

  /** Position after the opening bracket; -1 while there are only spaces. */
  #open(text: string): number {
    const at = text.search(/\S/)
    if (at < 0) return -1
    if (text[at] !== '[') throw new UnreadableTable('the file is not a JSON array of rows')
    this.#isOpen = true
    return at + 1
  }

  /** Where the last complete item ends: at the last comma or the closing bracket outside of all items. */
  #lastItemEnd(text: string, start: number): number {
    if (this.#isClosed) return start
    let depth = 0
    let end = start
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 34) {
        at = stringEnd(text, at)
        if (at < 0) return end
      } else if (code === 123 || code === 91) depth++
      else if (code === 44 && depth === 0) end = at
      else if ((code === 125 || code === 93) && --depth < 0) {
        this.#isClosed = true
        return at
      }
    }
    return end
  }

  #finish(): void {
    if (!this.#isClosed) throw new UnreadableTable(`the JSON array breaks off after row ${this.#rows}`)
    if (this.#rest.trim() !== ']') throw new UnreadableTable('the file goes on after the end of the JSON array')
  }
}

/** Position of the closing quote; -1 when it is not there yet. */
function stringEnd(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === 92) slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

/** Cuts text into lines, each a JSON value; empty lines are passed over. */
export class JsonLinesScanner {
  #rest = ''
  #rows = 0

  read(piece: string, isLast: boolean): unknown[] {
    const text = this.#rest + piece
    const end = isLast ? text.length : text.lastIndexOf('\n') + 1
    this.#rest = text.slice(end)
    if (this.#rest.length > longestRow) throw new UnreadableTable(`row ${this.#rows + 1} is longer than ${longestRow} characters`)
    const lines = text
      .slice(0, end)
      .split('\n')
      .filter((line) => line.trim() !== '')
    const items = parseItems(lines.join(','), this.#rows)
    // A line of two values would shift all that follow.
    if (items.length !== lines.length) throw new UnreadableTable(`a line after row ${this.#rows} does not hold exactly one JSON value`)
    this.#rows += items.length
    return items
  }
}

function parseItems(list: string, rowsBefore: number): unknown[] {
  const text = `[${list}]`
  const items = longNumber.test(text) ? parseExactly(text) : parseJson(text)
  if (!Array.isArray(items)) throw new UnreadableTable(`the rows after row ${rowsBefore} are not JSON`)
  return items
}

function parseExactly(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source
    const isRounded = typeof value === 'number' && source !== undefined && /^-?\d{16,}$/.test(source)
    return isRounded ? source : value
  }
  try {
    const value: unknown = JSON.parse(text, revive)
    return value
  } catch {
    return undefined
  }
}

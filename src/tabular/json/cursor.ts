import { type Cell, JsonText } from '../cell.ts'
import { UnreadableTable } from '../faults.ts'

/** The text is not JSON. */
export class NotJson extends Error {
  override readonly name = 'NotJson'
}

/** The text ends within a value; more text may follow. */
export class UnfinishedJson extends Error {
  override readonly name = 'UnfinishedJson'
}

const space = /[ \t\n\r]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** Text that may become a number when more text follows. */
const numberStart = /[-+.\deE]*/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON allows these only escaped
const escapeOrControl = /[\\\u0000-\u001f]/
const words = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

/** An object of a JSON file: its keys and values in the order of the file, including duplicate keys. */
export class JsonObjectRow {
  /** The same array as for the previous row, if the keys are the same. */
  readonly keys: readonly string[]
  readonly cells: readonly Cell[]

  constructor(keys: readonly string[], cells: readonly Cell[]) {
    this.keys = keys
    this.cells = cells
  }
}

/** One row of a JSON file. */
export type JsonItem = JsonObjectRow | Cell[] | Cell

/** Reads values from a JSON text one after the other. Throws `NotJson` and `UnfinishedJson`. */
export class JsonCursor {
  readonly text: string
  at = 0
  #lastKeys: readonly string[] = []
  /** The keys of the previous row as the file has them, with quotes and colon: most rows have the same keys. */
  #lastSpellings: readonly string[] = []

  constructor(text: string) {
    this.text = text
  }

  /** Position of the next character that is not a space; the end of the text if there is none. */
  skipSpace(): number {
    const code = this.text.charCodeAt(this.at)
    // Most values have no space before them.
    if (code > 32) return this.at
    space.lastIndex = this.at
    space.test(this.text)
    this.at = space.lastIndex
    return this.at
  }

  /** The next character that is not a space; empty at the end of the text. */
  peek(): string {
    return this.text.charAt(this.skipSpace())
  }

  /** Skips one character, if it is the next one. */
  take(character: string): boolean {
    if (this.text.charCodeAt(this.skipSpace()) !== character.charCodeAt(0)) return false
    this.at++
    return true
  }

  /** A row: an object with its keys, a list of cells, or anything else as a cell. */
  readItem(): JsonItem {
    if (this.take('{')) return this.#readObject()
    return this.take('[') ? this.#readArray() : this.readCell()
  }

  #readObject(): JsonObjectRow {
    const cells: Cell[] = []
    if (this.take('}')) return new JsonObjectRow([], cells)
    const [lastKeys, lastSpellings] = [this.#lastKeys, this.#lastSpellings]
    let keys: string[] | undefined
    let spellings: string[] = []
    do {
      const start = this.skipSpace()
      const spelling = keys ? undefined : lastSpellings[cells.length]
      if (spelling !== undefined && this.text.startsWith(spelling, start)) this.at += spelling.length
      else {
        keys ??= lastKeys.slice(0, cells.length)
        if (spellings.length < cells.length) spellings = lastSpellings.slice(0, cells.length)
        keys.push(this.readKey())
        spellings.push(this.text.slice(start, this.at))
      }
      cells.push(this.readCell())
    } while (this.#goesOn('}'))
    if (!keys && cells.length < lastKeys.length) {
      keys = lastKeys.slice(0, cells.length)
      spellings = lastSpellings.slice(0, cells.length)
    }
    if (keys) [this.#lastKeys, this.#lastSpellings] = [keys, spellings]
    return new JsonObjectRow(this.#lastKeys, cells)
  }

  #readArray(): Cell[] {
    const cells: Cell[] = []
    if (this.take(']')) return cells
    do cells.push(this.readCell())
    while (this.#goesOn(']'))
    return cells
  }

  /** A key with its colon. */
  readKey(): string {
    if (this.peek() !== '"') throw this.#wrong()
    const key = this.#readString()
    if (!this.take(':')) throw this.#wrong()
    return key
  }

  /** Skips a comma and returns true, or skips the closing bracket and returns false. */
  #goesOn(end: string): boolean {
    if (this.take(',')) return true
    if (this.take(end)) return false
    throw this.#wrong()
  }

  readCell(): Cell {
    const code = this.text.charCodeAt(this.skipSpace())
    if (code === 34) return this.#readString()
    if (code === 123 || code === 91) return this.#readNested()
    return code >= 97 ? this.#readWord() : this.#readNumber()
  }

  #readWord(): boolean | null {
    for (const [word, value] of words) {
      if (!this.text.startsWith(word, this.at)) continue
      this.at += word.length
      return value
    }
    const rest = this.text.slice(this.at, this.at + 6)
    throw words.some(([word]) => word.startsWith(rest)) ? new UnfinishedJson() : new NotJson()
  }

  #readNumber(): JsonText {
    const start = this.at
    number.lastIndex = start
    const end = number.test(this.text) ? number.lastIndex : start
    if (end === start || !isNumberEnd(this.text.charCodeAt(end))) {
      numberStart.lastIndex = start
      numberStart.test(this.text)
      throw numberStart.lastIndex === this.text.length ? new UnfinishedJson() : new NotJson()
    }
    this.at = end
    return new JsonText(this.text.slice(start, end))
  }

  #readString(): string {
    const open = this.at
    const close = stringEnd(this.text, open)
    if (close < 0) throw new UnfinishedJson()
    this.at = close + 1
    const inner = this.text.slice(open + 1, close)
    return escapeOrControl.test(inner) ? String(parseValid(this.text.slice(open, close + 1))) : inner
  }

  /** An object or array inside a row, kept as text so that no digit is lost. */
  #readNested(): JsonText {
    const start = this.at
    this.at = nestedEnd(this.text, start)
    const text = this.text.slice(start, this.at)
    parseValid(text)
    return new JsonText(withoutSpaces(text))
  }

  /** Skips one value without parsing it. */
  skipValue(): void {
    const first = this.peek()
    if (first === '{' || first === '[') this.at = nestedEnd(this.text, this.at)
    else this.readCell()
  }

  #wrong(): Error {
    return this.skipSpace() === this.text.length ? new UnfinishedJson() : new NotJson()
  }
}

/** A comma, a closing bracket or a space. */
const isNumberEnd = (code: number) => code === 44 || code === 125 || code === 93 || code <= 32

function parseValid(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (error) {
    throw new NotJson('', { cause: error })
  }
}

/** Position of the closing quote; -1 if it has not arrived yet. */
function stringEnd(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === 92) slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

/** Maximum levels of nested objects and arrays in one value. */
const maxDepth = 1000

/** Position after the bracket that closes the one at `open`. Throws `UnreadableTable` for text that is nested too deeply for JSON parsers. */
function nestedEnd(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 34) {
      at = stringEnd(text, at)
      if (at < 0) break
    } else if (code === 123 || code === 91) {
      if (++depth > maxDepth) throw new UnreadableTable(`a value nests deeper than ${maxDepth} levels`)
    } else if ((code === 125 || code === 93) && --depth === 0) return at + 1
  }
  throw new UnfinishedJson()
}

/** Removes spaces and line ends between the parts of a JSON text. */
function withoutSpaces(text: string): string {
  if (!/\s/.test(text)) return text
  let made = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 34) at = stringEnd(text, at)
    else if (code <= 32) {
      made += text.slice(from, at)
      from = at + 1
    }
  }
  return made + text.slice(from)
}

/** Parses a whole JSON text. Undefined for invalid JSON. Throws `UnreadableTable` for text that is nested too deeply. */
export function parseJson(text: string): unknown {
  try {
    const [start] = /[[{]/.exec(text.slice(0, 1000)) ?? []
    if (start !== undefined) nestedEnd(text, text.indexOf(start))
    return parseValid(text)
  } catch (error) {
    if (error instanceof NotJson || error instanceof UnfinishedJson) return undefined
    throw error
  }
}

/** The items of a JSON array as cells; undefined for other texts. */
export function arrayItems(text: string): Cell[] | undefined {
  const cursor = new JsonCursor(text)
  if (!cursor.take('[')) return undefined
  cursor.at--
  const item = cursor.readItem()
  return Array.isArray(item) ? item : undefined
}

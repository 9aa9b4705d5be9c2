/** The text of a number, object or array of a JSON file, without spaces between its parts. A double would lose digits. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  get isNumber(): boolean {
    const first = this.text.charCodeAt(0)
    return first !== 123 && first !== 91
  }

  get isObject(): boolean {
    return this.text.startsWith('{')
  }

  get isArray(): boolean {
    return this.text.startsWith('[')
  }
}

/** One cell: a text, a value of a JSON file, or null or undefined if it is missing. */
export type Cell = string | boolean | null | undefined | JsonText

/** A value of a spec as a cell. */
export function cellOf(value: unknown): Cell {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || value === undefined) return value
  return new JsonText(JSON.stringify(value))
}

/** The text of a cell as the file has it; empty if it is missing. */
export function cellText(cell: Cell): string {
  if (typeof cell === 'string') return cell
  if (cell === null || cell === undefined) return ''
  return cell instanceof JsonText ? cell.text : String(cell)
}

/** A number, an object or an array of a JSON file, as it is written there: a double would lose digits. Without spaces between its parts. */
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

/** One cell: text, null or undefined where it is missing, or what a JSON file had there. */
export type Cell = string | boolean | null | undefined | JsonText

/** A value of a spec as a cell. */
export function cellOf(value: unknown): Cell {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || value === undefined) return value
  return new JsonText(JSON.stringify(value))
}

/** A cell as the file shows it; nothing where it is missing. */
export function cellText(cell: Cell): string {
  if (typeof cell === 'string') return cell
  if (cell === null || cell === undefined) return ''
  return cell instanceof JsonText ? cell.text : String(cell)
}

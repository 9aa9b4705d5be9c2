import { type Cell, cellText } from './cell.ts'
import type { FaultList } from './faults.ts'
import type { Header } from './header.ts'
import type { Batch } from './table.ts'

const isBlank = (cell: Cell) => cell === '' || cell === null || cell === undefined

/** Maximum number of columns that a message lists. */
const maxNamed = 5

/**
 * Arranges the cells of each row by the header's names. A row that is too short is a fault and is left out. A value in a column without a name is a
 * fault, since it would not be published. Blank cells in such columns are left out; `finish` warns of them.
 */
export class RowShape {
  readonly #header: Header
  readonly #faults: FaultList
  /** Number of cells that a row needs. */
  readonly #least: number
  /** Whether every cell of the header has a name. */
  readonly #isWhole: boolean
  /** Positions of the header's cells without a name, and whether a value was found there. */
  readonly #unnamed: ReadonlyMap<number, { hasValue: boolean }>
  #blankEnds = { count: 0, firstRow: 0 }

  constructor(header: Header, faults: FaultList) {
    this.#header = header
    this.#faults = faults
    this.#least = (header.places.at(-1) ?? 0) + 1
    this.#isWhole = header.places.length === header.width
    const named = new Set(header.places)
    const unnamed = Array.from({ length: header.width }, (_, place) => place).filter((place) => !named.has(place))
    this.#unnamed = new Map(unnamed.map((place) => [place, { hasValue: false }]))
  }

  shape(batch: Batch): Batch {
    const rows: (readonly Cell[])[] = []
    const numbers: number[] = []
    for (let index = 0; index < batch.rows.length; index++) {
      const row = batch.rows[index] ?? []
      const number = batch.numbers[index] ?? 0
      if (row.length < this.#least) {
        this.#faults.add({ code: 'missing-value', row: number, rule: this.#describe(row) })
        continue
      }
      if (!this.#isWhole || row.length > this.#least) this.#checkRest(row, number)
      rows.push(this.#isWhole ? row : this.#header.places.map((place) => row[place]))
      numbers.push(number)
    }
    return { rows, numbers }
  }

  /** Warns of cells that were left out, after the last row. */
  finish(): void {
    const blank = [...this.#unnamed].filter(([, { hasValue }]) => !hasValue).map(([place]) => place + 1)
    if (blank.length > 0) {
      const named = blank.slice(0, maxNamed).join(', ') + (blank.length > maxNamed ? ` and ${blank.length - maxNamed} more` : '')
      const words =
        blank.length === 1 ? `column ${named} has neither a name nor values and is` : `columns ${named} have neither names nor values and are`
      this.#faults.warn(`${words} left out`)
    }
    const { count, firstRow } = this.#blankEnds
    if (count > 0) this.#faults.warn(`${count} rows have blank cells beyond the header, row ${firstRow} is the first; they are left out`)
  }

  #checkRest(row: readonly Cell[], number: number): void {
    for (const [place, seen] of this.#unnamed) {
      if (seen.hasValue || isBlank(row[place])) continue
      seen.hasValue = true
      const rule = `is in column ${place + 1}, which has no name in the header`
      this.#faults.add({ code: 'blank-header', row: number, columnNumber: place + 1, value: cellText(row[place]), rule })
    }
    const surplus = row.slice(this.#header.width)
    if (surplus.length === 0) return
    if (!surplus.every(isBlank)) this.#faults.add({ code: 'extra-value', row: number, rule: this.#describe(row) })
    else if (this.#blankEnds.count++ === 0) this.#blankEnds.firstRow = number
  }

  #describe(row: readonly Cell[]): string {
    return `has ${row.length} cells, and the header has ${this.#header.width} columns`
  }
}

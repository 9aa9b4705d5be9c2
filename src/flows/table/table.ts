import type { Cell } from './cell.ts'
import { type Column, compileColumn, type Value } from './column.ts'
import { type FaultList, UnreadableTable } from './faults.ts'
import type { Field, TableSchema } from './schema.ts'
import { UniqueValues } from './unique-values.ts'

/** Rows read together, with the number of each in its file. */
export interface Batch {
  readonly rows: readonly (readonly Cell[])[]
  readonly numbers: readonly number[]
}

/** Names of the columns and where in a row they stand. */
export interface Header {
  readonly names: readonly string[]
  /** Cell of each name; undefined when they are simply the first ones. */
  readonly places: readonly number[] | undefined
  /** Cells that a row needs. */
  readonly width: number
  /** Row of the header, 0 where there is none. */
  readonly row: number
}

/** Columns without a name are left out; a name that was there before gets `_1`, `_2`, … */
export function parseHeader(cells: readonly string[], row: number): Header {
  const names: string[] = []
  const places: number[] = []
  cells.forEach((cell, place) => {
    if (cell === '') return
    let name = cell
    for (let count = 1; names.includes(name); count++) name = `${cell}_${count}`
    names.push(name)
    places.push(place)
  })
  if (names.length === 0) throw new UnreadableTable('the file has no header row')
  const isSimple = places.length === cells.length
  return { names, places: isSimple ? undefined : places, width: (places.at(-1) ?? 0) + 1, row }
}

/** The schema's fields in the order of the header. Differences between the two are faults. */
export function matchColumns(header: Header, schema: TableSchema, faults: FaultList): Column[] {
  const fields = new Map(schema.fields.map((field) => [field.name, field]))
  const columns = header.names.map((name, index) => {
    const field = fields.get(name)
    if (!field) {
      faults.add({ code: 'extra-header', row: header.row, column: name, columnNumber: index + 1, rule: 'is not a field of the schema' })
    }
    fields.delete(name)
    return compileColumn(field ?? textField(name), schema.missingValues)
  })
  for (const name of fields.keys())
    faults.add({ code: 'missing-header', row: header.row, column: name, rule: 'is a field of the schema and not in the header' })
  return columns
}

const textField = (name: string): Field => ({ name, type: 'string', format: 'default', constraints: {}, source: { name, type: 'string' } })

/** Casts batches of rows. One for each pass over a table: it remembers the values of unique columns. */
export class RowCaster {
  readonly #columns: readonly Column[]
  readonly #faults: FaultList
  readonly #unique: readonly (UniqueValues | undefined)[]

  constructor(columns: readonly Column[], faults: FaultList) {
    this.#columns = columns
    this.#faults = faults
    this.#unique = columns.map((column) => (column.isUnique ? new UniqueValues() : undefined))
  }

  /** The rows with canonical values; cells that break a rule are added to the faults and become null. */
  cast({ rows, numbers }: Batch): Value[][] {
    return rows.map((row, index) => this.#castRow(row, numbers[index] ?? 0))
  }

  #castRow(row: readonly Cell[], number: number): Value[] {
    const columns = this.#columns
    const values = new Array<Value>(columns.length)
    for (let place = 0; place < columns.length; place++) {
      const column = columns[place]
      if (!column) break
      const cell = row[place]
      const value = typeof cell === 'string' ? column.castText(cell) : column.castValue(cell)
      if (value === undefined) this.#faults.add({ ...column.explain(cell), row: number, column: column.name, columnNumber: place + 1 })
      values[place] = value ?? null
      if (column.isUnique && typeof value === 'string') this.#checkUnique(column, value, { row: number, place })
    }
    return values
  }

  #checkUnique(column: Column, value: string, { row, place }: { row: number; place: number }): void {
    if (this.#unique[place]?.add(column.identity(value)) !== false) return
    this.#faults.add({
      code: 'unique-constraint',
      row,
      column: column.name,
      columnNumber: place + 1,
      value,
      rule: 'is there before, and the column is unique',
    })
  }
}

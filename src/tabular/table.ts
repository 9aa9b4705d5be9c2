import type { Cell } from './cell.ts'
import { type Column, compileColumn, type Value } from './column.ts'
import type { Fault, FaultList } from './faults.ts'
import { describeTwins, type Header, matchFields, warnOfTwins } from './header.ts'
import type { Field, TableSchema } from './schema.ts'
import { UniqueValues } from './unique-values.ts'

/** A batch of rows, with the row number of each in the file. */
export interface Batch {
  readonly rows: readonly (readonly Cell[])[]
  readonly numbers: readonly number[]
}

/** The schema's fields in the order of the header; string fields if there is no schema. Differences between schema and header are faults. */
export function matchColumns(header: Header, schema: TableSchema | undefined, faults: FaultList): Column[] {
  if (!schema) {
    warnOfTwins(header, faults)
    return header.names.map((name) => compileColumn(textField(name), ['']))
  }
  const { matched, missing } = matchFields(header, schema.fields)
  const columns = header.names.map((name, index) => {
    const field = matched[index]
    if (!field) faults.add(extraHeader(header, index))
    return compileColumn(field ?? textField(name), schema.missingValues)
  })
  for (const { name } of missing)
    faults.add({ code: 'missing-header', row: header.row, column: name, rule: 'is a field of the schema and not in the header' })
  return columns
}

/** The field for a column without a description, and for a repeated name. */
function extraHeader(header: Header, index: number): Fault {
  const label = header.labels[index] ?? ''
  const place = { row: header.row, column: label, columnNumber: (header.places[index] ?? index) + 1 }
  if (label === header.names[index]) return { code: 'extra-header', ...place, rule: 'is not a field of the schema' }
  return {
    code: 'duplicate-header',
    ...place,
    rule: `${describeTwins(header, index)}, and the schema has no field ${JSON.stringify(header.names[index])}`,
  }
}

const textField = (name: string): Field => ({ name, type: 'string', format: 'default', constraints: {}, source: { name, type: 'string' } })

/** Casts batches of rows. Each pass over a table needs a new one, since it records the values of unique columns. */
export class RowCaster {
  readonly #columns: readonly Column[]
  /** Index of each column's cell in a row of the file, for messages. */
  readonly #places: readonly number[]
  readonly #faults: FaultList
  readonly #unique: readonly (UniqueValues | undefined)[]

  constructor(columns: readonly Column[], { places }: Pick<Header, 'places'>, faults: FaultList) {
    this.#columns = columns
    this.#places = places
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
      if (value === undefined) this.#faults.add({ ...column.explain(cell), row: number, ...this.#nameOf(column, place) })
      values[place] = value ?? null
      if (column.isUnique && typeof value === 'string') this.#checkUnique(column, value, { row: number, place })
    }
    return values
  }

  #nameOf({ name }: Column, place: number) {
    return { column: name, columnNumber: (this.#places[place] ?? place) + 1 }
  }

  #checkUnique(column: Column, value: string, { row, place }: { row: number; place: number }): void {
    if (this.#unique[place]?.add(column.identity(value)) !== false) return
    this.#faults.add({
      code: 'unique-constraint',
      row,
      ...this.#nameOf(column, place),
      value,
      rule: 'is a duplicate, and the column is unique',
    })
  }
}

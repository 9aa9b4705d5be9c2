import { cellOf } from '../../../tabular/cell.ts'
import type { Column, Value } from '../../../tabular/column.ts'
import { UniqueValues } from '../../../tabular/unique-values.ts'
import { objectList, placeOf, recaster, replacement, type Step, type StepScene, stepPattern, wrongStep } from './step.ts'

/** A sorted table is held in memory, so it is limited. */
const maxSortedRows = 500_000

/** Sorts by the fields of `sort-by` in their order, numbers by value, missing values first; equal rows stay in their order. */
export function compileSort(scene: StepScene): Step {
  const sortBy = scene.parameters['sort-by']
  const names = typeof sortBy === 'string' ? [...sortBy.matchAll(/\{([^{}]+)\}/g)].map((found) => found[1]) : []
  if (names.length === 0) throw wrongStep(scene, 'wants fields in braces as sort-by')
  const keys = names.map((name) => sortKey(scene.columns, placeOf(scene, name)))
  const direction = scene.parameters['reverse'] === true ? -1 : 1
  const held: Value[][] = []
  return {
    columns: scene.columns,
    apply: (rows) => {
      for (const row of rows) held.push(row)
      if (held.length > maxSortedRows) throw wrongStep(scene, `can sort at most ${maxSortedRows} rows`)
      return []
    },
    end: () => held.sort((one, other) => direction * compareRows(keys, one, other)),
  }
}

type SortKey = (one: readonly Value[], other: readonly Value[]) => number

function sortKey(columns: readonly Column[], place: number): SortKey {
  const compare = columns[place]?.compare ?? (() => 0)
  return (one, other) => {
    const [left, right] = [one[place] ?? null, other[place] ?? null]
    if (left === right) return 0
    if (left === null) return -1
    if (right === null) return 1
    const order = compare(left, right)
    // NaN has no order relative to other numbers, and is placed after them.
    return Number.isNaN(order) ? Number(left === 'NaN') - Number(right === 'NaN') : order
  }
}

function compareRows(keys: readonly SortKey[], one: readonly Value[], other: readonly Value[]): number {
  for (const key of keys) {
    const order = key(one, other)
    if (order !== 0) return order
  }
  return 0
}

/** Keeps rows that match an entry of `in`, and drops those that match an entry of `out`; a row matches if it has all the values. */
export function compileFilter(scene: StepScene): Step {
  const wanted = objectList(scene, 'in').map((item) => rowTest(scene, item))
  const unwanted = objectList(scene, 'out').map((item) => rowTest(scene, item))
  const isKept = (row: readonly Value[]) => (wanted.length === 0 || wanted.some((fits) => fits(row))) && !unwanted.some((fits) => fits(row))
  return { columns: scene.columns, apply: (rows) => rows.filter(isKept) }
}

function rowTest(scene: StepScene, values: Readonly<Record<string, unknown>>): (row: readonly Value[]) => boolean {
  const wanted = Object.entries(values).map(([name, value]) => {
    const place = placeOf(scene, name)
    const column = scene.columns[place]
    const cell = cellOf(value)
    const canonical = typeof cell === 'string' ? column?.castText(cell) : column?.castValue(cell)
    if (!column || canonical === undefined) throw wrongStep(scene, `compares ${name} with ${JSON.stringify(value)}, which it can never be`)
    return { place, isEqual: equalTo(column, canonical) }
  })
  return (row) => wanted.every(({ place, isEqual }) => isEqual(row[place] ?? null))
}

/** Whether two values are equal, even if they are written differently. */
function equalTo({ identity }: Column, canonical: Value): (value: Value) => boolean {
  if (canonical === null) return (value) => value === null
  const wanted = identity(canonical)
  return (value) => value !== null && identity(value) === wanted
}

/** Keeps the first row of each primary key; a table without a primary key is unchanged. */
export function compileDeduplicate(scene: StepScene): Step {
  const places = scene.primaryKey.map((name) => placeOf(scene, name))
  if (places.length === 0) return { columns: scene.columns, apply: (rows) => rows }
  const seen = new UniqueValues()
  const keyOf = (row: readonly Value[]) => JSON.stringify(places.map((place) => identityAt(scene.columns[place], row[place])))
  return { columns: scene.columns, apply: (rows) => rows.filter((row) => seen.add(keyOf(row))) }
}

const identityAt = (column: Column | undefined, value: Value | undefined) => (column && typeof value === 'string' ? column.identity(value) : value)

/** Replaces patterns in the texts of fields, one after the other. The results must cast as before. */
export function compileFindReplace(scene: StepScene): Step {
  const edits = objectList(scene, 'fields').map((field) => {
    const place = placeOf(scene, field['name'])
    const column = scene.columns[place]
    const patterns = objectList({ ...scene, parameters: { patterns: JSON.parse(JSON.stringify(field['patterns'] ?? [])) } }, 'patterns')
    const replace = patterns.map(({ find, replace: by }) => {
      const pattern = stepPattern(scene, String(find))
      return { pattern, by: replacement(scene, pattern, String(by)) }
    })
    return { place, replace, recast: column && recaster(scene, column) }
  })
  let count = 1
  return {
    columns: scene.columns,
    apply: (rows) => {
      for (const row of rows) {
        count++
        for (const { place, replace, recast } of edits) {
          const value = row[place]
          if (typeof value !== 'string' || !recast) continue
          row[place] = recast(
            replace.reduce((text, { pattern, by }) => pattern.replaceAll(text, by), value),
            count,
          )
        }
      }
      return rows
    },
  }
}

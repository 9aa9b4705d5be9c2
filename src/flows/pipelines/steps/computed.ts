import { isObject } from '../../../base/json.ts'
import { addNumbers, extremeOf, meanOf, multiplyNumbers } from '../../../tabular/cast/decimal.ts'
import { cellOf, cellText } from '../../../tabular/cell.ts'
import type { Column, Value } from '../../../tabular/column.ts'
import { newColumn, objectList, placeOf, recaster, type Step, type StepScene, wrongStep } from './step.ts'

interface Sum {
  /** Type of the new field, if the step names none. */
  readonly type: string
  /** Undefined if it cannot be computed from these values. */
  readonly of: (values: readonly string[], separator: string) => string | undefined
}

/** Missing values are ignored; if all are missing, the result is missing. */
const sums: Readonly<Record<string, Sum>> = {
  sum: { type: 'number', of: addNumbers },
  multiply: { type: 'number', of: multiplyNumbers },
  avg: { type: 'number', of: meanOf },
  min: { type: 'number', of: (values) => extremeOf(values, 'min') },
  max: { type: 'number', of: (values) => extremeOf(values, 'max') },
  join: { type: 'string', of: (values, separator) => values.join(separator) },
}

interface Computed {
  readonly column: Column
  /** Undefined if it cannot be computed from the values of the row. */
  readonly value: (row: readonly Value[]) => Value | undefined
}

const notComputable = ({ run }: StepScene) => `cannot be computed: its sources are not all numbers, or it has too many digits (in the step ${run})`

/** Adds fields computed from others. An existing target is replaced at its position. */
export function compileComputedField(scene: StepScene): Step {
  let { columns } = scene
  const setters: ((row: Value[], count: number) => void)[] = []
  for (const field of objectList(scene, 'fields')) {
    const { column, value } = compileOne({ ...scene, columns }, field)
    const found = columns.findIndex(({ name }) => name === column.name)
    const place = found < 0 ? columns.length : found
    const recast = recaster(scene, column)
    columns = columns.toSpliced(place, 1, column)
    setters.push((row, count) => {
      const made = value(row)
      if (made === undefined) scene.faults.add({ code: 'type-or-format-error', row: count, column: column.name, rule: notComputable(scene) })
      row[place] = made === undefined ? null : recast(made, count)
    })
  }
  let count = 1
  return {
    columns,
    apply: (rows) => {
      for (const row of rows) {
        count++
        for (const set of setters) set(row, count)
      }
      return rows
    },
  }
}

function compileOne(scene: StepScene, field: Readonly<Record<string, unknown>>): Computed {
  const { operation, target, source = [], with: by } = field
  if (!Array.isArray(source)) throw wrongStep(scene, 'wants a list as source')
  const places = source.map((name: unknown) => placeOf(scene, name))
  const column = (type: string) => newColumn(isObject(target) ? { type, ...target } : { name: target, type })
  if (operation === 'constant') return constant(column(constantType(by)), by)
  if (operation === 'format') return { column: column('string'), value: formatter(scene, String(by)) }
  const sum = typeof operation === 'string' && Object.hasOwn(sums, operation) ? sums[operation] : undefined
  if (!sum) throw wrongStep(scene, `has the unknown operation ${JSON.stringify(operation)}`)
  const value = (row: readonly Value[]) => {
    const values = places.map((place) => row[place]).filter((one) => typeof one === 'string')
    return values.length === 0 ? null : sum.of(values, String(by ?? ''))
  }
  return { column: column(sum.type), value }
}

const constantType = (value: unknown) => (typeof value === 'number' || typeof value === 'boolean' ? typeof value : 'string')

function constant(column: Column, value: unknown): Computed {
  const text = value === undefined || value === null ? null : cellText(cellOf(value))
  return { column, value: () => text }
}

/** `{name} of {year}`, with the values in the braces; missing values are empty. */
function formatter(scene: StepScene, form: string): (row: readonly Value[]) => string {
  const parts = form.split(/\{([^{}]*)\}/)
  const places = parts.map((part, index) => (index % 2 === 1 ? placeOf(scene, part) : -1))
  return (row) => parts.map((part, index) => (index % 2 === 1 ? (row[places[index] ?? -1] ?? '') : part)).join('')
}

import { isObject } from '../../../base/json.ts'
import { compilePattern, type Groups, type Pattern, PatternError } from '../../../base/pattern.ts'
import { type Column, compileColumn, type Value } from '../../../tabular/column.ts'
import { type FaultList, UnreadableTable } from '../../../tabular/faults.ts'
import { parseSchema } from '../../../tabular/schema.ts'
import type { JsonObject } from '../task.ts'

/** A processing step compiled for one table; it receives rows in batches. */
export interface Step {
  /** The columns of the resulting rows. */
  readonly columns: readonly Column[]
  readonly apply: (rows: Value[][]) => Value[][]
  /** Rows that the step held back until after the last batch. */
  readonly end?: () => Value[][]
}

/** The input for compiling a step. */
export interface StepScene {
  readonly run: string
  readonly parameters: JsonObject
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  readonly faults: FaultList
}

/** The error for an invalid step. */
export function wrongStep({ run }: Pick<StepScene, 'run'>, problem: string): UnreadableTable {
  return new UnreadableTable(`the step ${run} ${problem}`)
}

/** Position of a column. Throws `UnreadableTable` if no column has this name. */
export function placeOf(scene: StepScene, name: unknown): number {
  const place = scene.columns.findIndex((column) => column.name === name)
  if (place < 0) throw wrongStep(scene, `names the field ${JSON.stringify(name)}, which is not there`)
  return place
}

/** A parameter that is a list of objects; empty if absent. */
export function objectList(scene: StepScene, key: string): readonly Readonly<Record<string, unknown>>[] {
  const value = scene.parameters[key]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw wrongStep(scene, `wants a list as ${key}`)
  return value.map((item: unknown) => {
    if (!isObject(item)) throw wrongStep(scene, `wants objects in the list ${key}`)
    return item
  })
}

/** Compiles a field descriptor into a column of canonical or fresh values. */
export function newColumn(field: Readonly<Record<string, unknown>>): Column {
  const [parsed] = parseSchema({ fields: [field] }).fields
  if (!parsed) throw new UnreadableTable('a field without a description')
  return compileColumn(parsed, [''])
}

/** Compiles a regular expression of a step. Throws `UnreadableTable` for a refused one. */
export function stepPattern(scene: Pick<StepScene, 'run'>, source: string): Pattern {
  try {
    return compilePattern(source)
  } catch (error) {
    throw error instanceof PatternError ? wrongStep(scene, `has a pattern that cannot be used: ${error.message}`) : error
  }
}

/** Compiles the replacement of a match: `\1`, `\g<1>` and `\g<name>` are its groups, as in Python. */
export function replacement(scene: StepScene, pattern: Pattern, text: string): (groups: Groups) => string {
  // Literal text, a number or undefined, a name or undefined, and so on.
  const parts: (string | undefined)[] = text.split(/\\(?:(\d)|g<(\w{1,100})>)/)
  const isGroup = (at: number) => at % 3 !== 0
  const unknown = parts.find((part, at) => isGroup(at) && part !== undefined && !pattern.hasGroup(part))
  if (unknown !== undefined) throw wrongStep(scene, `replaces by group ${unknown}, which its pattern does not have`)
  return (groups) => parts.map((part, at) => (isGroup(at) && part !== undefined ? groups[part] : part) ?? '').join('')
}

/** Casts values again for another column; rows are counted from below the header. */
export function recaster(scene: StepScene, column: Column): (value: Value, row: number) => Value {
  return (value, row) => {
    const cast = value === null ? column.castValue(null) : column.castText(value)
    if (cast !== undefined) return cast
    const broken = column.explain(value)
    scene.faults.add({ ...broken, rule: `${broken.rule} (in the step ${scene.run})`, row, column: column.name })
    return null
  }
}

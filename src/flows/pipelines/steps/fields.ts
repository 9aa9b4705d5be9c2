import { isObject } from '../../../base/json.ts'
import type { Pattern } from '../../../base/pattern.ts'
import { cellOf } from '../../../tabular/cell.ts'
import type { Column, Value } from '../../../tabular/column.ts'
import { newColumn, objectList, recaster, replacement, type Step, type StepScene, stepPattern, wrongStep } from './step.ts'

type FieldTest = (name: string) => boolean

/** A step selects a field by its name, or by a regular expression unless `regex` is false. */
function fieldTest(scene: StepScene, pattern: string): FieldTest {
  if (scene.parameters['regex'] === false || scene.columns.some((column) => column.name === pattern)) return (name) => name === pattern
  return stepPattern(scene, pattern).fitsWhole
}

/** Changes the types of fields and casts their values again; a type of null drops the field. */
export function compileSetTypes(scene: StepScene): Step {
  const types = scene.parameters['types']
  if (!isObject(types)) throw wrongStep(scene, 'wants an object as types')
  const rules = Object.entries(types).map(([pattern, field]) => ({ pattern, isMeant: fieldTest(scene, pattern), field }))
  for (const { pattern, isMeant } of rules) {
    if (!scene.columns.some((column) => isMeant(column.name))) throw wrongStep(scene, `names ${JSON.stringify(pattern)}, and no field is meant by it`)
  }
  const kept = scene.columns.flatMap((column, place): KeptColumn[] => {
    const found = rules.findLast(({ isMeant }) => isMeant(column.name))
    if (!found) return [{ place, column, recast: undefined }]
    if (found.field === null) return []
    if (!isObject(found.field)) throw wrongStep(scene, `wants an object or null as the type of ${column.name}`)
    const changed = newColumn(retype(column, found.field))
    return [{ place, column: changed, recast: recaster(scene, changed) }]
  })
  let count = 1
  return {
    columns: kept.map(({ column }) => column),
    apply: (rows) =>
      rows.map((row) => {
        count++
        return kept.map(({ place, recast }) => (recast ? recast(row[place] ?? null, count) : (row[place] ?? null)))
      }),
  }
}

interface KeptColumn {
  readonly place: number
  readonly column: Column
  /** Undefined if the type stays. */
  readonly recast: ReturnType<typeof recaster> | undefined
}

/** With another type, only the descriptions for people stay valid. */
function retype({ name, field }: Column, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isSameType = changes['type'] === undefined || changes['type'] === field.type
  const { title, description } = field.source
  return { ...(isSameType ? field.source : { title, description }), ...changes, name }
}

export function compileDeleteFields(scene: StepScene): Step {
  const patterns = scene.parameters['fields']
  if (!Array.isArray(patterns)) throw wrongStep(scene, 'wants a list as fields')
  const tests = patterns.map((pattern) => ({ pattern: String(pattern), isMeant: fieldTest(scene, String(pattern)) }))
  for (const { pattern, isMeant } of tests) {
    if (!scene.columns.some((column) => isMeant(column.name))) throw wrongStep(scene, `names ${JSON.stringify(pattern)}, and no field is meant by it`)
  }
  const places = scene.columns.flatMap(({ name }, place) => (tests.some(({ isMeant }) => isMeant(name)) ? [] : [place]))
  if (places.length === 0) throw wrongStep(scene, 'deletes all fields')
  return { columns: pick(scene.columns, places), apply: (rows) => rows.map((row) => pick(row, places)) }
}

function pick<Item>(items: readonly Item[], places: readonly number[]): Item[] {
  return places.flatMap((place) => items.slice(place, place + 1))
}

/** Turns columns into rows: each row gives one row for each selected column, with its keys and its value. */
export function compileUnpivot(scene: StepScene): Step {
  const keyColumns = objectList(scene, 'extraKeyFields').map(newColumn)
  const valueField = scene.parameters['extraValueField']
  if (!isObject(valueField)) throw wrongStep(scene, 'wants an object as extraValueField')
  const valueColumn = newColumn(valueField)
  const rules = objectList(scene, 'unpivot').map((rule) => ({ rule, pattern: stepPattern(scene, rulePattern(scene, String(rule['name']))) }))
  const turned = scene.columns.flatMap((column, place) => {
    const found = rules.find(({ pattern }) => pattern.fitsWhole(column.name))
    return found ? [{ place, keys: keyColumns.map((key) => keyValue(scene, key, { name: column.name, ...found })) }] : []
  })
  if (turned.length === 0) throw wrongStep(scene, 'finds no field to turn into rows')
  const kept = scene.columns.flatMap((_, place) => (turned.some((one) => one.place === place) ? [] : [place]))
  const recast = recaster(scene, valueColumn)
  let count = 1
  return {
    columns: [...pick(scene.columns, kept), ...keyColumns, valueColumn],
    apply: (rows) => rows.flatMap((row) => turned.map(({ place, keys }) => [...pick(row, kept), ...keys, recast(row[place] ?? null, ++count)])),
  }
}

const rulePattern = (scene: StepScene, name: string) => (scene.parameters['regex'] === false ? name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : name)

/** The value of a key for one column: a text may use groups of the match with the column's name. */
function keyValue(
  scene: StepScene,
  key: Column,
  { name, rule, pattern }: { name: string; rule: Readonly<Record<string, unknown>>; pattern: Pattern },
): Value {
  const wanted = isObject(rule['keys']) ? rule['keys'][key.name] : undefined
  const groups = pattern.wholeGroups(name) ?? {}
  const cell = cellOf(wanted)
  const cast = typeof cell === 'string' ? key.castText(replacement(scene, pattern, cell)(groups).trim()) : key.castValue(cell)
  if (cast === undefined) throw wrongStep(scene, `gives the key ${key.name} a value for ${name} that does not fit its type`)
  return cast
}

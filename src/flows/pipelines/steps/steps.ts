import type { Column, Value } from '../../../tabular/column.ts'
import { type FaultList, UnreadableTable } from '../../../tabular/faults.ts'
import type { Json, ProcessingStep } from '../task.ts'
import { compileComputedField } from './computed.ts'
import { compileDeleteFields, compileSetTypes, compileUnpivot } from './fields.ts'
import { compileDeduplicate, compileFilter, compileFindReplace, compileSort } from './rows.ts'
import { type Step, type StepScene, stepPattern } from './step.ts'

/** Batch size for rows that a step held back. */
const batchRows = 5000

/** Every step that a flow spec may name. */
export const stepCompilers: Readonly<Record<string, (scene: StepScene) => Step>> = {
  sort: compileSort,
  filter: compileFilter,
  set_types: compileSetTypes,
  add_computed_field: compileComputedField,
  find_replace: compileFindReplace,
  delete_fields: compileDeleteFields,
  unpivot: compileUnpivot,
  deduplicate: compileDeduplicate,
}

export interface StepsInput {
  /** The resource's name, which a step may leave out. */
  readonly resource: string
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  readonly batches: AsyncIterable<Value[][]>
  readonly faults: FaultList
}

/** Runs the steps of a table in order. Throws `UnreadableTable` for a step that is unknown or does not fit the table. */
export function applySteps(steps: readonly ProcessingStep[], input: StepsInput): Pick<StepsInput, 'columns' | 'batches'> {
  let { columns, batches } = input
  for (const { run, parameters = {} } of steps) {
    const compile = Object.hasOwn(stepCompilers, run) ? stepCompilers[run] : undefined
    if (!compile) throw new UnreadableTable(`the step ${JSON.stringify(run)} is not known; ${Object.keys(stepCompilers).join(', ')} are`)
    const scene: StepScene = { run, parameters, columns, primaryKey: input.primaryKey, faults: input.faults }
    if (!isMeant(scene, input.resource)) continue
    const step = compile(scene)
    columns = step.columns
    batches = through(step, batches)
  }
  return { columns, batches }
}

async function* through(step: Step, batches: AsyncIterable<Value[][]>): AsyncGenerator<Value[][]> {
  for await (const batch of batches) yield step.apply(batch)
  const rest = step.end?.() ?? []
  for (let start = 0; start < rest.length; start += batchRows) yield rest.slice(start, start + batchRows)
}

/** `resources` is a name, a regular expression for the whole name, a list of names, or absent for all. */
function isMeant(scene: StepScene, name: string): boolean {
  const resources: Json | undefined = scene.parameters['resources']
  if (resources === undefined || resources === null) return true
  if (Array.isArray(resources)) return resources.includes(name)
  return resources === name || stepPattern(scene, String(resources)).fitsWhole(name)
}

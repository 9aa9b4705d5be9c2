import { isObject } from '../base/json.ts'
import { compilePattern, PatternError, patternSize } from '../base/pattern.ts'
import { refuseSpec } from './known-words.ts'
import type { ProcessingStep } from './pipelines/task.ts'
import type { Processing, SourceResource, SourceSpec } from './spec.ts'

/** Maximum size of all patterns of a spec together (`patternSize`), since compiling them blocks the event loop. */
const maxTotalSize = 20_000

/** A regular expression of a spec, and its place there. */
interface Found {
  readonly field: string
  readonly source: string
}

/**
 * Compiles all regular expressions of a new spec, of schemas and steps. Throws an `invalid` that names the first unusable one and the reason. Specs
 * that are stored already are not checked again: their run fails with the same message.
 */
export function checkPatterns(spec: SourceSpec): void {
  const inputs = new Map(spec.resources.map((resource) => [resource.name, resource]))
  const found = [
    ...spec.resources.flatMap(({ descriptor }, at) => inSchema(descriptor['schema'], `inputs[0].parameters.descriptor.resources[${at}].schema`)),
    ...spec.processing.flatMap((one, at) => inProcessing(one, inputs.get(one.input), `processing[${at}]`)),
  ]
  const unique = [...new Map(found.map((one) => [one.source, one])).values()]
  let total = 0
  for (const { field, source } of unique) {
    total += patternSize(source)
    if (total > maxTotalSize)
      throw refuseSpec(field, `goes beyond the ${maxTotalSize} steps that all patterns of a spec may have when they are written out`)
  }
  for (const { field, source } of unique) {
    try {
      compilePattern(source)
    } catch (error) {
      throw error instanceof PatternError ? refuseSpec(field, error.message) : error
    }
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const memberOf = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)

const one = (field: string, source: unknown): Found[] => (typeof source === 'string' ? [{ field, source }] : [])

/** The schema check refuses patterns that are not text. */
const inField = (field: unknown, place: string) => one(`${place}.constraints.pattern`, memberOf(memberOf(field, 'constraints'), 'pattern'))

const inFields = (fields: unknown, place: string) => listOf(fields).flatMap((field, at) => inField(field, `${place}[${at}]`))
const inSchema = (schema: unknown, place: string) => inFields(memberOf(schema, 'fields'), `${place}.fields`)

function inProcessing(processing: Processing, input: SourceResource | undefined, place: string): Found[] {
  const names = fieldNames(processing, processing.schema ?? input?.descriptor['schema'])
  return [
    ...inSchema(processing.schema, `${place}.schema`),
    ...processing.steps.flatMap((step, at) => inStep(step, names, `${place}.dpp[${at}].parameters`)),
  ]
}

/** The field names of a table by its schema and steps; undefined without a schema, since then only the file has them. */
function fieldNames({ steps }: Processing, schema: unknown): ReadonlySet<unknown> | undefined {
  if (!isObject(schema)) return undefined
  const declared = [...listOf(schema['fields']), ...steps.flatMap(({ parameters }) => listOf(parameters['extraKeyFields']))]
  const computed = steps.flatMap(({ parameters }) => listOf(parameters['fields']).map((field) => memberOf(field, 'target')))
  const values = steps.map(({ parameters }) => parameters['extraValueField'])
  return new Set([...declared, ...computed, ...values].map((field) => (typeof field === 'string' ? field : memberOf(field, 'name'))))
}

function inStep({ run, parameters }: ProcessingStep, names: ReadonlySet<unknown> | undefined, place: string): Found[] {
  const { fields, types, unpivot, regex, resources } = parameters
  /** A step selects fields by exact name first, and a name need not be a valid expression. */
  const select = (field: string, source: unknown) => (regex === false || !names || names.has(source) ? [] : one(field, source))
  const own: Readonly<Record<string, () => Found[]>> = {
    find_replace: () =>
      listOf(fields).flatMap((field, at) =>
        listOf(memberOf(field, 'patterns')).flatMap((item, no) => one(`${place}.fields[${at}].patterns[${no}].find`, memberOf(item, 'find'))),
      ),
    set_types: () =>
      Object.entries(isObject(types) ? types : {}).flatMap(([name, type]) => [
        ...select(`${place}.types`, name),
        ...inField(type, `${place}.types.${name}`),
      ]),
    delete_fields: () => listOf(fields).flatMap((name, at) => select(`${place}.fields[${at}]`, name)),
    unpivot: () => [
      ...listOf(unpivot).flatMap((rule, at) => (regex === false ? [] : one(`${place}.unpivot[${at}].name`, memberOf(rule, 'name')))),
      ...inFields(parameters['extraKeyFields'], `${place}.extraKeyFields`),
      ...inField(parameters['extraValueField'], `${place}.extraValueField`),
    ],
    add_computed_field: () => listOf(fields).flatMap((field, at) => inField(memberOf(field, 'target'), `${place}.fields[${at}].target`)),
  }
  return [...one(`${place}.resources`, resources), ...(own[run]?.() ?? [])]
}

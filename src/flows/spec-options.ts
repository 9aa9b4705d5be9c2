import { isObject } from '../base/json.ts'
import { limits } from '../base/limits.ts'
import { dialectOptions, dialectSections, parseReading, plainKey, readerOptions } from '../tabular/dialect.ts'
import { refuseMisspeltKeys, refuseSpec, refuseUnknownKeys, refuseUnknownWord, shown } from './known-words.ts'
import { computedOperations, type StepName, stepOptions } from './pipelines/steps/options.ts'
import type { Json, JsonObject } from './pipelines/task.ts'
import { parseList, parseObject, type SourceResource, type SourceSpec } from './spec.ts'
import { checkField, checkSchema, refuseRounded, usable } from './spec-schema.ts'

/** Known kinds of outputs; all but `zip` are ignored. */
const outputKinds = ['zip', 'sqlite', 'rdbms', 'npm']

/**
 * Refuses unknown options of a new spec, which would otherwise be ignored without notice to the publisher. Descriptions for people may
 * have any keys; there only a misspelled option is refused. Throws an `invalid` that names the place and the nearest known word.
 * Stored specs are not checked again.
 */
export function checkOptions(value: JsonObject, source: SourceSpec): void {
  refuseMisspeltKeys(value, 'spec', ['meta', 'inputs', 'processing', 'outputs', 'schedule'])
  refuseMisspeltKeys(parseObject(value['meta'], 'meta'), 'meta', ['ownerid', 'owner', 'dataset', 'findability'])
  const [input] = parseList(value['inputs'], 'inputs')
  const parameters = parseObject(parseObject(input, 'inputs[0]')['parameters'], 'inputs[0].parameters')
  refuseMisspeltKeys(parameters, 'inputs[0].parameters', ['descriptor', 'resource-mapping'])
  refuseMisspeltKeys(source.descriptor, 'inputs[0].parameters.descriptor', ['resources'])
  const fieldCount = { fields: 0 }
  source.resources.forEach(({ descriptor }, at) => {
    checkResource(descriptor, `inputs[0].parameters.descriptor.resources[${at}]`, fieldCount)
  })
  const inputs = new Map<unknown, SourceResource>(source.resources.map((resource) => [resource.name, resource]))
  const processing = parseList(value['processing'], 'processing')
  if (processing.length > limits.specProcessing) throw refuseSpec('processing', `has more than ${limits.specProcessing} entries`)
  processing.forEach((one, at) => {
    checkProcessing(parseObject(one, `processing[${at}]`), inputs, { field: `processing[${at}]`, fieldCount })
  })
  parseList(value['outputs'], 'outputs').forEach((one, at) => {
    checkOutput(parseObject(one, `outputs[${at}]`), `outputs[${at}]`)
  })
}

/** Options that publishers may write one level too high, with the object that they belong to. */
const misplaced = new Map([
  ...['missingValues', 'primaryKey', 'foreignKeys'].map((key) => [key, 'schema'] as const),
  ...['delimiter', 'quoteChar', 'escapeChar', 'commentChar', 'skipRows'].map((key) => [key, 'dialect'] as const),
])

function checkResource(resource: JsonObject, field: string, fieldCount: { fields: number }): void {
  refuseMisspeltKeys(resource, field, ['schema', 'scheme', 'format', 'encoding', 'dialect', 'compression'])
  for (const key of Object.keys(resource)) {
    const owner = misplaced.get(key)
    if (owner !== undefined) throw refuseSpec(`${field}.${key}`, `is not known here; it belongs into ${field}.${owner}`)
  }
  const { schema, dialect } = resource
  if (isObject(schema)) checkSchema(schema, `${field}.schema`, fieldCount)
  checkDialect(dialect ?? {}, `${field}.dialect`)
}

function checkProcessing(
  entry: JsonObject,
  inputs: ReadonlyMap<unknown, SourceResource>,
  { field, fieldCount }: { field: string; fieldCount: { fields: number } },
): void {
  refuseUnknownKeys(entry, field, ['input', 'output', 'tabulator', 'schema', 'dpp', 'title', 'description'])
  const { tabulator, schema } = entry
  const input = inputs.get(entry['input'])
  if (isObject(tabulator)) checkReader(tabulator, `${field}.tabulator`, input?.descriptor['dialect'])
  if (isObject(schema)) checkSchema(schema, `${field}.schema`, fieldCount)
  parseList(entry['dpp'], `${field}.dpp`).forEach((one, at) => {
    const step = parseObject(one, `${field}.dpp[${at}]`)
    refuseUnknownKeys(step, `${field}.dpp[${at}]`, ['run', 'parameters', 'cache', 'validate', 'title', 'description'])
    const parameters = step['parameters'] ?? {}
    if (isObject(parameters)) checkStep(step['run'] as StepName, parameters, `${field}.dpp[${at}].parameters`)
  })
}

function checkDialect(dialect: unknown, field: string): void {
  if (!isObject<Json>(dialect)) throw refuseSpec(field, `must be an object, got ${shown(dialect)}`)
  for (const [key, value] of Object.entries(dialect)) {
    if (!isObject<Json>(value)) continue
    refuseUnknownWord(key, field, dialectSections)
    refuseUnknownKeys(spelled(value, dialectOptions), `${field}.${key}`, dialectOptions)
  }
  const flat = Object.fromEntries(Object.entries(dialect).filter(([, value]) => !isObject(value)))
  refuseUnknownKeys(spelled(flat, dialectOptions), field, [...dialectOptions, ...dialectSections])
  usable(field, () => parseReading({ dialect }))
}

function checkReader(options: JsonObject, field: string, dialect: unknown): void {
  const known = [...dialectOptions, ...readerOptions]
  refuseUnknownKeys(spelled(options, known), field, known)
  usable(field, () => parseReading({ dialect }, options))
}

/** Keys in the standard's spelling, where they are another spelling of a known one. */
function spelled(object: JsonObject, known: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [known.find((one) => plainKey(one) === plainKey(key)) ?? key, value]))
}

function checkStep(run: StepName, parameters: JsonObject, field: string): void {
  const levels: Readonly<Record<string, readonly string[]>> = stepOptions[run]
  const check = (object: JsonObject, path: string, place: string) => {
    refuseUnknownKeys(object, place, levels[path] ?? [])
    for (const [key, value] of Object.entries(object)) {
      const inner = path === '' ? key : `${path}.${key}`
      if (levels[inner] === undefined) continue
      parseList(value, `${place}.${key}`).forEach((item, at) => {
        check(parseObject(item, `${place}.${key}[${at}]`), inner, `${place}.${key}[${at}]`)
      })
    }
  }
  check(parameters, '', field)
  refuseRounded(parameters, field)
  checkNewFields(run, parameters, field)
}

/** The fields that a step makes or changes. */
function checkNewFields(run: StepName, parameters: JsonObject, field: string): void {
  if (run === 'set_types') {
    for (const [name, type] of Object.entries(parseObject(parameters['types'], `${field}.types`)))
      if (type !== null) checkField(parseObject(type, `${field}.types.${name}`), `${field}.types.${name}`)
  }
  if (run === 'unpivot') {
    parseList(parameters['extraKeyFields'], `${field}.extraKeyFields`).forEach((one, at) => {
      checkField(parseObject(one, `${field}.extraKeyFields[${at}]`), `${field}.extraKeyFields[${at}]`)
    })
    checkField(parseObject(parameters['extraValueField'], `${field}.extraValueField`), `${field}.extraValueField`)
  }
  if (run !== 'add_computed_field') return
  parseList(parameters['fields'], `${field}.fields`).forEach((one, at) => {
    const { operation, target } = parseObject(one, `${field}.fields[${at}]`)
    refuseUnknownWord(operation, `${field}.fields[${at}].operation`, computedOperations)
    if (isObject(target)) checkField(target, `${field}.fields[${at}].target`)
  })
}

function checkOutput(output: JsonObject, field: string): void {
  refuseUnknownKeys(output, field, ['kind', 'parameters', 'title', 'description'])
  refuseUnknownWord(output['kind'], `${field}.kind`, outputKinds)
  const { parameters } = output
  if (output['kind'] === 'zip' && isObject(parameters)) refuseUnknownKeys(parameters, `${field}.parameters`, ['out-file'])
}

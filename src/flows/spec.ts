import { DomainError, invalid } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { parsePeriod } from '../base/period.ts'
import { refuseSpec, refuseUnknownWord, shown } from './known-words.ts'
import { stepNames } from './pipelines/steps/options.ts'
import type { Json, JsonObject, ProcessingStep } from './pipelines/task.ts'

export type Findability = 'published' | 'unlisted' | 'private'

/** One resource of the data package that a spec brings. */
export interface SourceResource {
  readonly name: string
  /** As given: relative to the package, or an absolute URL. The first path of a list. */
  readonly path: string
  /** The resource's own entry in the package, whole. */
  readonly descriptor: JsonObject
}

/** Derives a tabular resource `output` from the resource `input`. */
export interface Processing {
  readonly input: string
  readonly output: string
  /** Options of the reader, merged into the resource. */
  readonly tabulator: JsonObject
  readonly schema: JsonObject | undefined
  readonly steps: readonly ProcessingStep[]
}

/** A checked source spec: where the data is and how it is processed. */
export interface SourceSpec {
  readonly ownerId: string
  /** Name of the owner, for people. */
  readonly owner: string | undefined
  readonly dataset: string
  readonly findability: Findability
  /** URL of the package's own `datapackage.json`: the base of relative paths. It is not fetched. */
  readonly baseUrl: string
  /** The data package without its resources. */
  readonly descriptor: JsonObject & { readonly name: string }
  readonly resources: readonly SourceResource[]
  /** Maps the path or name of a resource to the URL that is read instead. */
  readonly mapping: ReadonlyMap<string, string>
  readonly processing: readonly Processing[]
  /** File name of the zip. */
  readonly outFile: string
}

const maxResources = 500
const maxNameChars = 100

/** Two messages that clients of the older service compare literally. */
const refuseInput = (message: string) => invalid({ inputs: [message] }, `Unexpected error: ${message}`)

/** Throws `invalid` for any other value than an object. */
export function parseObject(value: unknown, field: string): JsonObject {
  if (!isObject<Json>(value)) throw refuseSpec(field, `must be an object, got ${shown(value)}`)
  return value
}

function parseText(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw refuseSpec(field, `must be text, got ${shown(value)}`)
  return value
}

/** An absent list is empty. Throws `invalid` for any other value than a list. */
export function parseList(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw refuseSpec(field, `must be a list, got ${shown(value)}`)
  return value
}

/** A name that becomes part of ids, paths and file names, so it must not point outside of its folder. */
function parseName(value: unknown, field: string, pattern = /^[-a-z0-9._]+$/): string {
  const name = parseText(value, field)
  if (!pattern.test(name) || name.length > maxNameChars || /^\.\.?$/.test(name)) {
    const allowed = `${pattern.test('A') ? 'A-Z, ' : ''}a-z, 0-9, ".", "_" and "-"`
    throw refuseSpec(field, `must be at most ${maxNameChars} of ${allowed}, got ${shown(value)}`)
  }
  return name
}

/** An address that the hub may read. Throws `invalid` for other schemes: `file:` would read files of the server. */
export function parseHttpUrl(value: unknown, field: string): string {
  const text = parseText(value, field)
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw refuseSpec(field, `must be an http or https URL, got ${shown(value)}`)
  return text
}

/** Owner and dataset of an upload, read before the spec is checked. `undefined` parts are missing or invalid. */
export function findIdentity(spec: unknown): { ownerId: string | undefined; dataset: string | undefined } {
  const meta = isObject(spec) && isObject(spec['meta']) ? spec['meta'] : {}
  const ownerId = typeof meta['ownerid'] === 'string' && meta['ownerid'] !== '' ? meta['ownerid'] : undefined
  try {
    return { ownerId, dataset: parseName(meta['dataset'], 'meta.dataset') }
  } catch (error) {
    if (error instanceof DomainError) return { ownerId, dataset: undefined }
    throw error
  }
}

/** Period of the spec's `schedule` in milliseconds, undefined without one. Throws `invalid`. */
export const findPeriod = (spec: unknown): number | undefined => parsePeriod(isObject(spec) ? spec['schedule'] : undefined)

/** Checks a whole spec. Throws `invalid` with one message that names the place of the first fault. */
export function parseSpec(value: unknown): SourceSpec {
  const spec = parseObject(value, 'spec')
  const meta = parseObject(spec['meta'], 'meta')
  const dataset = parseName(meta['dataset'], 'meta.dataset')
  const input = parseInput(spec['inputs'])
  const parameters = parseObject(input['parameters'], 'inputs[0].parameters')
  const { resources, ...descriptor } = parseObject(parameters['descriptor'], 'inputs[0].parameters.descriptor')
  return {
    ownerId: parseName(meta['ownerid'], 'meta.ownerid', /^[-A-Za-z0-9._@]+$/),
    owner: typeof meta['owner'] === 'string' ? meta['owner'] : undefined,
    dataset,
    findability: parseFindability(meta['findability']),
    baseUrl: parseHttpUrl(input['url'], 'inputs[0].url'),
    descriptor: { ...descriptor, name: parseText(descriptor['name'], 'inputs[0].parameters.descriptor.name') },
    resources: parseResources(resources),
    mapping: parseMapping(parameters['resource-mapping']),
    processing: parseList(spec['processing'], 'processing').map(parseProcessing),
    outFile: parseOutFile(spec['outputs']) ?? `${dataset}.zip`,
  }
}

function parseInput(value: unknown): JsonObject {
  const inputs = parseList(value, 'inputs')
  if (inputs.length !== 1) throw refuseInput('Only supporting one input atm')
  const input = parseObject(inputs[0], 'inputs[0]')
  if (input['kind'] !== 'datapackage') throw refuseInput('Only supporting datapackage inputs atm')
  return input
}

const findabilities: ReadonlyMap<unknown, Findability> = new Map([
  [undefined, 'published'],
  [null, 'published'],
  ['published', 'published'],
  ['public', 'published'],
  ['publish', 'published'],
  ['unlisted', 'unlisted'],
  ['private', 'private'],
])

function parseFindability(value: unknown): Findability {
  const known = findabilities.get(value)
  // Treating an unknown word as "published" would publish a dataset that was meant to be hidden.
  if (!known) throw refuseSpec('meta.findability', `must be published, unlisted or private, got ${shown(value)}`)
  return known
}

function parseResources(value: unknown): SourceResource[] {
  const field = 'inputs[0].parameters.descriptor.resources'
  const list = parseList(value, field)
  if (list.length > maxResources) throw refuseSpec(field, `may have at most ${maxResources} entries, got ${list.length}`)
  const resources = list.map((one, at) => parseResource(one, `${field}[${at}]`))
  refuseTwins(
    resources.map((one) => one.name),
    field,
  )
  return resources
}

function parseResource(value: unknown, field: string): SourceResource {
  const descriptor = parseObject(value, field)
  const path = Array.isArray(descriptor['path']) ? descriptor['path'][0] : descriptor['path']
  if (path === undefined && descriptor['data'] !== undefined) throw refuseSpec(`${field}.path`, 'is missing; inline data is not supported')
  const schema = descriptor['schema']
  if (schema !== undefined && schema !== null) parseObject(schema, `${field}.schema`)
  return { name: parseName(descriptor['name'], `${field}.name`), path: parseText(path, `${field}.path`), descriptor }
}

function refuseTwins(names: readonly string[], field: string): void {
  const known = new Set<string>()
  const twin = names.find((name) => {
    const isTwin = known.has(name)
    known.add(name)
    return isTwin
  })
  if (twin !== undefined) throw refuseSpec(field, `has more than one entry named ${shown(twin)}`)
}

function parseMapping(value: unknown): Map<string, string> {
  const field = 'inputs[0].parameters.resource-mapping'
  const mapping = value === undefined || value === null ? {} : parseObject(value, field)
  return new Map(Object.entries(mapping).map(([key, url]) => [key, parseHttpUrl(url, `${field}[${shown(key)}]`)]))
}

function parseProcessing(value: unknown, at: number): Processing {
  const field = `processing[${at}]`
  const { input, output, tabulator, schema, dpp } = parseObject(value, field)
  const optional = (one: unknown, name: string) => (one === undefined || one === null ? undefined : parseObject(one, `${field}.${name}`))
  return {
    input: parseText(input, `${field}.input`),
    output: parseName(output, `${field}.output`),
    tabulator: optional(tabulator, 'tabulator') ?? {},
    schema: optional(schema, 'schema'),
    steps: parseList(dpp, `${field}.dpp`).map((one, index) => parseStep(one, `${field}.dpp[${index}]`)),
  }
}

function parseStep(value: unknown, field: string): ProcessingStep {
  const step = parseObject(value, field)
  const run = parseText(step['run'], `${field}.run`)
  refuseUnknownWord(run, `${field}.run`, stepNames)
  const parameters = step['parameters'] === undefined || step['parameters'] === null ? {} : parseObject(step['parameters'], `${field}.parameters`)
  return { run, parameters }
}

/** The file name of the zip output, the only one with an effect; undefined if the spec has none. */
function parseOutFile(value: unknown): string | undefined {
  const zips = parseList(value, 'outputs').flatMap((one, at) => {
    const output = parseObject(one, `outputs[${at}]`)
    if (parseText(output['kind'], `outputs[${at}].kind`) !== 'zip') return []
    const parameters = parseObject(output['parameters'], `outputs[${at}].parameters`)
    return [parseName(parameters['out-file'], `outputs[${at}].parameters.out-file`, /^[-A-Za-z0-9._]+$/)]
  })
  if (zips.length > 1) throw refuseSpec('outputs', `may have one zip, got ${zips.length}`)
  return zips[0]
}

import { refuseSpec } from './known-words.ts'
import type { JsonObject, PipelineKind, ProcessingStep, ResourceDescriptor } from './pipelines/task.ts'
import { parseHttpUrl, type SourceResource, type SourceSpec } from './spec.ts'

/** One source of the pipelines: its URL, its reader options, its place in the package. */
export interface PlannedSource {
  readonly name: string
  readonly url: string
  /** The name of the file in messages: the last part of the publisher's path. */
  readonly file: string
  readonly resource: ResourceDescriptor
  /** `tabular` becomes CSV and JSON, `plain` is only copied, `original` is only added to the zip. */
  readonly role: 'tabular' | 'plain' | 'original'
  readonly reader?: JsonObject
  readonly steps?: readonly ProcessingStep[]
}

/** One pipeline of a flow; its kind and sources determine its work. */
export interface PlannedPipeline {
  /** The flow's id, `/` and the artifact; for the package the flow's id. */
  readonly id: string
  readonly kind: PipelineKind
  readonly artifact: string
  readonly title: string
  /** Ids of the pipelines that must have succeeded before it starts. */
  readonly dependsOn: readonly string[]
  /** Names of the sources that it reads. */
  readonly sources: readonly string[]
}

/** The pipelines of one revision of a dataset. Their graph has one end: the package, the last of the list. */
export interface FlowPlan {
  readonly sources: readonly PlannedSource[]
  readonly pipelines: readonly PlannedPipeline[]
}

/** Plans a revision. Pure: the same spec gives the same plan. Throws `invalid` for specs that cannot be planned. */
export function planFlow(flowId: string, spec: SourceSpec): FlowPlan {
  const sources = planSources(spec)
  const pipelines = planPipelines(flowId, spec, sources)
  refuseSameIds(pipelines)
  return { sources, pipelines }
}

/** All sources of the pipelines. Throws `invalid` for an address that may not be read. */
export function planSources(spec: SourceSpec): PlannedSource[] {
  return spec.resources.flatMap((resource) => prepareSources(spec, resource))
}

/** The sources of one resource: itself, a copy for the zip, or the tables that `processing` derives from it. */
function prepareSources(spec: SourceSpec, resource: SourceResource): PlannedSource[] {
  const plain = prepareSource(spec, resource)
  const isTabular = isFilled(plain.resource['schema'])
  const processed = spec.processing.filter((one) => one.input === resource.name)
  if (processed.length === 0 && !isTabular) return [plain]
  const original = { ...plain, role: 'original', name: `${plain.name}_original`, resource: rename(plain, `${plain.name}_original`) } as const
  if (processed.length === 0) return [{ ...plain, role: 'tabular' }, original]
  const tables = processed.map(({ output, tabulator, schema, steps }): PlannedSource => {
    const resource = { ...rename(plain, output), path: archivePath(output, plain.resource), ...(schema && { schema }) }
    return { ...plain, name: output, resource, role: 'tabular', reader: tabulator, steps }
  })
  return [...tables, original]
}

const isFilled = (value: unknown) => value !== undefined && value !== null
const rename = (source: PlannedSource, name: string): ResourceDescriptor => ({ ...source.resource, name })
const archivePath = (name: string, { path }: ResourceDescriptor) => `archive/${name}${/\.[^./]+$/.exec(path)?.[0] ?? ''}`

/** The URL of the resource, and its format: the given one, else by the extension. */
function prepareSource(spec: SourceSpec, { name, path, descriptor }: SourceResource): PlannedSource {
  const field = `resource ${name}`
  const address = parseHttpUrl(/^http/.test(path) ? path : resolvePath(spec.baseUrl, path), field)
  const pathname = decode(new URL(address).pathname)
  const extension = /\.([A-Za-z0-9]{1,20})$/.exec(pathname)?.[1]?.toLowerCase()
  const format = typeof descriptor['format'] === 'string' && descriptor['format'] !== '' ? descriptor['format'].replace(/^\./, '') : extension
  const { data: _inline, schema, ...rest } = descriptor
  const isGeoJson = format === 'geojson' || extension === 'geojson'
  const shape = schema === undefined ? {} : { [isGeoJson ? 'geojsonSchema' : 'schema']: schema }
  const resource = { ...rest, ...shape, name, path: `archive/${name}${extension ? `.${extension}` : ''}`, ...(format && { format }) }
  const url = spec.mapping.get(path) ?? spec.mapping.get(name) ?? address
  return { name, url, file: pathname.split('/').at(-1) || name, resource, role: 'plain' }
}

/** The address of a path of the package. The path is appended as text, so that no form of it can name another host. */
const resolvePath = (baseUrl: string, path: string) => new URL('.', baseUrl).href + path.replaceAll('#', '%23')

function decode(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
}

const zipTitle = 'Creating ZIP'

/** All pipelines in planning order. */
function planPipelines(flowId: string, spec: SourceSpec, sources: readonly PlannedSource[]): PlannedPipeline[] {
  const pipeline = (kind: PipelineKind, artifact: string, title: string) => ({
    id: `${flowId}/${artifact}`,
    kind,
    artifact,
    title,
    dependsOn: [],
    sources: [],
  })
  const tables = sources.filter((one) => one.role === 'tabular').map((one) => one.name)
  const kept = sources.filter((one) => one.role !== 'original').map((one) => one.name)
  const unread = sources.filter((one) => one.role !== 'tabular').map((one) => one.name)
  const report = { ...pipeline('report', 'validation_report', 'Validating package contents'), sources: tables }
  const csv = tables.map((name) => ({ ...pipeline('csv', `${name}_csv`, 'Creating CSV'), sources: [name] }))
  const json = tables.map((name) => ({ ...pipeline('json', `${name}_json`, 'Creating JSON'), sources: [name] }))
  const zip = { ...pipeline('zip', spec.outFile.replaceAll('.', '_'), zipTitle), sources: unread, dependsOn: idsOf([report, ...csv, ...json]) }
  const previews = csv.map((one) => ({ ...pipeline('preview', `${one.artifact}_preview`, 'Generating views'), dependsOn: [one.id] }))
  const copies = kept.map((name) => ({ ...pipeline('copy', name, 'Copying source data'), sources: [name] }))
  const inner = [report, ...csv, ...json, zip, ...previews, ...copies]
  return [...inner, { ...pipeline('package', spec.dataset, 'Creating Package'), id: flowId, dependsOn: idsOf(inner) }]
}

const idsOf = (pipelines: readonly { readonly id: string }[]) => pipelines.map((one) => one.id)

/** Valid names may still collide: a resource `a_csv` with the CSV of a table `a`. */
function refuseSameIds(pipelines: readonly PlannedPipeline[]): void {
  const seen = new Set<string>()
  for (const { id, artifact } of pipelines) {
    if (seen.has(id)) throw refuseSpec('resources', `would make two things called ${JSON.stringify(artifact)}; rename one of them`)
    seen.add(id)
  }
}

import { isObject } from '../../base/json.ts'
import type { Publication, PublishedResource } from '../../catalogue/dataset/publish.ts'
import type { Flow, FlowDataset } from '../flow-store.ts'
import type { Json, JsonObject, PipelineResult } from '../pipelines/task.ts'

const textOf = (value: Json | undefined) => (typeof value === 'string' && value !== '' ? value : undefined)
const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])

/** Path of the hub under which a file of a revision is read. */
export const filePath = (flowId: string, path: string): string => `/source/${flowId}/${path}`

/** How a successful revision stands in the catalogue, by its finished package. Pure. */
export function describePublication(flow: Flow, dataset: FlowDataset & { ownerName: string }, made: PipelineResult): Publication {
  const { descriptor } = made.package
  const [licence] = listOf(descriptor['licenses'])
  return {
    sourceId: dataset.id,
    owner: { id: dataset.ownerId, name: dataset.ownerName },
    dataset: dataset.name,
    title: textOf(descriptor['title']),
    notes: textOf(descriptor['description']) ?? textOf(descriptor['readme']),
    url: textOf(descriptor['homepage']),
    version: textOf(descriptor['version']),
    licenseId: isObject(licence) ? textOf(licence['name']) : undefined,
    keywords: listOf(descriptor['keywords']).filter((one) => typeof one === 'string'),
    extras: {
      source_flow_id: flow.id,
      source_revision: String(flow.revision),
      findability: flow.findability,
      count_of_rows: String(made.stats.count_of_rows),
      bytes: String(made.stats.bytes),
      hash: made.stats.hash,
    },
    findability: flow.findability,
    resources: listOf(descriptor['resources'])
      .filter((one) => isObject<Json>(one))
      .map((one) => describeResource(flow.id, one)),
  }
}

const mediaTypes: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  json: 'application/json',
  geojson: 'application/geo+json',
  ndjson: 'application/x-ndjson',
  zip: 'application/zip',
  gz: 'application/gzip',
  pdf: 'application/pdf',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  parquet: 'application/vnd.apache.parquet',
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  svg: 'image/svg+xml',
  xml: 'application/xml',
}

/** The media type of a format, undefined for one that is not known. */
export const mediaTypeOf = (format: string): string | undefined => (Object.hasOwn(mediaTypes, format) ? mediaTypes[format] : undefined)

function describeResource(flowId: string, resource: JsonObject): PublishedResource {
  const format = textOf(resource['format'])?.toLowerCase() ?? ''
  const size = resource['bytes']
  return {
    name: textOf(resource['name']) ?? '',
    url: filePath(flowId, textOf(resource['path']) ?? ''),
    format: format.toUpperCase(),
    mimetype: textOf(resource['mediatype']) ?? mediaTypeOf(format),
    size: typeof size === 'number' ? size : undefined,
    hash: textOf(resource['hash']),
    description: textOf(resource['description']) ?? textOf(resource['title']),
  }
}

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { compareTexts } from '../../base/code-points.ts'
import { isObject } from '../../base/json.ts'
import { writeFile } from './output-file.ts'
import type { Json, JsonObject, PipelineFile, PipelineResult, PipelineTask, ResourceDescriptor, WrittenFile } from './task.ts'

/** The files of a pipeline, before they are described as a package. */
export interface Products {
  readonly files: readonly PipelineFile[]
  readonly views?: readonly JsonObject[]
  /** Resources of the package; by default those of the files. */
  readonly resources?: readonly ResourceDescriptor[]
  readonly rows: number
  /** Sizes of all files that the package describes. */
  readonly bytes: number
}

/** Describes the products as a data package, writes its `datapackage.json` and computes the stats. */
export async function packUp(task: PipelineTask, products: Products): Promise<PipelineResult> {
  const { files, views = [], rows } = products
  const described = describePackage(task, {
    resources: products.resources ?? files.map((file) => file.resource),
    views,
    stats: { rowcount: rows, bytes: products.bytes },
  })
  const hash = createHash('md5').update(sortedJson(described.descriptor)).digest('hex')
  const descriptor = { ...described.descriptor, datahub: { ...described.datahub, hash } }
  const file = await writeFile(join(task.outDir, 'datapackage.json'), (output) => output.write(JSON.stringify(descriptor, null, 2)))
  const name = task.descriptor['name']
  return {
    kind: task.kind,
    artifact: task.artifact,
    files,
    views,
    package: { ...file, descriptor },
    stats: { count_of_rows: rows, bytes: products.bytes + file.size, hash, dataset_name: typeof name === 'string' ? name : '' },
  }
}

export interface PackageParts {
  readonly resources: readonly ResourceDescriptor[]
  readonly views: readonly JsonObject[]
  readonly stats?: JsonObject
}

/** The publisher's descriptor with id, owner and flow, resources and views. */
export function describePackage(task: PipelineTask, { resources, views, stats }: PackageParts): { descriptor: JsonObject; datahub: JsonObject } {
  const { ownerid, owner = ownerid, findability, created, modified } = task.meta
  const ownViews = task.descriptor['views']
  const allViews: readonly Json[] = [...(Array.isArray(ownViews) ? ownViews : []), ...views]
  const datahub: JsonObject = { ownerid, owner, findability, flowid: task.flowId, created, modified, ...(stats && { stats }) }
  const descriptor: JsonObject = {
    ...task.descriptor,
    id: task.datasetId,
    datahub,
    ...(allViews.length > 0 && { views: allViews }),
    resources,
  }
  return { descriptor, datahub }
}

/** JSON without spaces and with sorted keys at every level: equal values give equal text. */
function sortedJson(value: Json): string {
  return JSON.stringify(value, (_key, item: Json) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort(([one], [other]) => compareTexts(one, other))) : item,
  )
}

export interface FileFacts {
  readonly name: string
  /** Folder and file name in the package. */
  readonly folder: 'data' | 'archive'
  readonly fileName: string
  readonly rows?: number
  /** Further keys of the resource, besides name, path, bytes, hash and rowcount. */
  readonly about: JsonObject
}

/** A written file with its resource. */
export function describeFile(written: WrittenFile, { name, folder, fileName, rows, about }: FileFacts): PipelineFile {
  const hashedPath = `${folder}/${written.md5}/${fileName}`
  const counted: JsonObject = rows === undefined ? {} : { rowcount: rows }
  const resource = { ...about, name, path: hashedPath, bytes: written.size, hash: written.md5, ...counted }
  return { ...written, name, path: `${folder}/${fileName}`, hashedPath, rows: rows ?? 0, resource }
}

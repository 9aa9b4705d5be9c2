import { buffer } from 'node:stream/consumers'
import { notFound } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { Context } from '../context.ts'
import { type FlowAddress, getVisibleFlow, isStorable } from './access.ts'
import { type FlowFile, findFile } from './flow-file-store.ts'
import type { Json, JsonObject } from './pipelines/task.ts'
import { filePath } from './run/publication.ts'

/** Finds a file of a revision by its path. Throws `not_found`, also for private flows of other owners. */
export async function getFlowFile(ctx: Context, address: FlowAddress & { path: string }): Promise<FlowFile> {
  const { flow } = await getVisibleFlow(ctx, address)
  const file = isStorable(address.path) ? await findFile(ctx.store.db, flow.id, address.path) : undefined
  if (!file) throw notFound('file', `${flow.id}/${address.path}`)
  return file
}

/** Whether a file is the package of a flow or of one of its pipelines. */
export const isPackageFile = (file: FlowFile): boolean => /(?:^|\/)datapackage\.json$/.test(file.path) && !file.path.startsWith('archive/')

/** A package with the paths of its resources as paths of the hub. Stored paths are relative, so that the hub's address may change. */
export async function readPackage({ files }: Pick<Context, 'files'>, file: FlowFile): Promise<JsonObject> {
  const descriptor: Json = JSON.parse((await buffer(await files.open(file.digest))).toString('utf8'))
  if (!isObject(descriptor)) return {}
  const resources = descriptor['resources']
  if (!Array.isArray(resources)) return descriptor
  return { ...descriptor, resources: resources.map((one: Json) => (isObject(one) ? placed(file.flowId, one) : one)) }
}

function placed(flowId: string, resource: JsonObject): JsonObject {
  const path = resource['path']
  return typeof path === 'string' ? { ...resource, path: filePath(flowId, path) } : resource
}

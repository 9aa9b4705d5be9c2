import { isObject } from '../base/json.ts'
import type { Context } from '../context.ts'
import { type FlowAddress, getVisibleFlow, type VisibleFlow } from './access.ts'
import type { Json, JsonObject } from './pipelines/task.ts'
import { type FlowPipeline, listPipelines } from './run/pipeline-store.ts'

/** A revision with all data that is shown of it. */
export interface ShownFlow extends VisibleFlow {
  /** In planning order. */
  readonly pipelines: readonly FlowPipeline[]
  /** As uploaded; for other callers than the owner and sysadmins without the query strings of its addresses, which may be credentials. */
  readonly spec: JsonObject
}

/** Shows a revision and its pipelines. Throws `not_found` if it does not exist or the caller may not read it. */
export async function showFlow(ctx: Context, address: FlowAddress): Promise<ShownFlow> {
  const visible = await getVisibleFlow(ctx, address)
  const pipelines = await listPipelines(ctx.store.db, visible.flow.id)
  return { ...visible, pipelines, spec: visible.isInsider ? visible.flow.spec : withoutQueries(visible.flow.spec) }
}

const withoutQuery = (value: Json): Json => (typeof value === 'string' ? value.replace(/[?#].*$/s, '').replace(/^(https?:\/\/)[^/]*@/i, '$1') : value)

/** The spec with the query strings of all its addresses removed. */
function withoutQueries(spec: JsonObject): JsonObject {
  const inputs = spec['inputs']
  if (!Array.isArray(inputs)) return spec
  return { ...spec, inputs: inputs.map((input: Json) => (isObject(input) ? cutInput(input) : input)) }
}

function cutInput(input: JsonObject): JsonObject {
  const parameters = input['parameters']
  const cut = { ...input, url: withoutQuery(input['url'] ?? null) }
  return isObject(parameters) ? { ...cut, parameters: cutParameters(parameters) } : cut
}

/** Resource paths may be URLs too. */
function cutParameters(parameters: JsonObject): JsonObject {
  const mapping = parameters['resource-mapping']
  const descriptor = parameters['descriptor']
  const resources = isObject(descriptor) && Array.isArray(descriptor['resources']) ? descriptor['resources'] : undefined
  return {
    ...parameters,
    ...(isObject(mapping) && { 'resource-mapping': cutMapping(mapping) }),
    ...(isObject(descriptor) && resources && { descriptor: { ...descriptor, resources: resources.map(cutResource) } }),
  }
}

const cutPath = (path: Json): Json => (typeof path === 'string' && /^https?:/i.test(path) ? withoutQuery(path) : path)

const cutMapping = (mapping: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(mapping).map(([key, url]) => [cutPath(key) as string, withoutQuery(url)]))

function cutResource(resource: Json): Json {
  if (!isObject(resource)) return resource
  const path = resource['path'] ?? null
  return { ...resource, path: Array.isArray(path) ? path.map(cutPath) : cutPath(path) }
}

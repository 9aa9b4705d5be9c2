import { isObject } from '../../base/json.ts'
import type { JsonObject } from '../../flows/pipelines/task.ts'
import type { UpdateOutcome } from '../../flows/run/update.ts'
import type { ShownFlow } from '../../flows/show.ts'
import type { UploadOutcome } from '../../flows/upload.ts'
import type { JobState } from '../../jobs/job.ts'
import type { FlowAnswer, UpdateAnswer, UploadAnswer } from './schema.ts'

/** The words of the spec store for a state: in answers to an event (`success` and `status`), and where a flow is shown (`state`). */
const words = {
  queued: { success: 'pending', status: 'pending', state: 'QUEUED' },
  running: { success: 'pending', status: 'running', state: 'INPROGRESS' },
  done: { success: 'success', status: 'success', state: 'SUCCEEDED' },
  failed: { success: 'fail', status: 'failed', state: 'FAILED' },
  cancelled: { success: 'fail', status: 'failed', state: 'FAILED' },
} as const satisfies Readonly<Record<JobState, object>>

export const presentUpload = ({ datasetId, flowId, errors }: UploadOutcome): UploadAnswer => ({
  success: errors.length === 0,
  dataset_id: datasetId,
  flow_id: flowId,
  errors: [...errors],
})

/** `errors` are those of the event; for an unknown pipeline, an error that names it. */
export function presentUpdate({ flowId, state }: UpdateOutcome, errors: readonly string[]): UpdateAnswer {
  if (state === null) return { success: 'fail', status: null, id: null, errors: ['pipeline not found'] }
  const { success, status } = words[state]
  return { success, status, id: flowId, errors: [...errors] }
}

export function presentFlow({ flow, dataset, pipelines, spec }: ShownFlow, siteUrl: string): FlowAnswer {
  const shown = pipelines.map(({ id, title, state, stats, errors }) => {
    const one = { title, status: words[state].state, stats: stats && absoluteStats(stats, siteUrl), error_log: [...errors] }
    return [id, one] as const
  })
  return {
    id: flow.id,
    spec_contents: spec,
    modified: new Date(dataset.uploadedAt).toISOString(),
    state: words[flow.state].state,
    logs: [...flow.logs],
    error_log: [...flow.errors],
    stats: flow.stats,
    pipelines: Object.fromEntries(shown),
    certified: dataset.isCertified,
  }
}

const absolute = (path: string, siteUrl: string) => (path.startsWith('/') ? `${siteUrl}${path}` : path)

/** The place of a pipeline's package is stored as a path of the hub. */
function absoluteStats(stats: JsonObject, siteUrl: string): JsonObject {
  const dpp = stats['.dpp']
  const url = isObject(dpp) ? dpp['out-datapackage-url'] : undefined
  if (!isObject(dpp) || typeof url !== 'string') return stats
  return { ...stats, '.dpp': { ...dpp, 'out-datapackage-url': absolute(url, siteUrl) } }
}

/** A package with absolute URLs of its resources, so that copies of it work. */
export function presentPackage(descriptor: JsonObject, siteUrl: string): JsonObject {
  const resources = descriptor['resources']
  if (!Array.isArray(resources)) return descriptor
  const placed = resources.map((one: JsonObject) => {
    const path = one['path']
    return typeof path === 'string' ? { ...one, path: absolute(path, siteUrl) } : one
  })
  return { ...descriptor, resources: placed }
}

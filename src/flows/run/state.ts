/** Where a pipeline or a whole flow stands. `success` and `failed` are final. */
export type Status = 'pending' | 'running' | 'success' | 'failed'

/** What may be told about a pipeline, by the hub's own jobs or from outside. */
export type EventName = 'queue' | 'start' | 'progress' | 'finish'

export const eventNames: readonly EventName[] = ['queue', 'start', 'progress', 'finish']

/** A pipeline as the state of its flow sees it. */
export interface PipelineState {
  readonly id: string
  readonly dependsOn: readonly string[]
  readonly status: Status
}

/** What an event does to a flow: which pipelines change, and where the flow stands afterwards. */
export interface Transition {
  /** New status of the event's own pipeline; undefined when the event changes nothing. */
  readonly status: Status | undefined
  /** Pipelines that fail because one they need has failed: id, and the id of that one. */
  readonly cascade: ReadonlyMap<string, string>
  readonly flow: Status
}

export const isFinal = (status: Status): boolean => status === 'success' || status === 'failed'

/** The status that an event asks for. */
function statusOf(event: EventName, success: boolean): Status {
  if (event === 'queue') return 'pending'
  if (event === 'finish') return success ? 'success' : 'failed'
  return 'running'
}

/** The state of a flow, from those of its pipelines. */
export function flowStatus(statuses: readonly Status[]): Status {
  const has = (status: Status) => statuses.includes(status)
  if (has('running')) return 'running'
  if (has('pending')) return has('success') || has('failed') ? 'running' : 'pending'
  return has('failed') ? 'failed' : 'success'
}

/**
 * Applies an event to an open flow. Pure. A pipeline that has finished is moved by another `finish` only;
 * when one fails, whatever waits for it fails too, and those that already run are left alone.
 */
export function applyEvent(pipelines: readonly PipelineState[], event: { id: string; event: EventName; success: boolean }): Transition {
  const own = pipelines.find((one) => one.id === event.id)
  const ignored = own === undefined || (isFinal(own.status) && event.event !== 'finish')
  const status = ignored ? undefined : statusOf(event.event, event.success)
  const statuses = new Map(pipelines.map((one) => [one.id, one.id === event.id ? (status ?? one.status) : one.status]))
  const cascade = status === 'failed' ? cascadeFrom(event.id, pipelines, statuses) : new Map<string, string>()
  return { status, cascade, flow: flowStatus([...statuses.values()]) }
}

/** Fails what waits for the failed pipeline, and what waits for that; notes it in `statuses`. */
function cascadeFrom(id: string, pipelines: readonly PipelineState[], statuses: Map<string, Status>): Map<string, string> {
  const cascade = new Map<string, string>()
  const failed = [id]
  for (let cause = failed.pop(); cause !== undefined; cause = failed.pop()) {
    for (const one of pipelines) {
      if (statuses.get(one.id) !== 'pending' || !one.dependsOn.includes(cause)) continue
      statuses.set(one.id, 'failed')
      cascade.set(one.id, cause)
      failed.push(one.id)
    }
  }
  return cascade
}

/** The pipelines that may start now: pending, with everything they need done. */
export function readyPipelines<T extends PipelineState>(pipelines: readonly T[]): T[] {
  const done = new Set(pipelines.filter((one) => one.status === 'success').map((one) => one.id))
  return pipelines.filter((one) => one.status === 'pending' && one.dependsOn.every((id) => done.has(id)))
}

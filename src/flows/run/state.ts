import { isFinal, type JobState } from '../../jobs/job.ts'

// Pipelines and flows have the states of jobs. `http/spec-store/present.ts` has the words of the spec store for them.

/** How a pipeline can end. */
export type EndState = Extract<JobState, 'done' | 'failed' | 'cancelled'>

/** What may happen to a pipeline, by the hub's own jobs or as an external service reports it. */
export type EventName = 'queue' | 'start' | 'progress' | 'finish'

export const eventNames: readonly EventName[] = ['queue', 'start', 'progress', 'finish']

/** A pipeline as the state of its flow sees it. */
export interface PipelineState {
  readonly id: string
  readonly dependsOn: readonly string[]
  readonly state: JobState
}

/** What an event does to a flow: which pipelines change, and the state of the flow afterwards. */
export interface Transition {
  /** New state of the event's own pipeline; undefined when the event changes nothing. */
  readonly state: JobState | undefined
  /** Pipelines that fail because one they need has failed: id, and the id of that one. */
  readonly cascade: ReadonlyMap<string, string>
  readonly flow: JobState
}

/** The state that an event asks for. */
function stateAfter(event: EventName, end: EndState): JobState {
  if (event === 'queue') return 'queued'
  if (event === 'finish') return end
  return 'running'
}

/** The state of a flow, from those of its pipelines. */
export function flowState(states: readonly JobState[]): JobState {
  const has = (state: JobState) => states.includes(state)
  if (has('running')) return 'running'
  if (has('queued')) return states.some(isFinal) ? 'running' : 'queued'
  return states.every((state) => state === 'done') ? 'done' : 'failed'
}

/**
 * Applies an event to an open flow. Pure. A pipeline that has finished is moved by another `finish` only;
 * when one fails or is cancelled, whatever waits for it fails too, and those that already run are left alone.
 */
export function applyEvent(pipelines: readonly PipelineState[], event: { id: string; event: EventName; end: EndState }): Transition {
  const own = pipelines.find((one) => one.id === event.id)
  const ignored = own === undefined || (isFinal(own.state) && event.event !== 'finish')
  const state = ignored ? undefined : stateAfter(event.event, event.end)
  const states = new Map(pipelines.map((one) => [one.id, one.id === event.id ? (state ?? one.state) : one.state]))
  const cascade = state === 'failed' || state === 'cancelled' ? cascadeFrom(event.id, pipelines, states) : new Map<string, string>()
  return { state, cascade, flow: flowState([...states.values()]) }
}

/** Fails what waits for a pipeline that has not succeeded, and what waits for that; changes `states`. */
function cascadeFrom(id: string, pipelines: readonly PipelineState[], states: Map<string, JobState>): Map<string, string> {
  const cascade = new Map<string, string>()
  const failed = [id]
  for (let cause = failed.pop(); cause !== undefined; cause = failed.pop()) {
    for (const one of pipelines) {
      if (states.get(one.id) !== 'queued' || !one.dependsOn.includes(cause)) continue
      states.set(one.id, 'failed')
      cascade.set(one.id, cause)
      failed.push(one.id)
    }
  }
  return cascade
}

/** The pipelines that may start now: pending, with everything they need done. */
export function readyPipelines<T extends PipelineState>(pipelines: readonly T[]): T[] {
  const done = new Set(pipelines.filter((one) => one.state === 'done').map((one) => one.id))
  return pipelines.filter((one) => one.state === 'queued' && one.dependsOn.every((id) => done.has(id)))
}

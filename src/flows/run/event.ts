import { isFinal, type JobState } from '../../jobs/job.ts'
import type { Write } from '../../store/store.ts'
import { type Flow, lockFlow, updateFlow } from '../flow-store.ts'
import type { JsonObject } from '../pipelines/task.ts'
import { type FlowPipeline, findPipeline, listPipelines, updatePipeline } from './pipeline-store.ts'
import { enqueueReady, startNextFlow } from './start.ts'
import { applyEvent, type EndState, type EventName, type Transition } from './state.ts'

/** What has happened to a pipeline, by the hub's own job or as an external service reports it. */
export interface PipelineEvent {
  readonly pipelineId: string
  readonly event: EventName
  /** The state after a `finish`; other events ignore it. */
  readonly end: EndState
  readonly errors: readonly string[]
  readonly stats?: JsonObject
  /** Lines that replace the flow's log, if there are any. */
  readonly log?: readonly string[]
  /** Lines that are put behind the flow's log instead. */
  readonly logTail?: readonly string[]
  /** The hub's own job that sends it: counts only while the pipeline is that job's. */
  readonly jobId?: string
}

/** The flow after an event, and what the sender has to do now. */
export interface EventOutcome {
  readonly flow: Flow
  readonly hasEnded: boolean
  /** Own jobs that are of no use any more. */
  readonly uselessJobs: readonly string[]
}

/** How many lines of its log a flow keeps. */
const maxLines = 100

/**
 * Applies an event in the caller's write: the pipeline, whatever fails with it, and the flow's state, once.
 * Followers are queued; when the flow has ended, the next one begins. An ended flow knows no pipelines any more.
 */
export async function recordEvent(write: Write, event: PipelineEvent, now: number): Promise<EventOutcome | undefined> {
  const known = await findPipeline(write.db, event.pipelineId)
  const flow = known && (await lockFlow(write.db, write.dialect, known.flowId))
  if (!flow || isFinal(flow.state)) return undefined
  const pipelines = await listPipelines(write.db, flow.id)
  const own = pipelines.find((one) => one.id === event.pipelineId)
  const isStale = event.jobId !== undefined && (own?.jobId !== event.jobId || isFinal(own.state))
  const transition = applyEvent(pipelines, { id: event.pipelineId, event: event.event, end: event.end })
  if (isStale || transition.state === undefined) return { flow, hasEnded: false, uselessJobs: [] }
  await savePipelines(write, event, transition)
  const after = changedFlow(flow, event, transition.flow)
  await updateFlow(write.db, after, now)
  if (after.state !== flow.state) write.change('flow', flow.id, 'updated')
  const hasEnded = isFinal(after.state)
  if (hasEnded) await startNextFlow(write, flow.id)
  else if (transition.state === 'done') await enqueueReady(write, flow.id)
  return { flow: after, hasEnded, uselessJobs: uselessJobs(pipelines, event, transition) }
}

async function savePipelines({ db }: Write, event: PipelineEvent, { state, cascade }: Transition): Promise<void> {
  if (state) await updatePipeline(db, { id: event.pipelineId, state, stats: event.stats ?? {}, errors: event.errors })
  for (const [id, cause] of cascade) {
    const error = `Dependency unsuccessful. Cannot run until dependency "${cause}" is successfully executed`
    await updatePipeline(db, { id, state: 'failed', stats: {}, errors: [error] })
  }
}

/** Each part of the flow is replaced by what the event brings, if it brings any. */
function changedFlow(flow: Flow, event: PipelineEvent, state: JobState): Flow {
  const { '.dpp': _pipelineOnly, ...stats } = event.stats ?? {}
  const tail = event.logTail ?? []
  const logs = event.log?.length ? event.log : [...flow.logs, ...tail]
  return {
    ...flow,
    state,
    stats: Object.keys(stats).length > 0 ? stats : flow.stats,
    errors: event.errors.length > 0 ? event.errors : flow.errors,
    logs: logs.slice(-maxLines),
  }
}

/** Jobs of pipelines that were ended by another event than their own. */
function uselessJobs(pipelines: readonly FlowPipeline[], event: PipelineEvent, { cascade, state }: Transition): string[] {
  const isOver = (id: string) => cascade.has(id) || (id === event.pipelineId && event.jobId === undefined && state !== undefined && isFinal(state))
  return pipelines.flatMap((one) => (one.jobId !== null && !isFinal(one.state) && isOver(one.id) ? [one.jobId] : []))
}

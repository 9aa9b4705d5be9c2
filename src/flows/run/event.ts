import type { Write } from '../../store/store.ts'
import { type Flow, lockFlow, updateFlow } from '../flow-store.ts'
import type { JsonObject } from '../pipelines/task.ts'
import { type FlowPipeline, findPipeline, listPipelines, updatePipeline } from './pipeline-store.ts'
import { enqueueReady, startNextFlow } from './start.ts'
import { applyEvent, type EventName, isFinal, type Status, type Transition } from './state.ts'

/** What is told about a pipeline, by the hub's own job or from outside. */
export interface PipelineEvent {
  readonly pipelineId: string
  readonly event: EventName
  /** Of a `finish`. */
  readonly success: boolean
  readonly errors: readonly string[]
  readonly stats?: JsonObject
  /** Lines that replace the flow's log, if there are any. */
  readonly log?: readonly string[]
  /** Lines that are put behind the flow's log instead. */
  readonly logTail?: readonly string[]
  /** The hub's own job that tells it: counts only while the pipeline is that job's. */
  readonly jobId?: string
}

/** Where an event has left its flow, and what whoever sent it has to do now. Undefined: there is no such open pipeline. */
export interface EventOutcome {
  readonly flow: Flow
  readonly hasEnded: boolean
  /** Own jobs that are of no use any more. */
  readonly uselessJobs: readonly string[]
}

/** How many lines of its log a flow keeps. */
const mostLines = 100

/**
 * Applies an event in the caller's write: the pipeline, whatever fails with it, and the flow's state, once.
 * Followers are queued; when the flow has ended, the next one begins. An ended flow knows no pipelines any more.
 */
export async function recordEvent(write: Write, event: PipelineEvent, now: number): Promise<EventOutcome | undefined> {
  const known = await findPipeline(write.db, event.pipelineId)
  const flow = known && (await lockFlow(write.db, write.dialect, known.flowId))
  if (!flow || isFinal(flow.status)) return undefined
  const pipelines = await listPipelines(write.db, flow.id)
  const own = pipelines.find((one) => one.id === event.pipelineId)
  const isStale = event.jobId !== undefined && (own?.jobId !== event.jobId || isFinal(own.status))
  const transition = applyEvent(pipelines, { id: event.pipelineId, event: event.event, success: event.success })
  if (isStale || transition.status === undefined) return { flow, hasEnded: false, uselessJobs: [] }
  await savePipelines(write, event, transition)
  const after = changedFlow(flow, event, transition.flow)
  await updateFlow(write.db, after, now)
  if (after.status !== flow.status) write.change('flow', flow.id, 'updated')
  const hasEnded = isFinal(after.status)
  if (hasEnded) await startNextFlow(write, flow.id)
  else if (transition.status === 'success') await enqueueReady(write, flow.id)
  return { flow: after, hasEnded, uselessJobs: uselessJobs(pipelines, event, transition) }
}

async function savePipelines({ db }: Write, event: PipelineEvent, { status, cascade }: Transition): Promise<void> {
  if (status) await updatePipeline(db, { id: event.pipelineId, status, stats: event.stats ?? {}, errors: event.errors })
  for (const [id, cause] of cascade) {
    const error = `Dependency unsuccessful. Cannot run until dependency "${cause}" is successfully executed`
    await updatePipeline(db, { id, status: 'failed', stats: {}, errors: [error] })
  }
}

/** Each part of the flow is replaced by what the event brings, if it brings any. */
function changedFlow(flow: Flow, event: PipelineEvent, status: Status): Flow {
  const { '.dpp': _pipelineOnly, ...stats } = event.stats ?? {}
  const tail = event.logTail ?? []
  const logs = event.log?.length ? event.log : [...flow.logs, ...tail]
  return {
    ...flow,
    status,
    stats: Object.keys(stats).length > 0 ? stats : flow.stats,
    errors: event.errors.length > 0 ? event.errors : flow.errors,
    logs: logs.slice(-mostLines),
  }
}

/** Jobs of pipelines that have been ended by somebody else than themselves. */
function uselessJobs(pipelines: readonly FlowPipeline[], event: PipelineEvent, { cascade, status }: Transition): string[] {
  const isOver = (id: string) => cascade.has(id) || (id === event.pipelineId && event.jobId === undefined && status !== undefined && isFinal(status))
  return pipelines.flatMap((one) => (one.jobId !== null && !isFinal(one.status) && isOver(one.id) ? [one.jobId] : []))
}

import { randomUUID } from 'node:crypto'
import { defaultRetry } from '../../jobs/backoff.ts'
import { inlineBody } from '../../jobs/body.ts'
import { cancelled, isFinal } from '../../jobs/job.ts'
import { findJobById, requestCancel } from '../../jobs/job-store.ts'
import { makeSettlement, settleJobs } from '../../jobs/queue/settle.ts'
import type { RunnableType } from '../../jobs/runnable-type.ts'
import { enqueueJob } from '../../jobs/submit/enqueue.ts'
import type { Store, Write } from '../../store/store.ts'
import { lockFlow } from '../flow-store.ts'
import { assignJob, type FlowPipeline, listPipelines } from './pipeline-store.ts'
import { type FlowOwner, findNextWaiting, freeSlot, getOwner, listStarted, lockSlots, takeSlot } from './slot-store.ts'
import { readyPipelines } from './state.ts'

const halfHour = 30 * 60_000

/** How the hub runs a pipeline; `pipeline-job.ts` adds what happens before and after. */
export const pipelineJobType: RunnableType = {
  name: 'source-pipeline',
  version: '1.0.0',
  revisionNum: 1,
  title: 'Pipeline of a flow',
  kind: 'pipeline',
  mode: 'async',
  isPublic: false,
  program: { kind: 'function', module: new URL('./pipeline-task.ts', import.meta.url).href, exportName: 'sourcePipeline' },
  pool: 'work',
  priority: 150,
  timeoutMs: halfHour,
  // A pipeline that was running when its worker vanished runs again; it takes five such losses to blame the pipeline.
  retry: { ...defaultRetry, maxAttempts: 8, maxLostLeases: 5 },
}

/** The data of a pipeline's job. */
export interface PipelineJobData {
  readonly pipeline: string
}

/** Lets a stored flow begin, if fewer than three are under way; else it waits for one of those to end. */
export async function startFlow(write: Write, flowId: string): Promise<void> {
  const free = (await lockSlots(write.db, write.dialect)).find((slot) => slot.flowId === null)
  if (!free) return
  await takeSlot(write.db, free.no, flowId)
  await enqueueReady(write, flowId)
}

/** Gives back what an ended flow held, and lets waiting flows begin: the places are shared among owners as slots are (`findNextWaiting`). */
export async function startNextFlow(write: Write, endedId: string | undefined): Promise<void> {
  const slots = await lockSlots(write.db, write.dialect)
  if (endedId !== undefined) await freeSlot(write.db, endedId)
  for (const slot of slots) {
    if (slot.flowId !== null && slot.flowId !== endedId) continue
    const next = await findNextWaiting(write.db)
    if (next === undefined) return
    await takeSlot(write.db, slot.no, next)
    await enqueueReady(write, next)
  }
}

/** Queues a job for each pipeline that may start and has none. */
export async function enqueueReady(write: Write, flowId: string): Promise<void> {
  const ready = readyPipelines(await listPipelines(write.db, flowId)).filter((one) => one.jobId === null)
  if (ready.length === 0) return
  const owner = await getOwner(write.db, flowId)
  for (const pipeline of ready) await enqueuePipeline(write, pipeline, owner)
}

async function enqueuePipeline(write: Write, { id }: FlowPipeline, { ownerId, userId }: FlowOwner): Promise<void> {
  const jobId = randomUUID()
  const data: PipelineJobData = { pipeline: id }
  const request = { id: jobId, data: inlineBody(data), subject: id, userId, caller: ownerId, dedupeKey: id }
  const queued = await enqueueJob(write, pipelineJobType, request)
  if (queued) await assignJob(write.db, id, jobId)
}

/** Ends the jobs of pipelines that another event has ended: a waiting one in this very write, a running one by its worker. */
export async function endUselessJobs(write: Write, jobIds: readonly string[]): Promise<void> {
  for (const id of jobIds) {
    const job = await findJobById(write.db, id)
    if (job?.state === 'queued')
      await settleJobs(write, [makeSettlement({ job: { ...job, claim: null }, type: undefined, outcome: cancelled, lines: [] })])
    // Claimed meanwhile, too: the worker finds the pipeline ended, and what it makes is dropped.
    else if (job?.state === 'running' && (await requestCancel(write.db, job.seq))) write.wake('cancelled')
  }
}

/** Queues what an earlier stop may have left undone: every open flow goes on. Safe to run in several processes. */
export async function resumeFlows(store: Store): Promise<void> {
  await store.write(async (write) => {
    await startNextFlow(write, undefined)
    for (const flowId of await listStarted(write.db)) {
      const flow = await lockFlow(write.db, write.dialect, flowId)
      if (flow && isFinal(flow.state)) await startNextFlow(write, flowId)
      else await enqueueReady(write, flowId)
    }
  })
}

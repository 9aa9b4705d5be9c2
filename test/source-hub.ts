import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { addUser } from '../src/auth/user.ts'
import { FunctionExecutor } from '../src/executors/function/executor.ts'
import { publisherTypes } from '../src/flows/functions/types.ts'
import { pipelineJob } from '../src/flows/run/pipeline-job.ts'
import type { FlowAnswer, UpdateAnswer, UploadAnswer } from '../src/http/spec-store/schema.ts'
import { TypeRegistry } from '../src/jobs/type-registry.ts'
import { JobRunner } from '../src/jobs/worker/runner.ts'
import { startHub, type TestHub } from './hub.ts'
import { type DataServer, serveSamples } from './sample-data.ts'

/** A publisher: a user with keys, and a token for the spec store. */
export interface Publisher {
  readonly id: string
  readonly name: string
  readonly apiKey: string
  readonly token: string
}

/** A hub with publishers, sources to read, and workers that the test starts and stops. */
export interface SourceHub {
  readonly hub: TestHub
  readonly data: DataServer
  readonly mona: Publisher
  readonly otto: Publisher
  /** Lets the hub run pipelines; returns a function that stops them. */
  work(): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** Starts a hub without workers, two users and a server of sample files. */
export async function startSourceHub(settings: Record<string, string> = {}): Promise<SourceHub> {
  const hub = await startHub(settings, { http: true, workers: false })
  const data = await serveSamples()
  const [mona, otto] = await Promise.all([addPublisher(hub, 'mona'), addPublisher(hub, 'otto')])
  const stops: (() => Promise<void>)[] = []
  const work = async () => {
    const stop = await startWorking(hub)
    stops.push(stop)
    return stop
  }
  const close = async () => {
    for (const stop of stops) await stop()
    data.close()
    await hub.close()
  }
  return { hub, data, mona, otto, work, close }
}

async function addPublisher(hub: TestHub, name: string): Promise<Publisher> {
  const { user, apiKey } = await addUser(hub.app.base, { name })
  const { token } = await getJson<{ token: string }>(`${hub.url}/auth/authorize?service=source`, { authorization: apiKey })
  return { id: user.id, name, apiKey, token }
}

async function startWorking(hub: TestHub): Promise<() => Promise<void>> {
  const log = pino({ level: 'silent' })
  const { base } = hub.app
  const types = new TypeRegistry([pipelineJob({ ...base, log }, { waits: [1, 1, 1] }), ...publisherTypes({ ...base, log })])
  const runner = new JobRunner({ ...base, log, executors: { function: new FunctionExecutor() }, types, slots: { work: 2 } })
  await runner.start()
  return () => runner.stop({ graceMs: 0 })
}

/** Gets JSON, whatever the status. */
export async function getJson<T>(url: string, headers: Record<string, string> = {}): Promise<T> {
  return (await fetch(url, { headers })).json() as Promise<T>
}

/** Posts JSON: status and parsed answer. */
export async function postJson<T>(url: string, body: unknown, headers: Record<string, string> = {}): Promise<{ status: number; body: T }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text })
  return { status: answer.status, body: (await answer.json()) as T }
}

export const postSpec = (at: SourceHub, spec: unknown, token: string | undefined) =>
  postJson<UploadAnswer>(`${at.hub.url}/source/upload`, spec, token === undefined ? {} : { 'auth-token': token })

/** Uploads a spec that must be accepted; returns the flow's id. */
export async function uploadAs(at: SourceHub, publisher: Publisher, spec: unknown): Promise<string> {
  const { body } = await postSpec(at, spec, publisher.token)
  assert.deepEqual(body.errors, [])
  assert.ok(body.flow_id)
  return body.flow_id
}

export const showFlow = (at: SourceHub, flowId: string, headers: Record<string, string> = {}) =>
  getJson<FlowAnswer>(`${at.hub.url}/source/${flowId}`, headers)

export const sendEvent = (at: SourceHub, event: Record<string, unknown>, publisher = at.mona) =>
  postJson<UpdateAnswer>(`${at.hub.url}/source/update`, event, { authorization: publisher.apiKey })

/** A spec of one's own dataset with these resources. */
export function specOf(
  owner: Publisher,
  dataset: string,
  resources: readonly unknown[],
  more: { meta?: object; url?: string } & Record<string, unknown> = {},
) {
  const { meta, url = 'http://127.0.0.1:1/datapackage.json', descriptor, ...rest } = more
  return {
    meta: { ownerid: owner.id, owner: owner.name, dataset, version: 1, findability: 'published', ...meta },
    inputs: [{ kind: 'datapackage', url, parameters: { descriptor: { name: dataset, resources, ...(descriptor as object) } } }],
    ...rest,
  }
}

/** Waits until a flow has ended; woken by the ends of jobs. */
export async function flowEnd(at: SourceHub, flowId: string, headers: Record<string, string> = {}): Promise<FlowAnswer> {
  const { store } = at.hub.app.base
  let wake: (() => void) | undefined
  const unlisten = store.listen('finished', () => wake?.())
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const flow = await showFlow(at, flowId, headers)
      if (flow.state === 'SUCCEEDED' || flow.state === 'FAILED') return flow
      await Promise.race([woken, pause(500)])
    }
  } finally {
    unlisten()
  }
}

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ended, untilJob } from '../src/jobs/testing/scene.ts'
import { makeEnvironment } from './hub.ts'
import { spawnHub } from './hub-process.ts'
import { openTestStore } from './store.ts'

// `millrace serve --no-workers` with a `millrace worker` beside it, on one database: on SQLite on one file.

const { environment, drop } = await makeEnvironment({})
const store = await openTestStore(environment['DATABASE_URL'] ?? '')
const server = spawnHub(environment, 'serve', ['--no-workers'])
const url = await server.ready
const worker = spawnHub(environment, 'worker')
await worker.ready
after(async () => {
  for (const one of [server, worker]) await one.kill('SIGTERM')
  await store.close()
  await drop()
})

async function submit(type: string): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ job_type: type, data: 'text', api_key: 'k' })
  const answer = await fetch(`${url}/job`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return (await answer.json()) as Record<string, unknown>
}

test('a worker runs what a server without workers has accepted', async () => {
  const job = await untilJob(store, String((await submit('echo_async'))['job_id']), ended)
  assert.deepEqual([job.state, job.result?.json], ['done', '">text"'])
})

test('a worker also runs jobs that a caller of the server waits for', async () => {
  const { status, data } = await submit('echo')
  assert.deepEqual([status, data], ['complete', '>text'])
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, test } from 'node:test'
import { type Behaviour, startReceiver as openReceiver } from '../src/jobs/testing/receiver.ts'
import { ended, untilJob } from '../src/jobs/testing/scene.ts'
import { adminKey, makeEnvironment } from './hub.ts'
import { type HubProcess, startHubProcess } from './hub-process.ts'
import { openTestStore } from './store.ts'

// The whole way of a result: a hub in a process of its own, real receivers, and a hub that is killed before it could post.

const { environment, drop } = await makeEnvironment({ MILLRACE_CALLBACK_TIMEOUT: '20' })
const store = await openTestStore(environment['DATABASE_URL'] ?? '')
const processes: HubProcess[] = []
const receivers: { close(): void }[] = []
afterEach(() => {
  for (const one of receivers.splice(0)) one.close()
})
after(async () => {
  for (const one of processes) await one.kill()
  await store.close()
  await drop()
})

async function startReceiver(behave?: Behaviour) {
  const receiver = await openReceiver(behave)
  receivers.push(receiver)
  return receiver
}

async function start(): Promise<HubProcess> {
  const started = await startHubProcess(environment)
  processes.push(started)
  return started
}

type Dict = Record<string, unknown>
const post = async (url: string, body: Dict, id = randomUUID()): Promise<Dict> => {
  const answer = await fetch(`${url}/job/${id}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return (await answer.json()) as Dict
}

const posting = async ({ job_id, job_key }: Dict): Promise<Dict> => {
  const answer = await fetch(`${hub.url}/job/${job_id}/callback`, { headers: { authorization: String(job_key) } })
  return (await answer.json()) as Dict
}

let hub = await start()

test('a synchronous job is posted before it is answered; a failure shows in the answer and leaves status and data', async () => {
  const good = await startReceiver(204)
  const told = await post(hub.url, { job_type: 'echo', data: 'ping', api_key: 'X-Key:k', result_url: good.url })
  assert.equal(good.received.length, 1)
  assert.equal(good.received[0]?.headers['x-key'], 'k')
  // The log is the function's own: what the hub does with the result is not in it.
  assert.deepEqual([good.received[0]?.body, told['logs']], [told, []])
  assert.deepEqual(await posting(told), { status: 'complete', tries: 1, error: null, next_try: null })
  const bad = await startReceiver(404)
  const failed = await post(hub.url, { job_type: 'echo', data: 'ping', api_key: 'k', result_url: bad.url })
  assert.deepEqual(
    [failed['status'], failed['data'], failed['error']],
    ['complete', '>ping', { message: 'Process completed but unable to post to result_url' }],
  )
  const { status, tries, next_try, error } = await posting(failed)
  assert.deepEqual([status, tries, next_try, failed['logs']], ['error', 1, null, []])
  assert.match(String(error), /^it answered 404/)
  const headers = { authorization: String(failed['job_key']) }
  assert.equal(await (await fetch(`${hub.url}/job/${failed['job_id']}/data`, { headers })).text(), '>ping')
  const own = await post(hub.url, { job_type: 'echo', data: '>', api_key: 'k', result_url: bad.url })
  assert.deepEqual(own['error'], { message: 'do not start message with >' })
})

test('a raw job is posted without its bytes', async () => {
  const receiver = await startReceiver()
  const id = randomUUID()
  const answer = await fetch(`${hub.url}/job/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ job_type: 'echo_raw', data: 'ping', api_key: 'k', result_url: receiver.url }),
  })
  assert.equal(await answer.text(), 'ginp')
  assert.deepEqual([receiver.received[0]?.body['job_id'], receiver.received[0]?.body['data']], [id, null])
})

test('clearing everything reaches a job whose result is posted again and again', async () => {
  const busy = await startReceiver(503)
  const told = await post(hub.url, { job_type: 'echo', data: 'ping', api_key: 'k', result_url: busy.url })
  const { status, next_try } = await posting(told)
  assert.deepEqual([status, typeof next_try], ['pending', 'string'])
  const cleared = await fetch(`${hub.url}/job?days=0`, { method: 'DELETE', headers: { authorization: adminKey } })
  assert.deepEqual([cleared.status, await cleared.json()], [200, { success: true }])
  assert.deepEqual(await posting(told), { error: 'job_id not found' })
})

test('a hub killed in the middle of a callback posts it again after its restart, under the same webhook-id', async () => {
  const receiver = await startReceiver((response, count) => void (count > 1 && response.end()))
  const { job_id } = await post(hub.url, { job_type: 'echo_async', data: 'ping', api_key: 'k', result_url: receiver.url })
  const first = await receiver.request(1)
  await hub.kill()
  hub = await start()
  const second = await receiver.request(2)
  assert.equal(second.body['job_id'], job_id)
  assert.equal(second.headers['webhook-id'], first.headers['webhook-id'])
  assert.deepEqual(second.body, first.body)
})

test('a hub that is killed as soon as a result is stored posts it after its restart', async () => {
  const receiver = await startReceiver()
  const { job_id } = await post(hub.url, { job_type: 'echo_async', data: 'ping', api_key: 'k', result_url: receiver.url })
  await untilJob(store, String(job_id), ended)
  await hub.kill()
  hub = await start()
  const { body } = await receiver.request(1)
  assert.deepEqual([body['job_id'], body['status'], body['data']], [job_id, 'complete', '>ping'])
  assert.equal(new Set(receiver.received.map((one) => one.headers['webhook-id'])).size, 1)
})

test('the signing secret is generated once for all processes and starts, and stored sealed', async () => {
  const sealed = await store.db.selectFrom('setting').select('value').where('name', '=', 'webhook_secret').execute()
  assert.equal(sealed.length, 1)
  assert.ok(!sealed[0]?.value.includes('whsec_'))
})

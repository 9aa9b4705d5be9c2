import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, afterEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { inlineBody } from '../../jobs/body.ts'
import { CallbackSender, type CallbackTools } from '../../jobs/callbacks/sender.ts'
import { findPosting } from '../../jobs/callbacks/store.ts'
import type { Outcome } from '../../jobs/job.ts'
import { findJobById, listLog } from '../../jobs/job-store.ts'
import { makeSettlement, settleJob } from '../../jobs/queue/settle.ts'
import { cancelJob } from '../../jobs/submit/cancel.ts'
import { type Behaviour, startReceiver as openReceiver } from '../../jobs/testing/receiver.ts'
import { ended, makeScene, untilJob } from '../../jobs/testing/scene.ts'
import { testType } from '../../jobs/testing/types.ts'
import { TypeRegistry } from '../../jobs/type-registry.ts'
import { presentJob } from './present.ts'

// Results on their way to real receivers. Jobs are ended by hand; what is tried is what follows from their commit.

const scene = await makeScene()
const { store, files, vault } = scene
after(scene.close)
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const done: Outcome = { state: 'done', result: { ...inlineBody(42), type: null } }
const failed: Outcome = { state: 'failed', failure: { class: 'job', reason: 'job_error', message: 'of its own' } }

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startReceiver(behave?: Behaviour) {
  const receiver = await openReceiver(behave)
  closing.push(receiver.close)
  return receiver
}

async function startSender(changes: Partial<CallbackTools> = {}) {
  const sender = new CallbackSender({
    ...scene,
    policy: { allowPrivateAddresses: true, sslVerify: true },
    timeoutMs: 2_000,
    secrets: [secret],
    slots: 4,
    waits: [0, 1, 1],
    present: (job, logs) => presentJob(job, { logs }, files),
    ...changes,
  })
  closing.push(() => sender.stop({ graceMs: 0 }))
  await sender.start()
  return sender
}

/** A job that has ended, with its result still to be posted. */
async function endedJob(url: string, options: { outcome?: Outcome; apiKey?: unknown } = {}): Promise<string> {
  const { outcome = done, apiKey = 'the key' } = options
  const type = testType('double')
  const request = { resultUrl: url, apiKeySealed: vault.seal(JSON.stringify(apiKey)), keySealed: vault.seal('the job key'), metadata: '{"a":1}' }
  // Waits for long, so that no runner takes it.
  const id = await scene.submit(type, 21, { ...request, delayMs: 3_600_000 })
  const job = await findJobById(store.db, id)
  assert.ok(job)
  await store.write((write) => settleJob(write, makeSettlement({ job: { ...job, claim: null }, type, outcome, lines: [] })))
  return id
}

const rowOf = (id: string) =>
  store.db
    .selectFrom('job_callback')
    .innerJoin('job', 'job.seq', 'job_callback.job_seq')
    .select([
      'job_callback.state',
      'tries',
      'job_callback.run_at',
      'job_callback.claim',
      'webhook_id',
      'last_error',
      'api_key_sealed',
      'seq',
      'finished_at',
    ])
    .where('job.id', '=', id)
    .executeTakeFirst()
type Row = NonNullable<Awaited<ReturnType<typeof rowOf>>>

/** Waits until the callback of a job is as wanted. */
async function untilCallback(id: string, wanted: (row: Row) => boolean): Promise<Row> {
  const until = performance.now() + 20_000
  for (;;) {
    const row = await rowOf(id)
    if (row && wanted(row)) return row
    if (performance.now() > until) throw new Error(`the callback is ${JSON.stringify(row)}`)
    await pause(5)
  }
}

const isOver = (row: Row) => row.state !== 'waiting'
const logOf = async (id: string) => (await listLog(store.db, (await findJobById(store.db, id))?.seq ?? 0)).map((entry) => entry.message)

test('the job dict with its key is posted, with the key of the submitter and a signature that receivers can check', async () => {
  const receiver = await startReceiver()
  await startSender()
  const id = await endedJob(`${receiver.url}/hook?x=1`)
  const { method, path, headers, body, raw } = await receiver.request(1)
  assert.deepEqual([method, path, headers['content-type'], headers.authorization], ['POST', '/hook?x=1', 'application/json', 'the key'])
  const job = await findJobById(store.db, id)
  assert.ok(job)
  assert.deepEqual(body, { ...JSON.parse(JSON.stringify(await presentJob(job, { logs: [] }, files))), job_key: 'the job key' })
  assert.deepEqual([body['status'], body['data'], body['error'], 'api_key' in body], ['complete', 42, null, false])
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${raw}`
  const wanted = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64')
  assert.equal(headers['webhook-signature'], `v1,${wanted}`)
  assert.ok(Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp'])) < 60)
})

for (const status of [200, 201, 204]) {
  test(`${status} is success: the key is erased, the job's log is its own, the job has no error`, async () => {
    const receiver = await startReceiver(status)
    await startSender()
    const id = await endedJob(receiver.url)
    const row = await untilCallback(id, isOver)
    assert.deepEqual([row.state, row.tries, row.api_key_sealed, row.last_error, receiver.received.length], ['delivered', 1, null, null, 1])
    assert.deepEqual(await findPosting(store.db, row.seq), { state: 'delivered', tries: 1, error: null, nextAt: null })
    assert.deepEqual(await logOf(id), [])
  })
}

test('a failed and a cancelled job are posted too, with their own errors', async () => {
  const receiver = await startReceiver()
  await startSender()
  await endedJob(receiver.url, { outcome: failed })
  assert.deepEqual((await receiver.request(1)).body['error'], { message: 'of its own' })
  const waiting = await scene.submit(testType('double'), 1, { resultUrl: receiver.url, delayMs: 3_600_000 })
  await cancelJob(store, new TypeRegistry([testType('double')]), waiting)
  const { body } = await receiver.request(2)
  assert.deepEqual([body['job_id'], body['status'], body['error']], [waiting, 'error', { message: 'Job was cancelled' }])
})

test('500 is tried again under the same webhook-id; the failure shows until a try gets through', async () => {
  let answer: number | undefined
  const receiver = await startReceiver((response) => void response.writeHead(answer ?? 500).end('out\nof order'))
  await startSender({ waits: [0, 200, 1] })
  const id = await endedJob(receiver.url)
  const first = await untilCallback(id, (row) => row.tries === 1 && row.claim === null)
  assert.deepEqual([first.state, first.api_key_sealed === null], ['waiting', false])
  const posting = await findPosting(store.db, first.seq)
  assert.deepEqual([posting?.tries, posting?.nextAt, posting?.error], [1, first.run_at, first.last_error])
  assert.match(first.last_error ?? '', /^it answered 500$/)
  answer = 200
  const row = await untilCallback(id, isOver)
  assert.deepEqual([row.state, row.tries, row.api_key_sealed, row.last_error], ['delivered', 2, null, null])
  assert.equal(row.finished_at, first.finished_at)
  assert.deepEqual([...new Set(receiver.received.map((one) => one.headers['webhook-id']))], [row.webhook_id])
  assert.deepEqual(await logOf(id), [])
})

for (const [what, behave] of [
  ['404', 404],
  ['a redirect, which is not followed', (response) => void response.writeHead(302, { location: '/elsewhere' }).end()],
] as [string, Behaviour][]) {
  test(`${what}, is final at the first try and erases the key`, async () => {
    const receiver = await startReceiver(behave)
    await startSender()
    const id = await endedJob(receiver.url, { outcome: failed })
    const row = await untilCallback(id, isOver)
    assert.deepEqual([row.state, row.tries, row.api_key_sealed, receiver.received.length], ['failed', 1, null, 1])
    assert.equal((await findJobById(store.db, id))?.error?.message, 'of its own')
    assert.deepEqual([await logOf(id), (await findPosting(store.db, row.seq))?.nextAt], [[], null])
  })
}

for (const [what, make] of [
  ['refuses connections', async () => 'http://127.0.0.1:1/'],
  ['cuts connections', async () => (await startReceiver((response) => void response.destroy())).url],
  ['stays silent', async () => (await startReceiver(() => undefined)).url],
  ['answers 500', async () => (await startReceiver(500)).url],
  ['answers 429', async () => (await startReceiver(429)).url],
] as const) {
  test(`a receiver that ${what} is tried as often as there are waits, then given up, and the key is erased`, async () => {
    await startSender({ timeoutMs: 50 })
    const id = await endedJob(await make())
    const row = await untilCallback(id, isOver)
    assert.deepEqual([row.state, row.tries, row.api_key_sealed, row.last_error === null], ['failed', 3, null, false])
    assert.deepEqual(await logOf(id), [])
    assert.equal((await findJobById(store.db, id))?.state, 'done')
  })
}

test('a receiver that asks for patience gets it', async () => {
  const receiver = await startReceiver((response) => void response.writeHead(503, { 'retry-after': '100' }).end())
  await startSender()
  const id = await endedJob(receiver.url)
  const row = await untilCallback(id, (one) => one.tries === 1 && one.claim === null)
  assert.ok(row.run_at - (row.finished_at ?? 0) >= 100_000)
  assert.equal(receiver.received.length, 1)
})

test('a receiver that never stops talking is not listened to, and its success counts', async () => {
  const receiver = await startReceiver((response) => {
    response.writeHead(200)
    const chunk = Buffer.alloc(1_000_000, 'x')
    const talk = () => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on('drain', talk)
    talk()
  })
  await startSender()
  const id = await endedJob(receiver.url)
  assert.equal((await untilCallback(id, isOver)).state, 'delivered')
})

test('a key that cannot stand in a header, and an address that may not be reached, are final failures', async () => {
  const receiver = await startReceiver()
  const sender = await startSender({ policy: { allowPrivateAddresses: false, sslVerify: true } })
  const private_ = await endedJob(receiver.url)
  assert.match((await untilCallback(private_, isOver)).last_error ?? '', /private address/)
  await sender.stop({ graceMs: 0 })
  await startSender()
  const odd = await endedJob(receiver.url, { apiKey: 'ключ' })
  const row = await untilCallback(odd, isOver)
  assert.deepEqual([row.state, row.api_key_sealed, receiver.received.length], ['failed', null, 0])
})

test('silent receivers hold up neither jobs nor the first tries of others for longer than their time limit', async () => {
  const silent = await startReceiver(() => undefined)
  const receiver = await startReceiver()
  const runner = await scene.work()
  await startSender({ timeoutMs: 300, slots: 4, waits: [0, 60_000] })
  const stuck = await Promise.all([...Array(8)].map(() => endedJob(silent.url)))
  const id = await endedJob(receiver.url)
  const job = await scene.submit(testType('double'), 4)
  await untilJob(store, job, ended)
  assert.equal((await untilCallback(id, isOver)).state, 'delivered')
  for (const one of stuck) assert.equal((await untilCallback(one, (row) => row.tries === 1 && row.claim === null)).state, 'waiting')
  await runner.stop({ graceMs: 0 })
})

test('one receiver that never answers holds up no other, however much is due for it', async () => {
  const silent = await startReceiver(() => undefined)
  const [one, other] = [await startReceiver(), await startReceiver()]
  const stuck = await Promise.all([...Array(40)].map((_, at) => endedJob(at % 2 ? silent.url : `${silent.url}/path?at=${at}`)))
  const ids = await Promise.all([...Array(20)].map((_, at) => endedJob(at % 2 ? one.url : `${other.url}/path`)))
  await startSender({ timeoutMs: 600_000, slots: 4 })
  for (const id of ids) assert.equal((await untilCallback(id, isOver)).state, 'delivered')
  const tries = await Promise.all(stuck.map(async (id) => (await rowOf(id))?.tries ?? 0))
  assert.deepEqual([tries.filter((count) => count === 1).length, tries.filter((count) => count > 1).length], [1, 0])
})

test('a receiver that is down gets its result when it is up again, under the same webhook-id', async () => {
  const down = await startReceiver()
  down.close()
  await startSender({ waits: [0, 100, 100, 100, 100, 100] })
  const id = await endedJob(down.url)
  const first = await untilCallback(id, (row) => row.tries >= 1 && row.claim === null)
  assert.equal(first.state, 'waiting')
  const up = await openReceiver(204, Number(new URL(down.url).port))
  closing.push(up.close)
  const row = await untilCallback(id, isOver)
  assert.deepEqual([row.state, up.received.map((one) => one.headers['webhook-id'])], ['delivered', [first.webhook_id]])
  assert.match(first.last_error ?? '', /ECONNREFUSED/)
})

test('what was due while nobody posted is posted at the start; two processes post everything once', async () => {
  const receiver = await startReceiver()
  const ids = await Promise.all([...Array(60)].map(() => endedJob(receiver.url)))
  await Promise.all([startSender(), startSender()])
  for (const id of ids) assert.equal((await untilCallback(id, isOver)).tries, 1)
  assert.deepEqual(receiver.received.map((one) => one.body['job_id']).sort(), ids.sort())
})

test('a try that a stopping process gives up does not count', async () => {
  const receiver = await startReceiver(() => undefined)
  const sender = await startSender({ timeoutMs: 60_000 })
  const id = await endedJob(receiver.url)
  await receiver.request(1)
  await sender.stop({ graceMs: 0 })
  const row = await untilCallback(id, (one) => one.claim === null)
  assert.deepEqual([row.state, row.tries, row.last_error, row.api_key_sealed === null], ['waiting', 0, null, false])
})

test('the claim of a process that vanished runs out, and its end comes too late', async () => {
  let release: (() => void) | undefined
  const receiver = await startReceiver((response, count) => {
    if (count > 1) return void response.writeHead(200).end()
    release = () => void response.writeHead(404).end()
  })
  const late = await startSender({ timeoutMs: 60_000 })
  const id = await endedJob(receiver.url)
  await receiver.request(1)
  // As after the lease: the row is due although somebody holds it.
  await store.write(({ db }) => db.updateTable('job_callback').set({ run_at: 0 }).where('state', '=', 'waiting').execute())
  await startSender()
  const row = await untilCallback(id, isOver)
  release?.()
  await late.stop({ graceMs: 10_000 })
  assert.deepEqual([row.state, row.tries], ['delivered', 2])
  assert.deepEqual(await rowOf(id), row)
})

test('a deleted job posts nothing', async () => {
  const receiver = await startReceiver()
  const id = await endedJob(receiver.url)
  await store.write(({ db }) => db.deleteFrom('job').where('id', '=', id).execute())
  const other = await endedJob(receiver.url)
  await startSender()
  await untilCallback(other, isOver)
  assert.deepEqual(
    receiver.received.map((one) => one.body['job_id']),
    [other],
  )
})

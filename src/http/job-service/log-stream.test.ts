import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { startHub } from '../../../test/hub.ts'
import type { LogEntry, Outcome } from '../../jobs/job.ts'
import { findJobById } from '../../jobs/job-store.ts'
import { followLog } from '../../jobs/logs/follow.ts'
import { makeSettlement, settleJob } from '../../jobs/queue/settle.ts'
import { insertLines } from '../../jobs/queue/settle-store.ts'
import { enqueueJob } from '../../jobs/submit/enqueue.ts'
import { testType } from '../../jobs/testing/types.ts'

// Nobody works here: the tests write what jobs tell, line by line, and read it as it is sent.

const hub = await startHub({}, { http: true, workers: false })
let isClosed = false
after(() => (isClosed ? undefined : hub.close()))
const { store, vault } = hub.app.base
const type = testType('double', { kind: 'function' })
const done: Outcome = { state: 'done', result: { json: '1', file: null, type: null } }

interface Subject {
  readonly id: string
  readonly seq: number
  /** Adds this many lines, and says how far the job is. */
  tell(lines: number, fraction?: number): Promise<void>
  end(outcome?: Outcome): Promise<void>
}

let made = 0
async function makeJob(): Promise<Subject> {
  const id = `told-${++made}`
  await store.write((write) => enqueueJob(write, type, { id, keySealed: vault.seal('job-key'), delayMs: 3_600_000 }))
  const job = await findJobById(store.db, id)
  assert.ok(job)
  const { seq } = job
  let last = 0
  const tell = async (count: number, fraction?: number) => {
    const entries = [...Array(count).keys()].map(
      (at): LogEntry => ({ at: 0, level: 'INFO', message: `line ${last + at + 1}\nof the log`, func: 'f', line: 7 }),
    )
    last += count
    await store.write(async ({ db, dialect }) => {
      const progress = fraction === undefined ? {} : { progress: JSON.stringify({ fraction, message: null }) }
      await db
        .updateTable('job')
        .set({ log_lines: last, ...progress })
        .where('seq', '=', seq)
        .execute()
      await insertLines(db, dialect, [{ seq, last, entries }])
    })
  }
  const end = (outcome = done) => store.write((write) => settleJob(write, makeSettlement({ job: { ...job, claim: null }, type, outcome, lines: [] })))
  return { id, seq, tell, end }
}

interface ServerEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: Record<string, unknown>
}

const parseEvent = (text: string): ServerEvent => {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
  return { event: field('event') ?? '', id: field('id'), data: JSON.parse(field('data') ?? '{}') }
}

/** The events of a stream, one after another. */
async function* eventsOf(response: Response): AsyncGenerator<ServerEvent, undefined> {
  let text = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) if (!part.startsWith(':')) yield parseEvent(part)
  }
}

const open = (id: string, headers: Record<string, string> = {}) =>
  fetch(`${hub.url}/job/${id}/log`, { headers: { authorization: 'job-key', ...headers } })

async function all(id: string, headers?: Record<string, string>): Promise<ServerEvent[]> {
  return Array.fromAsync(eventsOf(await open(id, headers)))
}

test('lines and progress come while the job runs, then its end, and the stream closes', async () => {
  const job = await makeJob()
  const response = await open(job.id)
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  const events = eventsOf(response)
  await job.tell(1)
  const first = await events.next()
  const wanted = { timestamp: '1970-01-01T00:00:00.000000', message: 'line 1\nof the log', level: 'INFO', module: 'double', funcName: 'f', lineno: 7 }
  assert.deepEqual(first.value, { event: 'log', id: '1', data: wanted })
  await job.tell(1, 0.5)
  assert.equal((await events.next()).value?.id, '2')
  assert.deepEqual((await events.next()).value, { event: 'progress', id: undefined, data: { fraction: 0.5, message: null } })
  await job.tell(1)
  assert.equal((await events.next()).value?.id, '3')
  await job.end()
  assert.deepEqual([(await events.next()).value, (await events.next()).done], [{ event: 'end', id: undefined, data: { status: 'complete' } }, true])
})

test('the stream of a finished job gives everything and ends, from the last seen entry on if one is named', async () => {
  const job = await makeJob()
  await job.tell(250, 1)
  await job.end({ state: 'failed', failure: { class: 'job', reason: 'exception', message: 'no' } })
  const events = await all(job.id)
  assert.deepEqual(
    events.filter((one) => one.event === 'log').map((one) => one.id),
    [...Array(250).keys()].map((at) => String(at + 1)),
  )
  assert.deepEqual([events.at(-1)?.data, events.filter((one) => one.event === 'progress').length], [{ status: 'error' }, 1])
  const ids = async (last: string) => (await all(job.id, { 'last-event-id': last })).map((one) => one.id ?? one.event)
  assert.deepEqual(await ids('248'), ['249', '250', 'progress', 'end'])
  assert.deepEqual(await ids('250'), ['progress', 'end'])
  assert.equal((await open(job.id, { 'last-event-id': 'x' })).status, 409)
})

test('a job that is deleted ends its streams', async () => {
  const job = await makeJob()
  const events = eventsOf(await open(job.id))
  await job.tell(1)
  await events.next()
  assert.equal((await fetch(`${hub.url}/job/${job.id}`, { method: 'DELETE', headers: { authorization: 'job-key' } })).status, 200)
  assert.deepEqual((await events.next()).value?.data, { status: 'error' })
})

test('whoever may not view a job may not follow it', async () => {
  const job = await makeJob()
  const answer = await open(job.id, { authorization: 'another' })
  assert.equal(answer.status, 403)
  assert.match(((await answer.json()) as { error: string }).error, /^not authorized: the key is neither/)
  assert.equal((await open('none')).status, 404)
  assert.equal((await fetch(`${hub.url}/job/${job.id}/log`, { method: 'HEAD', headers: { authorization: 'job-key' } })).status, 200)
})

test('a reader that takes nothing makes nobody read ahead, and others get everything', async () => {
  const job = await makeJob()
  for (let at = 0; at < 6; at++) await job.tell(5_000)
  await job.end()
  const socket = connect(Number(new URL(hub.url).port), '127.0.0.1')
  socket.write(`GET /job/${job.id}/log HTTP/1.1\r\nhost: hub\r\nauthorization: job-key\r\n\r\n`)
  await once(socket, 'readable')
  let pages = 0
  async function* counted() {
    for await (const one of followLog(store, job, { after: 0, signal: new AbortController().signal })) {
      pages++
      yield JSON.stringify(one)
    }
  }
  const slow = Readable.from(counted())
  await once(slow, 'readable')
  assert.equal((await all(job.id)).length, 30_001)
  assert.ok(pages <= 2, `${pages} pages were read for a reader that took none`)
  slow.destroy()
  socket.destroy()
})

test('a silent job is followed with comments, and a hub that stops ends its streams without an end', async () => {
  const job = await makeJob()
  const stop = new AbortController()
  const tellings = followLog(store, job, { after: 0, signal: stop.signal, timing: { lookEveryMs: 1, silenceMs: 0 } })
  assert.deepEqual((await tellings.next()).value, { lines: [], progress: undefined, end: undefined })
  stop.abort()
  assert.equal((await tellings.next()).done, true)
  const response = await open(job.id)
  const rest = Array.fromAsync(eventsOf(response))
  isClosed = true
  await hub.close()
  assert.deepEqual(await rest, [])
})

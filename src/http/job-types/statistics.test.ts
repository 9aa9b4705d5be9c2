import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { adminKey, startHub } from '../../../test/hub.ts'
import { buildManifest } from '../../../test/job-types.ts'
import { holdExample, holdFields, holdStatus } from '../../../test/promise.ts'
import { saveSystemTypes } from '../../job-types/system.ts'
import { enqueueJob } from '../../jobs/submit/enqueue.ts'
import { testType } from '../../jobs/testing/types.ts'
import { HttpError } from '../server/errors.ts'
import { parseMoment } from './time.ts'

/** The document whose promises these tests hold. */
const document = 'Registry of job types'
const hub = await startHub({}, { http: true, workers: false })
after(hub.close)
const { store } = hub.app.base

const hour = 3_600_000
const now = Date.now()

interface Fact {
  state: string
  created?: number
  started?: number
  finished?: number
  error?: { class: string; reason: string; message: string }
}

/** Stores a job of the type in the given state; times are hours ago. */
async function putJob(type: string, fact: Fact): Promise<void> {
  const at = (hoursAgo: number | undefined) => (hoursAgo === undefined ? null : now - hoursAgo * hour)
  await store.write(async (write) => {
    const id = randomUUID()
    await enqueueJob(write, testType('double', { name: type }), { id })
    const error = fact.error ? JSON.stringify(fact.error) : null
    const times = { created_at: now - (fact.created ?? 5) * hour, started_at: at(fact.started), finished_at: at(fact.finished) }
    await write.db
      .updateTable('job')
      .set({ state: fact.state, error, ...times })
      .where('id', '=', id)
      .execute()
  })
}

const failure = (kind: string, reason: string) => ({ class: kind, reason, message: 'x' })
const system = { description: '', kind: 'function', mode: 'async', priority: 50, maxScheduled: null, maxTries: 3 } as const
await saveSystemTypes(hub.app.base, [{ ...system, name: 'fn', title: 'A function' }, { ...system, name: 'idle', title: 'Idle' }]) // biome-ignore format: a table
for (const jobVersion of ['1.0.0', '2.0.0']) {
  const payload = JSON.stringify({ docker_image: 'x', manifest: buildManifest({ name: 'words', jobVersion }), is_active: jobVersion === '2.0.0' })
  await hub.http.inject({ method: 'POST', url: '/v6/job-types/', headers: { authorization: adminKey }, payload })
}
const facts: [string, Fact][] = [
  ['fn', { state: 'queued', created: 2 }],
  ['fn', { state: 'queued', created: 1, started: 0.5 }],
  ['fn', { state: 'running', started: 9 }],
  ['fn', { state: 'done', started: 2, finished: 1 }],
  ['fn', { state: 'done', started: 2, finished: 0.5 }],
  ['fn', { state: 'done', started: 20, finished: 19 }],
  ['fn', { state: 'failed', started: 2, finished: 2, error: failure('system', 'worker_lost') }],
  ['fn', { state: 'failed', started: 30, finished: 29, error: failure('system', 'node-lost') }],
  ['fn', { state: 'failed', started: 2, finished: 1.5, error: failure('system', 'what_is_this') }],
  ['fn', { state: 'failed', started: 2, finished: 1.5, error: failure('data', 'invalid_input') }],
  ['fn', { state: 'cancelled', finished: 1, error: failure('job', 'cancelled') }],
  ['words:1.0.0', { state: 'queued', created: 8 }],
  ['words:2.0.0', { state: 'running', started: 1 }],
  ['words:2.0.0', { state: 'failed', finished: 0.25, error: failure('system', 'not_started') }],
  ['unregistered', { state: 'queued' }],
  ['unregistered', { state: 'failed', finished: 1, error: failure('system', 'worker_lost') }],
]
for (const [type, fact] of facts) await putJob(type, fact)

async function ask(url: string) {
  const answer = await hub.http.inject({ method: 'GET', url })
  return { status: answer.statusCode, json: JSON.parse(answer.body) }
}
const timeOf = (hoursAgo: number) => new Date(now - hoursAgo * hour).toISOString().replace('.000Z', 'Z')
const nameOf = ({ job_type }: { job_type: { name: string; version: string } }) => `${job_type.name} ${job_type.version}`

/** Without the hub's own types. */
const ownOf = (results: { job_type: { name: string } }[]) => results.filter(({ job_type }) => ['fn', 'idle', 'words'].includes(job_type.name))

test('status: every type is listed, with its jobs of the last three hours and all running ones', async () => {
  const { status, json } = await ask('/v6/job-types/status/')
  assert.equal(json.count, (await ask('/v6/job-types/')).json.count)
  const results = ownOf(json.results) as (Parameters<typeof nameOf>[0] & { job_counts: never[] })[]
  assert.deepEqual(results.map(nameOf), ['fn 1.0.0', 'idle 1.0.0', 'words 1.0.0', 'words 2.0.0'])
  const count = (status: string, number: number, hoursAgo: number, category: string | null = null) => ({
    status,
    count: number,
    most_recent: timeOf(hoursAgo),
    category,
  })
  const order = ({ status, category }: { status: string; category: string | null }) => `${status} ${category}`
  assert.deepEqual(
    results[0]?.job_counts.toSorted((a: never, b: never) => (order(a) < order(b) ? -1 : 1)),
    [
      count('CANCELED', 1, 1),
      count('COMPLETED', 2, 0.5),
      count('FAILED', 1, 1.5, 'DATA'),
      count('FAILED', 2, 1.5, 'SYSTEM'),
      count('QUEUED', 2, 0.5),
      count('RUNNING', 1, 9),
    ],
  )
  assert.deepEqual(results[1]?.job_counts, [])
  assert.deepEqual(results[2]?.job_counts, [], 'a job that has waited for eight hours is out of the window')
  assert.equal(Object.keys(results[0]?.job_type ?? {}).length, 11)
  holdFields(document, 'GET /v6/job-types/status', json, results[0], results[0]?.job_counts[0])
  holdExample(document, 'GET /v6/job-types/status', json)
  holdStatus('GET /v6/job-types/status', { status })
})

test('status: the window selects ended jobs but not running ones, and the filter selects types', async () => {
  const counts = async (query: string) => {
    const { json } = await ask(`/v6/job-types/status/?${query}`)
    return json.results
      .filter((one: Parameters<typeof nameOf>[0]) => ownOf([one]).length > 0)
      .map(({ job_counts }: { job_counts: { status: string; count: number }[] }) =>
        job_counts
          .map((one) => `${one.status} ${one.count}`)
          .toSorted()
          .join(', '),
      )
  }
  assert.deepEqual(await counts('started=2001-01-01T00:00:00Z&ended=2001-01-02T00:00:00Z'), ['RUNNING 1', '', '', 'RUNNING 1'])
  assert.deepEqual((await counts('started=P2D'))[2], 'QUEUED 1')
  assert.equal((await counts('started=PT40M'))[0], 'COMPLETED 1, QUEUED 1, RUNNING 1')
  assert.equal((await ask('/v6/job-types/status/?is_active=false')).json.count, 1)
  assert.equal((await ask('/v6/job-types/status/?page_size=3&page=2')).json.results.length, 3)
})

test('pending: types with waiting jobs, the longest wait first', async () => {
  const { status, json } = await ask('/v6/job-types/pending/')
  assert.deepEqual(
    json.results.map((one: never) => [nameOf(one), one['count'], one['longest_pending']]),
    [
      ['words 1.0.0', 1, timeOf(8)],
      ['fn 1.0.0', 2, timeOf(2)],
    ],
  )
  assert.equal(json.count, 2)
  holdFields(document, 'GET /v6/job-types/pending', json, json.results[0])
  holdExample(document, 'GET /v6/job-types/pending', json)
  holdStatus('GET /v6/job-types/pending', { status })
})

test('running: types with running jobs, the longest run first', async () => {
  const { status, json } = await ask('/v6/job-types/running/')
  assert.deepEqual(
    json.results.map((one: never) => [nameOf(one), one['count'], one['longest_running']]),
    [
      ['fn 1.0.0', 1, timeOf(9)],
      ['words 2.0.0', 1, timeOf(1)],
    ],
  )
  holdFields(document, 'GET /v6/job-types/running', json, json.results[0])
  holdExample(document, 'GET /v6/job-types/running', json)
  holdStatus('GET /v6/job-types/running', { status })
})

test('system failures: by type and error, the latest first, at any time', async () => {
  const { status, json } = await ask('/v6/job-types/system-failures/')
  assert.deepEqual(
    json.results.map((one: never) => [nameOf(one), one['error']['name'], one['count'], one['first_error'], one['last_error']]),
    [
      ['words 2.0.0', 'task-launch', 1, timeOf(0.25), timeOf(0.25)],
      ['fn 1.0.0', 'unknown', 1, timeOf(1.5), timeOf(1.5)],
      ['fn 1.0.0', 'node-lost', 2, timeOf(29), timeOf(2)],
    ],
  )
  const { error } = json.results[1]
  assert.equal(
    Object.keys(error).sort().join(' '),
    'category created description id is_builtin job_type_name last_modified name should_be_retried title',
  )
  assert.deepEqual([error.id, error.category, error.is_builtin, error.should_be_retried], [1, 'SYSTEM', true, true])
  assert.equal((await ask('/v6/job-types/system-failures/?page=2')).status, 404)
  holdFields(document, 'GET /v6/job-types/system-failures', json, json.results[0])
  holdExample(document, 'GET /v6/job-types/system-failures', json)
  holdStatus('GET /v6/job-types/system-failures', { status })
})

test('times need a zone, or are durations before now', async () => {
  const at = (text: string) => parseMoment('started', text, 1_000_000)
  const zoned = Date.parse('2015-01-01T00:00:00Z')
  for (const text of [
    '2015-01-01T00:00:00Z',
    '2015-01-01T01:00:00+01:00',
    '2014-12-31T19:00:00-05:00',
    '2015-01-01T01:00:00 01:00',
    '2015-01-01T00:00Z',
    '2014-12-31T19:00:00-0500',
  ])
    assert.equal(at(text), zoned, text)
  for (const [text, ms] of [['PT1S', 1000], ['P1DT2H', 93_600_000], ['PT0.5M', 30_000], ['PT3H0M0S', 10_800_000]] as const) assert.equal(at(text), 1_000_000 - ms, text) // biome-ignore format: a table
  for (const text of [
    '',
    '2015-01-01T00:00:00',
    '2015-01-01',
    '2015-13-01T00:00:00Z',
    'P',
    'PT',
    'P1W',
    'P1Y',
    '-PT1H',
    'PT1H ago',
    'yesterday',
    '1',
  ]) {
    assert.throws(() => at(text), HttpError, text)
    assert.equal((await ask(`/v6/job-types/status/?started=${encodeURIComponent(text)}`)).status, 400)
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^P[0-9]{1,10}D(T[0-9]{1,10}[HMS])?$/)), (text) => {
      try {
        assert.ok(Number.isSafeInteger(at(text)))
      } catch (error) {
        assert.ok(error instanceof HttpError)
      }
    }),
  )
  assert.equal((await ask('/v6/job-types/status/?started=P999999999DT999999999H')).status, 200)
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { holds } from '../../../test/promise.ts'
import { sampleResource } from '../../../test/sample-data.ts'
import { flowEnd, type Publisher, postJson, sendEvent, showFlow, specOf, startSourceHub, uploadAs } from '../../../test/source-hub.ts'
import { publishDataset } from '../../catalogue/dataset/publish.ts'
import { hookKeyOf } from '../../flows/run/update.ts'
import type { UpdateAnswer } from './schema.ts'

const at = await startSourceHub()
after(() => at.close())
const { hub, mona, otto, data } = at
const table = sampleResource('co2_concentration')

let count = 0
/** A flow without a running worker. */
const newFlow = () => uploadAs(at, mona, specOf(mona, `d${count++}`, [table], { url: `${data.url}/datapackage.json` }))

const suffixes = (id: string) => [
  '/validation_report',
  '/co2_concentration_csv',
  '/co2_concentration_json',
  `/${id.split('/')[1]}_zip`,
  '/co2_concentration_csv_preview',
  '/co2_concentration',
  '',
]

const jobsOf = (flowId: string) =>
  hub.app.base.store.db.selectFrom('job').select(['subject', 'state']).where('subject', 'like', `${flowId}/%`).orderBy('seq').execute()

const forbidden = { success: 'fail', status: null, id: null }
const notFound = { success: 'fail', status: null, id: null, errors: ['pipeline not found'] }

test('events change pipeline and flow, and are answered with the fields of both versions', async () => {
  const id = await newFlow()
  const csv = `${id}/co2_concentration_csv`
  assert.deepEqual((await sendEvent(at, { pipeline: csv, event: 'queue' })).body, { success: 'pending', status: 'pending', id, errors: [] })
  assert.deepEqual((await sendEvent(at, { pipeline_id: `./${csv}`, event: 'start' })).body, { success: 'pending', status: 'running', id, errors: [] })
  assert.deepEqual((await sendEvent(at, { pipeline_id: csv, pipeline: 'other', event: 'progress', log: ['half'] })).body.status, 'running')
  const stats = { bytes: 7, count_of_rows: 1, dataset_name: 'x', hash: 'h', '.dpp': {} }
  assert.deepEqual((await sendEvent(at, { pipeline: csv, event: 'finish', success: true, stats })).body.status, 'running')
  const shown = await showFlow(at, id)
  assert.deepEqual(shown.pipelines[csv], { title: 'Creating CSV', status: 'SUCCEEDED', stats, error_log: [] })
  assert.deepEqual(
    [shown.state, shown.logs, shown.stats, shown.error_log],
    ['INPROGRESS', ['half'], { bytes: 7, count_of_rows: 1, dataset_name: 'x', hash: 'h' }, []],
  )
  for (const event of ['queue', 'start', 'progress']) await sendEvent(at, { pipeline: csv, event })
  assert.deepEqual(await showFlow(at, id), shown)
  holds('state INPROGRESS')
})

test('a failure fails the pipelines that wait for it, and the last one ends the flow', async () => {
  const id = await newFlow()
  await sendEvent(at, { pipeline: `${id}/co2_concentration_csv`, event: 'finish', success: false, errors: ['cause'] })
  const shown = await showFlow(at, id)
  const zip = suffixes(id)[3]
  const reason = (cause: string) => [`Dependency unsuccessful. Cannot run until dependency "${cause}" is successfully executed`]
  assert.equal(shown.state, 'INPROGRESS')
  assert.deepEqual(shown.pipelines[`${id}${zip}`], {
    title: 'Creating ZIP',
    status: 'FAILED',
    stats: {},
    error_log: reason(`${id}/co2_concentration_csv`),
  })
  assert.equal(shown.pipelines[`${id}/co2_concentration_csv_preview`]?.status, 'FAILED')
  assert.equal(shown.pipelines[id]?.status, 'FAILED')
  for (const suffix of ['/validation_report', '/co2_concentration'])
    await sendEvent(at, { pipeline: `${id}${suffix}`, event: 'finish', success: true })
  const last = await sendEvent(at, { pipeline: `${id}/co2_concentration_json`, event: 'finish', success: true })
  assert.deepEqual(last.body, { success: 'fail', status: 'failed', id, errors: [] })
  const ended = await showFlow(at, id)
  assert.deepEqual([ended.state, ended.error_log], ['FAILED', ['cause']])
  for (const event of ['queue', 'start', 'progress', 'finish']) {
    assert.deepEqual((await sendEvent(at, { pipeline: id, event, success: true })).body, notFound)
  }
  assert.deepEqual(await showFlow(at, id), ended)
})

for (const [what, method, path] of [
  ['cancelled', 'POST', '/cancel'],
  ['deleted', 'DELETE', ''],
] as const) {
  test(`a pipeline whose job is ${what} fails with the pipelines that wait for it`, async () => {
    const id = await newFlow()
    const { db } = hub.app.base.store
    const csv = `${id}/co2_concentration_csv`
    const { id: job } = await db.selectFrom('job').select('id').where('subject', '=', csv).executeTakeFirstOrThrow()
    const answer = await fetch(`${hub.url}/job/${job}${path}`, { method, headers: { authorization: mona.apiKey } })
    assert.equal(answer.status, 200)
    const shown = await showFlow(at, id)
    const failed = [csv, `${csv}_preview`, `${id}${suffixes(id)[3]}`, id]
    assert.deepEqual(
      Object.entries(shown.pipelines)
        .flatMap(([name, one]) => (one.status === 'FAILED' ? [name] : []))
        .sort(),
      failed.sort(),
    )
    assert.deepEqual(shown.error_log, ['Cancelled'])
    const { state } = await db.selectFrom('flow_pipeline').select('state').where('id', '=', csv).executeTakeFirstOrThrow()
    assert.equal(state, 'cancelled')
    for (const suffix of ['/validation_report', '/co2_concentration_json', '/co2_concentration'])
      await sendEvent(at, { pipeline: `${id}${suffix}`, event: 'finish', success: true })
    assert.equal((await showFlow(at, id)).state, 'FAILED')
    assert.ok((await jobsOf(id)).every((one) => one.state === 'cancelled'))
  })
}

test('a second finish overrides the first while the flow is open', async () => {
  const id = await newFlow()
  const report = `${id}/validation_report`
  await sendEvent(at, { pipeline: report, event: 'finish', success: true })
  await sendEvent(at, { pipeline: report, event: 'finish', errors: ['after all'] })
  assert.deepEqual((await showFlow(at, id)).pipelines[report]?.error_log, ['after all'])
})

test('a flow that external workers have run succeeds, and publishes nothing', async () => {
  const id = await newFlow()
  for (const suffix of suffixes(id)) await sendEvent(at, { pipeline: `${id}${suffix}`, event: 'finish', success: true })
  assert.equal((await showFlow(at, id)).state, 'SUCCEEDED')
  const { body } = await postJson<{ success: boolean }>(`${hub.url}/api/action/package_show`, { id: id.split('/')[1] })
  assert.equal(body.success, false)
})

test('an event ends the waiting job of its pipeline, and pipelines that fail with it get no job', async () => {
  const id = await newFlow()
  assert.deepEqual(
    (await jobsOf(id)).map((one) => one.state),
    ['queued', 'queued', 'queued', 'queued'],
  )
  await sendEvent(at, { pipeline: `${id}/co2_concentration_csv`, event: 'finish', success: false })
  const jobs = await jobsOf(id)
  assert.deepEqual(
    jobs.filter((one) => one.state !== 'queued').map((one) => [one.subject, one.state]),
    [[`${id}/co2_concentration_csv`, 'cancelled']],
  )
  assert.equal(jobs.length, 4)
})

for (const [what, headers, query, allowed] of [
  ['nobody', {}, '', false],
  ['another user', { authorization: otto.apiKey }, '', false],
  ["another user's token", { 'auth-token': otto.token }, '', false],
  ['a wrong hook key', {}, '?key=abc', false],
  ['the owner', { authorization: mona.apiKey }, '', true],
  ["the owner's token", { 'auth-token': mona.token }, '', true],
  ['a sysadmin', { authorization: hub.adminKey }, '', true],
] as const) {
  test(`${what} ${allowed ? 'may' : 'may not'} send events`, async () => {
    const id = await newFlow()
    const answers = []
    for (const pipeline of [`${id}/validation_report`, `${id}/nothing`]) {
      answers.push(await postJson<UpdateAnswer>(`${hub.url}/source/update${query}`, { pipeline, event: 'start' }, headers as Record<string, string>))
    }
    if (allowed)
      assert.deepEqual(
        answers.map(({ status, body }) => [status, body.status]),
        [
          [200, 'running'],
          [200, null],
        ],
      )
    else {
      for (const { status, body } of answers) {
        assert.equal(status, 403)
        assert.deepEqual({ ...body, errors: undefined }, { ...forbidden, errors: undefined })
        assert.equal(body.errors.length, 1)
      }
      assert.deepEqual(answers[0], answers[1])
      assert.equal((await showFlow(at, id)).state, 'QUEUED')
    }
  })
}

test('the hook key of a flow is valid for that flow only', async () => {
  const [one, other] = [await newFlow(), await newFlow()]
  const key = hookKeyOf(hub.app.base, one)
  const post = (id: string) => postJson<UpdateAnswer>(`${hub.url}/source/update?key=${key}`, { pipeline: id, event: 'start' })
  assert.deepEqual([(await post(one)).status, (await post(other)).status], [200, 403])
})

for (const body of [
  '[]',
  '{}',
  '{"pipeline": 7, "event": "start"}',
  '{"pipeline": "a/b/1"}',
  '{"pipeline": "a/b/1", "event": "done"}',
  '{"pipeline": "a", "event": "finish", "errors": "x"}',
  '{"pipeline": "a", "event": "finish", "success": "true"}',
  '{',
]) {
  test(`the body ${body} is answered 400 with the four keys`, async () => {
    const { status, body: answer } = await postJson<UpdateAnswer>(`${hub.url}/source/update`, body, { authorization: hub.adminKey })
    assert.deepEqual([status, answer.success, answer.status, answer.id, answer.errors.length], [400, 'fail', null, null, 1])
  })
}

/** A flow of which only the last pipeline, the package, has not reported its end. */
async function almostDone(owner: Publisher, dataset: string): Promise<string> {
  const id = await uploadAs(at, owner, specOf(owner, dataset, [table]))
  for (const suffix of suffixes(id).slice(0, -1)) await sendEvent(at, { pipeline: `${id}${suffix}`, event: 'finish', success: true }, owner)
  const made = {
    stats: { count_of_rows: 1, bytes: 1, hash: 'h', dataset_name: dataset },
    package: { descriptor: { name: dataset, keywords: [dataset, 'shared'], resources: [] } },
  }
  await hub.app.base.store.write(({ db }) =>
    db
      .updateTable('flow_pipeline')
      .set({ result: JSON.stringify(made) })
      .where('id', '=', id)
      .execute(),
  )
  return id
}

/** Waits until a write waits for the lock of another one; SQLite's writes always do. */
async function lockWait(): Promise<void> {
  const { store } = hub.app.base
  if (store.dialect.name === 'sqlite') return
  for (;;) {
    const { rows } = await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(store.db)
    if (rows.length > 0) return
  }
}

test('a flow whose name is taken at the moment of its success publishes under the next name', async () => {
  const { store, clock } = hub.app.base
  const id = await almostDone(mona, 'race')
  const [taken, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const other = {
    sourceId: 'another/source',
    owner: { id: otto.id, name: 'otto' },
    dataset: 'race',
    keywords: [],
    extras: {},
    findability: 'published',
    resources: [],
  } as const
  const taking = store.write(async (write) => {
    await publishDataset(write, { store, clock }, other)
    taken.resolve()
    await release.promise
  })
  await taken.promise
  const telling = sendEvent(at, { pipeline: id, event: 'finish', success: true })
  await lockWait()
  release.resolve()
  await taking
  assert.equal((await telling).body.success, 'success')
  const row = await store.db.selectFrom('dataset').select('name').where('source_id', '=', `${mona.id}/race`).executeTakeFirst()
  assert.equal(row?.name, 'mona-race')
})

test('three flows run at once, and the next starts when one ends', async () => {
  const { store } = hub.app.base
  const open = async () =>
    (await store.db.selectFrom('flow_slot').select('flow_id').where('flow_id', 'is not', null).execute()).map((row) => row.flow_id)
  for (const id of await open()) {
    for (const suffix of suffixes(id ?? '')) await sendEvent(at, { pipeline: `${id}${suffix}`, event: 'finish', success: true })
  }
  // The flows of earlier tests must end first, since each end starts the next flow.
  for (let left = await open(); left.length > 0; left = await open()) {
    for (const id of left)
      for (const suffix of suffixes(id ?? '')) await sendEvent(at, { pipeline: `${id}${suffix}`, event: 'finish', success: true })
  }
  const ids = [await newFlow(), await newFlow(), await newFlow(), await newFlow()]
  const jobs = async () => Promise.all(ids.map(async (id) => (await jobsOf(id)).length))
  assert.deepEqual(await jobs(), [4, 4, 4, 0])
  for (const suffix of suffixes(ids[1] ?? '')) await sendEvent(at, { pipeline: `${ids[1]}${suffix}`, event: 'finish', success: true })
  assert.deepEqual((await jobs())[3], 4)
})

test('results that were sent before the hub runs are kept, and the hub runs the other pipelines', async () => {
  const id = await newFlow()
  const copy = `${id}/co2_concentration`
  await sendEvent(at, { pipeline: copy, event: 'finish', success: false, errors: ['failed outside'] })
  await at.work()
  const flow = await flowEnd(at, id)
  assert.deepEqual([flow.state, flow.pipelines[copy]?.error_log], ['FAILED', ['failed outside']])
  assert.equal(flow.pipelines[`${id}/co2_concentration_csv`]?.status, 'SUCCEEDED')
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { freshStore, openTestStore } from '../../test/store.ts'
import { openVault } from '../auth/secret.ts'
import { issueToken } from '../auth/service-token.ts'
import { addUser } from '../auth/user.ts'
import { parseConfig } from '../config.ts'
import { anonymous, type Context } from '../context.ts'
import { LocalFileStore } from '../store/files/local-file-store.ts'
import { findDataset, findFlow } from './flow-store.ts'
import { resumeFlows, startNextFlow } from './run/start.ts'
import { uploadDue, uploadSpec } from './upload.ts'

const { store, url, drop } = await freshStore()
const other = await openTestStore(url)
after(async () => {
  await other.close()
  await drop()
})

let now = Date.parse('2026-01-01T00:00:00Z')
const minute = 60_000
const ctx: Context = {
  store,
  files: new LocalFileStore('unused'),
  config: parseConfig({}),
  vault: openVault('a secret of enough letters'),
  actor: anonymous,
  clock: () => now,
  log: pino({ level: 'silent' }),
}
const { user } = await addUser(ctx, { name: 'mona' })

/** Uploads as mona, or as the user of that id. */
async function uploadAs(userId: string, dataset: string, schedule: unknown, resources: object[]): Promise<string> {
  const token = await issueToken(ctx, { userId, service: 'source', permissions: { max_dataset_num: 100 } })
  const parameters = { descriptor: { name: dataset, resources } }
  const spec = {
    meta: { ownerid: userId, dataset },
    inputs: [{ kind: 'datapackage', url: 'http://host.example/datapackage.json', parameters }],
    schedule,
  }
  const { flowId, errors } = await uploadSpec(ctx, { spec, token })
  assert.deepEqual(errors, [])
  return flowId ?? ''
}

const upload = (dataset: string, schedule: unknown, resources: object[] = [{ name: 'a', path: 'a.csv' }]) =>
  uploadAs(user.id, dataset, schedule, resources)

const endAll = () => store.write(({ db }) => db.updateTable('flow').set({ state: 'done' }).execute())
const dueAt = async (flowId: string) => (await findDataset(store.db, flowId.slice(0, flowId.lastIndexOf('/'))))?.dueAt

test('a scheduled dataset is uploaded again when its time has come, and not before', async () => {
  const first = await upload('daily', 'every 2h')
  await endAll()
  assert.equal(await dueAt(first), now + 120 * minute)
  now += 119 * minute
  assert.deepEqual(await uploadDue(ctx), [])
  now += 3 * minute
  const [second] = await uploadDue(ctx)
  assert.equal(second, first.replace(/1$/, '2'))
  const flow = await findFlow(store.db, second ?? '')
  assert.deepEqual([flow?.isScheduled, flow?.state], [true, 'queued'])
  assert.equal(await dueAt(first), now + 118 * minute)
})

test('a scheduled time is skipped while the previous run continues', async () => {
  now += 120 * minute
  assert.deepEqual(await uploadDue(ctx), [])
  await endAll()
  now += 120 * minute
  assert.equal((await uploadDue(ctx)).length, 1)
  await endAll()
})

test('one of several processes handles a scheduled time', async () => {
  for (let slot = 0; slot < 5; slot++) {
    now += 120 * minute
    const made = await Promise.all([uploadDue(ctx), uploadDue({ ...ctx, store: other }), uploadDue(ctx)])
    assert.equal(made.flat().length, 1)
    await endAll()
  }
})

test('a stored spec with a pattern that is refused today runs again, and the run reports the fault', async () => {
  const schema = { fields: [{ name: 'x', constraints: { pattern: 'a' } }] }
  const first = await upload('older', 'every 2h', [{ name: 'a', path: 'a.csv', schema }])
  await endAll()
  const { spec } = (await findFlow(store.db, first)) ?? {}
  const older = JSON.stringify(spec).replace('"pattern":"a"', '"pattern":"(?=a)b"')
  await store.write(({ db }) => db.updateTable('flow').set({ spec: older }).where('id', '=', first).execute())
  now += 121 * minute
  assert.ok((await uploadDue(ctx)).includes(first.replace(/1$/, '2')))
  await upload('older', null)
  await endAll()
})

test('an upload with another schedule applies at once, an upload without one ends the schedule', async () => {
  const flowId = await upload('daily', 'every 1h')
  assert.ok(((await dueAt(flowId)) ?? 0) > now)
  await upload('daily', null)
  assert.equal(await dueAt(flowId), null)
  now += 10_000 * minute
  assert.deepEqual(await uploadDue(ctx), [])
  await endAll()
})

test('a start queues the missing jobs of an open flow once', async () => {
  const flowId = await upload('resumed', null)
  const jobs = async () => (await store.db.selectFrom('job').select('subject').where('subject', 'like', `${flowId}/%`).execute()).length
  await store.write(async ({ db }) => {
    await db.updateTable('flow_slot').set({ flow_id: null }).execute()
    await db.updateTable('flow_pipeline').set({ job_id: null }).where('flow_id', '=', flowId).execute()
    await db.deleteFrom('job').execute()
  })
  assert.equal(await jobs(), 0)
  await Promise.all([resumeFlows(store), resumeFlows(other)])
  assert.equal(await jobs(), 2)
})

test('the largest spec is stored completely', async () => {
  const resources = [...Array(500).keys()].map((at) => ({ name: `t${at}`, path: `t${at}.csv`, schema: { fields: [] } }))
  const flowId = await upload('largest', null, resources)
  const { n } = await store.db
    .selectFrom('flow_pipeline')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('flow_id', '=', flowId)
    .executeTakeFirstOrThrow()
  assert.equal(n, 2003)
})

test('flow slots are shared among owners, and pipelines use the slots of their owner', async () => {
  await endAll()
  await store.write(({ db }) => db.updateTable('flow_slot').set({ flow_id: null }).execute())
  const { user: otto } = await addUser(ctx, { name: 'otto' })
  const mine: string[] = []
  for (const name of ['one', 'two', 'three', 'four', 'five']) mine.push(await upload(name, null))
  const theirs = await uploadAs(otto.id, 'late', null, [{ name: 'a', path: 'a.csv' }])
  const started = async () => (await store.db.selectFrom('flow_slot').select('flow_id').orderBy('no').execute()).map((row) => row.flow_id)
  assert.deepEqual(await started(), mine.slice(0, 3))
  await store.write(async (write) => {
    await write.db
      .updateTable('flow')
      .set({ state: 'done' })
      .where('id', '=', mine[0] ?? '')
      .execute()
    await startNextFlow(write, mine[0])
  })
  assert.deepEqual((await started()).sort(), [...mine.slice(1, 3), theirs].sort())
  const callers = await store.db.selectFrom('job').select('caller').distinct().where('subject', 'like', `${theirs}/%`).execute()
  assert.deepEqual(
    callers.map((row) => row.caller),
    [otto.id],
  )
})

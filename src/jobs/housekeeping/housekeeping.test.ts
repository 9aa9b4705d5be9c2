import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { saveLimits, setPaused } from '../../job-types/queue-rules-store.ts'
import type { Outcome } from '../job.ts'
import { findIdempotent, findJobById, insertIdempotent, insertMetadata, listLog } from '../job-store.ts'
import { makeSettlement, settleJob } from '../queue/settle.ts'
import { makeScene } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'
import { TypeRegistry } from '../type-registry.ts'
import { clearFinished, endWaitedTooLong } from './housekeeping.ts'
import { forgetIdempotent } from './store.ts'

// Jobs grow old by a look at the database's clock: their times are set back by hand.

const scene = await makeScene()
after(scene.close)
const { store } = scene
const dayMs = 86_400_000
const type = testType('double')
const limited = testType('limited')
const house = { ...scene, types: new TypeRegistry([type, limited]) }
const done: Outcome = { state: 'done', result: { json: '1', file: null, type: null } }

async function endedJob(request: Parameters<typeof scene.submit>[2] = {}, daysAgo = 0): Promise<string> {
  const id = await scene.submit(type, 1, request)
  const job = await findJobById(store.db, id)
  assert.ok(job)
  const lines = [{ at: 0, level: 'INFO', message: 'a line', func: null, line: null } as const]
  await store.write(async (write) => {
    await insertMetadata(write, job.seq, [['key', 'value']])
    await settleJob(write, makeSettlement({ job: { ...job, claim: null }, type, outcome: done, lines }))
  })
  await age(id, daysAgo * dayMs)
  return id
}

async function age(id: string, ms: number): Promise<void> {
  await store.write(({ db }) =>
    db
      .updateTable('job')
      .set((eb) => ({ created_at: eb('created_at', '-', ms), run_at: eb('run_at', '-', ms), finished_at: eb('finished_at', '-', ms) }))
      .where('id', '=', id)
      .execute(),
  )
}

const isThere = async (id: string) => (await findJobById(store.db, id)) !== undefined

test('jobs go when they ended long enough ago, with log and metadata; what is open or younger stays', async () => {
  const [old, young, open] = [await endedJob({}, 10), await endedJob({}, 9), await scene.submit(type, 1)]
  const seq = (await findJobById(store.db, old))?.seq ?? 0
  await age(open, 20 * dayMs)
  assert.equal((await listLog(store.db, seq)).length, 1)
  assert.equal(await clearFinished(store, 10 * dayMs), 1)
  assert.deepEqual([await isThere(old), await isThere(young), await isThere(open)], [false, true, true])
  assert.deepEqual(await listLog(store.db, seq), [])
  assert.deepEqual(await store.db.selectFrom('job_metadata').select('key').where('job_seq', '=', seq).execute(), [])
  assert.equal(await clearFinished(store, 0), 1)
  assert.equal(await isThere(young), false)
})

test('a job that works for something else stays, and one whose result is still to be posted', async () => {
  const [owned, posting] = [await endedJob({ subject: 'owner/data/1' }, 30), await endedJob({ resultUrl: 'http://127.0.0.1:1/' }, 30)]
  assert.equal(await clearFinished(store, 0), 0)
  await store.write(({ db }) => db.updateTable('job_callback').set({ state: 'failed' }).execute())
  assert.equal(await clearFinished(store, 0), 1)
  assert.deepEqual([await isThere(owned), await isThere(posting)], [true, false])
})

test('what is posted again and again stays too, unless it is to go; a first try is always waited for', async () => {
  const id = await endedJob({ resultUrl: 'http://127.0.0.1:1/' }, 30)
  const { seq = 0 } = (await findJobById(store.db, id)) ?? {}
  const setTry = (tries: number, claim: string | null) =>
    store.write(({ db }) => db.updateTable('job_callback').set({ tries, claim }).where('job_seq', '=', seq).execute())
  for (const [tries, claim] of [
    [0, null],
    [1, 'a process'],
  ] as const) {
    await setTry(tries, claim)
    assert.equal(await clearFinished(store, 0, { withRetried: true }), 0)
  }
  await setTry(1, null)
  assert.equal(await clearFinished(store, 0), 0)
  assert.equal(await clearFinished(store, 0, { withRetried: true }), 1)
  assert.equal(await isThere(id), false)
})

test('old jobs are found behind any number of young ones', async () => {
  const first = await scene.submit(type, 1)
  await age(first, 30 * dayMs)
  const { seq } = (await findJobById(store.db, first)) ?? { seq: 0 }
  await store.write(async ({ db }) => {
    const row = await db.selectFrom('job').selectAll().where('seq', '=', seq).executeTakeFirstOrThrow()
    const { seq: _own, ...rest } = row
    const rows = [...Array(2_500).keys()].map((at) => ({ ...rest, id: `many-${at}`, state: 'done', finished_at: rest.created_at }))
    for (let at = 0; at < rows.length; at += 500)
      await db
        .insertInto('job')
        .values(rows.slice(at, at + 500))
        .execute()
  })
  assert.equal(await clearFinished(store, 29 * dayMs), 2_500)
  assert.equal(await isThere(first), true)
})

test('an idempotency key is remembered for a day', async () => {
  const remember = (key: string) =>
    store.write(({ db, dialect }) => insertIdempotent(db, dialect, { scope: 'job', key, requestDigest: 'd', jobId: 'j' }))
  await remember('old')
  await store.write(({ db }) =>
    db
      .updateTable('job_idempotency')
      .set((eb) => ({ created_at: eb('created_at', '-', dayMs + 1) }))
      .execute(),
  )
  await remember('new')
  await store.write(({ db, dialect }) => forgetIdempotent(db, dialect, dayMs))
  assert.deepEqual([await findIdempotent(store.db, 'job', 'old'), (await findIdempotent(store.db, 'job', 'new'))?.jobId], [undefined, 'j'])
})

test('a function that waits too long ends with that error and is posted; delayed, started and inner jobs wait on', async () => {
  const late = await scene.submit(type, 1, { resultUrl: 'http://127.0.0.1:1/' })
  const delayed = await scene.submit(type, 1, { delayMs: 3_600_000 })
  const again = await scene.submit(type, 1)
  const inner = await scene.submit({ ...type, kind: 'pipeline' }, 1)
  const fresh = await scene.submit(type, 1)
  for (const id of [late, again, inner]) await age(id, 61_000)
  await store.write(({ db }) => db.updateTable('job').set({ started_at: 1 }).where('id', '=', again).execute())
  assert.ok((await endWaitedTooLong(house, 60_000)) >= 1)
  const job = await findJobById(store.db, late)
  assert.deepEqual([job?.state, job?.error?.message], ['failed', 'Job delayed too long, service full'])
  const row = await store.db
    .selectFrom('job_callback')
    .select('state')
    .where('job_seq', '=', job?.seq ?? 0)
    .executeTakeFirst()
  assert.equal(row?.state, 'waiting')
  for (const id of [delayed, again, inner, fresh]) assert.equal((await findJobById(store.db, id))?.state, 'queued')
})

test('the time for which a type is paused is not waiting', async () => {
  await store.write(({ db, dialect }) => saveLimits(db, dialect, [{ type: limited.name, maxRunning: 2 }]))
  const id = await scene.submit(limited, 1)
  await age(id, 61_000)
  const pause = (isPaused: boolean) => store.write((write) => setPaused(write, limited.name, isPaused))
  await pause(true)
  assert.equal(await endWaitedTooLong(house, 60_000), 0)
  await pause(false)
  assert.equal(await endWaitedTooLong(house, 60_000), 0)
  await store.write(({ db }) => db.updateTable('job_queue').set({ resumed_at: 1 }).execute())
  assert.equal(await endWaitedTooLong(house, 60_000), 1)
  assert.equal((await findJobById(store.db, id))?.state, 'failed')
})

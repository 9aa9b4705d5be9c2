import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { TypeRegistry } from '../job-types/registry.ts'
import { DuplicateKey } from '../store/database-error.ts'
import { claimJobs } from './claim.ts'
import type { ClaimedJob, Outcome } from './job.ts'
import { findOpenDuplicate, listLog } from './job-store.ts'
import { listLimited, moveLanes, saveLimits, setForeignApart, setPaused } from './lane-store.ts'
import { ClaimLost, makeSettlement, settleJob, settleJobs } from './settle.ts'
import { touchJob } from './settle-store.ts'
import { sweepExpired } from './sweep.ts'
import { ended, makeScene, untilJob } from './testing/scene.ts'
import { testType } from './testing/types.ts'

// The queue without workers: what its statements promise, on one store that the tests share. Each test has types of its own.

const scene = await makeScene()
after(scene.close)
const { store } = scene

const take = (types: readonly string[], count: number, limitedTypes: readonly string[] = []): Promise<ClaimedJob[]> =>
  store.write((write) => claimJobs(write, { owner: 'test', leaseMs: 30_000, pool: 'work', types, limitedTypes, count }))
const done: Outcome = { state: 'done', result: { json: '1', file: null, type: null } }
const end = (job: ClaimedJob, outcome = done, lines: string[] = []) =>
  makeSettlement({ job, type: undefined, outcome, lines: lines.map((message) => ({ at: 1, level: 'INFO', message, func: null, line: null })) })
/** What time does to the claims of a dead worker. */
const expire = (type: string) => store.write(({ db }) => sql`update job set lease_until = 0 where state = 'running' and type = ${type}`.execute(db))
const ids = (jobs: readonly { id: string }[]) => jobs.map((job) => job.id)

test('jobs are claimed by priority, then by age', async () => {
  const type = testType('double', { name: 'ordered' })
  const late = await scene.submit(type, 1, { priority: 60 })
  const first = await scene.submit(type, 1, { priority: 10 })
  const second = await scene.submit(type, 1, { priority: 10 })
  assert.deepEqual(ids(await take(['ordered'], 2)), [first, second])
  assert.deepEqual(ids(await take(['ordered'], 9)), [late])
})

test('a job is claimed once, however many ask at the same time', async () => {
  const type = testType('double', { name: 'wanted' })
  const all = await Promise.all([...Array(40)].map(() => scene.submit(type)))
  const claims = await Promise.all([...Array(16)].map(() => take(['wanted'], 5)))
  const got = claims.flat()
  assert.equal(new Set(ids(got)).size, got.length)
  const rest = await take(['wanted'], 99)
  assert.deepEqual([...ids(got), ...ids(rest)].sort(), [...all].sort())
})

test('types that a process does not know are left to others', async () => {
  const id = await scene.submit(testType('double', { name: 'foreign' }))
  assert.deepEqual(await take(['something_else'], 9), [])
  assert.deepEqual(ids(await take(['foreign'], 9)), [id])
})

test('jobs that a process does not know are put apart, so that its claims do not pass over them, and who knows them finds them', async () => {
  const [first, second] = [await scene.submit(testType('double', { name: 'apart' })), await scene.submit(testType('double', { name: 'apart' }))]
  const putApart = (types: string[]) => store.write((write) => setForeignApart(write, { pool: 'work', types }))
  assert.equal(await putApart(['apart', 'something_else']), false)
  while (await putApart(['something_else'])) await store.write(({ db, dialect }) => moveLanes(db, dialect, 1))
  const third = await scene.submit(testType('double', { name: 'apart' }))
  const { rows } = await sql<{ lane: string }>`select distinct lane from job where type = 'apart'`.execute(store.db)
  assert.deepEqual(
    rows.map((row) => row.lane),
    ['limited'],
  )
  assert.ok((await listLimited(store.db)).includes('apart'))
  await store.write(({ db, dialect }) => saveLimits(db, dialect, [{ type: 'apart', maxRunning: null }]))
  assert.deepEqual(ids(await take(['apart'], 9, ['apart'])), [first, second, third])
})

test('a limit holds exactly under concurrent claims', async () => {
  const type = testType('double', { name: 'narrow' })
  await store.write(({ db, dialect }) => saveLimits(db, dialect, [{ type: 'narrow', maxRunning: 3 }]))
  for (let at = 0; at < 12; at++) await scene.submit(type)
  const claims = (await Promise.all([...Array(8)].map(() => take(['narrow'], 2, ['narrow'])))).flat()
  assert.equal(claims.length, 3)
  await store.write((write) => settleJobs(write, [end(claims[0] as ClaimedJob)]))
  assert.equal((await take(['narrow'], 9, ['narrow'])).length, 1)
})

test('jobs of limited types take their place by priority among the others', async () => {
  await store.write(({ db, dialect }) => saveLimits(db, dialect, [{ type: 'tight', maxRunning: 1 }]))
  const free = await scene.submit(testType('double', { name: 'loose' }), 1, { priority: 20 })
  const behind = await scene.submit(testType('double', { name: 'tight' }), 1, { priority: 30 })
  const ahead = await scene.submit(testType('double', { name: 'tight' }), 1, { priority: 10 })
  assert.deepEqual(ids(await take(['tight', 'loose'], 1, ['tight'])), [ahead])
  assert.deepEqual(ids(await take(['tight', 'loose'], 9, ['tight'])), [free])
  assert.notEqual(behind, ahead)
})

test('a paused type waits in a lane of its own and goes on afterwards', async () => {
  const type = testType('double', { name: 'pausing' })
  const before = await scene.submit(type)
  const pause = (isPaused: boolean) =>
    store.write(async ({ db, dialect }) => {
      await setPaused({ db, dialect }, 'pausing', isPaused)
      await moveLanes(db, dialect, 100)
    })
  await pause(true)
  const during = await scene.submit(type)
  assert.deepEqual(await take(['pausing'], 9), [])
  assert.equal((await untilJob(store, during, () => true)).lane, 'held')
  await pause(false)
  assert.deepEqual(ids(await take(['pausing'], 9)), [before, during])
})

test('a delayed job is not claimed before its time', async () => {
  const id = await scene.submit(testType('double', { name: 'patient' }), 1, { delayMs: 60_000 })
  assert.deepEqual(await take(['patient'], 9), [])
  assert.equal((await untilJob(store, id, () => true)).lane, 'delayed')
})

test('a late result is refused: state, log and result stay as the rightful worker wrote them', async () => {
  const id = await scene.submit(testType('double', { name: 'fenced' }))
  const [late] = await take(['fenced'], 1)
  assert.ok(late)
  await expire('fenced')
  const types = new TypeRegistry([testType('double', { name: 'fenced', retry: { ...testType('double').retry, baseMs: 0 } })])
  assert.equal(await sweepExpired({ store, types, log: scene.log }), 1)
  const [rightful] = await take(['fenced'], 1)
  assert.ok(rightful)
  assert.deepEqual([rightful.attempts, rightful.lostLeases], [2, 1])
  assert.equal((await store.write((write) => settleJobs(write, [end(late)]))).size, 0)
  assert.equal(await store.write(({ db }) => touchJob(db, late, { addedLines: 1, progress: null })), undefined)
  await assert.rejects(
    store.write((write) => settleJob(write, end(late))),
    ClaimLost,
  )
  await store.write((write) => settleJobs(write, [end(rightful, { ...done, result: { json: '"right"', file: null, type: null } }, ['last'])]))
  await assert.rejects(
    store.write((write) => settleJob(write, end(late))),
    ClaimLost,
  )
  const job = await untilJob(store, id, ended)
  assert.equal(job.result?.json, '"right"')
  const log = await listLog(store.db, job.seq)
  assert.deepEqual(
    log.map((entry) => entry.message),
    ['attempt 1 was lost with its worker; the job waits for the next one', 'last'],
  )
})

test('a job that loses its worker twice is blamed for it, one that may not run twice is ended at once', async () => {
  const twice = testType('double', { name: 'killer', retry: { ...testType('double').retry, baseMs: 0 } })
  const only = testType('once', { name: 'once_only' })
  const types = new TypeRegistry([twice, only])
  const [killer, single] = [await scene.submit(twice), await scene.submit(only)]
  for (let round = 0; round < 2; round++) {
    await take(['killer', 'once_only'], 9)
    await expire('killer')
    await expire('once_only')
    await sweepExpired({ store, types, log: scene.log })
  }
  assert.equal((await untilJob(store, killer, ended)).error?.reason, 'worker_lost')
  assert.equal((await untilJob(store, single, ended)).error?.message, 'Job was interrupted by a restart')
})

test('one open job for a dedupe key, a new one after its end', async () => {
  const type = testType('double', { name: 'deduped' })
  const first = await scene.submit(type, 1, { dedupeKey: 'k' })
  const second = await scene.submit(type, 1, { dedupeKey: 'k' })
  assert.equal(await findOpenDuplicate(store.db, 'deduped', 'k'), first)
  const claimed = await take(['deduped'], 9)
  assert.deepEqual(ids(claimed), [first])
  await store.write((write) =>
    settleJobs(
      write,
      claimed.map((job) => end(job)),
    ),
  )
  const third = await scene.submit(type, 1, { dedupeKey: 'k' })
  assert.deepEqual(ids(await take(['deduped'], 9)), [third])
  assert.notEqual(second, third)
})

test('a taken id is refused with the name of the column', async () => {
  const id = await scene.submit(testType('double'), 1, { delayMs: 60_000 })
  await assert.rejects(scene.submit(testType('double'), 1, { id }), (error) => error instanceof DuplicateKey && error.columns[0] === 'id')
})

test('the claim of the free lane reads its index in order, and only as far as it must', async () => {
  const type = testType('double', { name: 'planned' })
  for (let at = 0; at < 50; at++) await scene.submit(type)
  if (store.dialect.name === 'postgres') return
  const { rows } = await sql<{ detail: string }>`explain query plan select seq from job where state = 'queued' and lane = 'free' and pool = 'work'
    and type in (select value from json_each('["planned"]')) order by priority, run_at, seq limit 10`.execute(store.db)
  const plan = rows.map((row) => row.detail).join('\n')
  assert.match(plan, /job_ready/)
  assert.doesNotMatch(plan, /TEMP B-TREE FOR ORDER BY/)
})

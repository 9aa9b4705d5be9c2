import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { listLimited, moveLanes, saveLimits, setPaused } from '../../job-types/queue-rules-store.ts'
import { DuplicateKey } from '../../store/database-error.ts'
import type { ClaimedJob, Outcome } from '../job.ts'
import { findOpenDuplicate, listLog } from '../job-store.ts'
import { makeOwner } from '../owner.ts'
import type { RunnableType } from '../runnable-type.ts'
import { cancelJob } from '../submit/cancel.ts'
import { ended, makeScene, untilJob } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'
import { TypeRegistry } from '../type-registry.ts'
import { Settler } from '../worker/settler.ts'
import { sweepExpired } from '../worker/sweep.ts'
import { setForeignApart } from './apart-store.ts'
import { claimJobs } from './claim.ts'
import { pickOfOneCaller } from './claim-store.ts'
import { ClaimLost, makeSettlement, settleJob, settleJobs } from './settle.ts'
import { requeueJob, touchJob } from './settle-store.ts'
import { promoteDue } from './store.ts'

// The queue without workers: what its statements promise, on one store that the tests share. Each test has types of its own.

const scene = await makeScene()
after(scene.close)
const { store } = scene

const take = (types: readonly string[], count: number, limitedTypes: readonly string[] = []): Promise<ClaimedJob[]> =>
  store.write((write) => claimJobs(write, { owner: 'test', leaseMs: 30_000, pool: 'work', types, limitedTypes, count }))
const done: Outcome = { state: 'done', result: { json: '1', file: null, type: null } }
const end = (job: ClaimedJob, outcome: Outcome = done, lines: string[] = []) =>
  makeSettlement({ job, type: undefined, outcome, lines: lines.map((message) => ({ at: 1, level: 'INFO', message, func: null, line: null })) })
/** What time does to the claims of a dead worker. */
const expire = (type: string) => store.write(({ db }) => sql`update job set lease_until = 0 where state = 'running' and type = ${type}`.execute(db))
const ids = (jobs: readonly { id: string }[]) => jobs.map((job) => job.id)
/** An attempt that has failed and is worth another one at once. */
const again = { delayMs: 0, isCounted: true, isLost: false, addedLines: 0 }
const retry = { ...testType('double').retry, baseMs: 0 }

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
  assert.equal((await untilJob(store, during, () => true)).lane, 'paused')
  await pause(false)
  assert.deepEqual(ids(await take(['pausing'], 9)), [before, during])
})

test('a limited type that is paused starts nothing, not even what still stands in its lane', async () => {
  await store.write(({ db, dialect }) => saveLimits(db, dialect, [{ type: 'narrow_paused', maxRunning: 3 }]))
  await scene.submit(testType('double', { name: 'narrow_paused' }))
  await store.write(({ db, dialect }) => setPaused({ db, dialect }, 'narrow_paused', true))
  assert.deepEqual(await take(['narrow_paused'], 9, ['narrow_paused']), [])
})

test('a delayed job is not claimed before its time', async () => {
  const id = await scene.submit(testType('double', { name: 'patient' }), 1, { delayMs: 60_000 })
  assert.deepEqual(await take(['patient'], 9), [])
  assert.equal((await untilJob(store, id, () => true)).lane, 'delayed')
})

test('a delayed job that is due, and one that comes back, goes to the lane that its type has by now', async () => {
  const types = [testType('double', { name: 'later_paused' }), testType('double', { name: 'later_limited' })]
  const delayed = await Promise.all(types.map((type) => scene.submit(type, 1, { delayMs: 60_000 })))
  for (const type of types) await scene.submit(type)
  const claimed = await take(['later_paused', 'later_limited'], 2)
  await store.write(async ({ db, dialect }) => {
    await saveLimits(db, dialect, [{ type: 'later_limited', maxRunning: 1 }])
    await setPaused({ db, dialect }, 'later_paused', true)
    await sql`update job set run_at = run_at - 60000 where lane = 'delayed' and type in ('later_paused', 'later_limited')`.execute(db)
  })
  assert.equal(await store.write(({ db, dialect }) => promoteDue(db, dialect)), 2)
  for (const job of claimed) assert.equal(await store.write((write) => requeueJob(write, job, again)), 0)
  const lanes = await Promise.all([...delayed, ...ids(claimed)].map(async (id) => (await untilJob(store, id, () => true)).lane))
  assert.deepEqual(lanes, ['paused', 'limited', ...claimed.map((job) => (job.type === 'later_paused' ? 'paused' : 'limited'))])
  assert.equal((await take(['later_paused', 'later_limited'], 9, ['later_limited'])).length, 1)
})

test('a late result is refused: state, log and result stay as the rightful worker wrote them', async () => {
  const id = await scene.submit(testType('double', { name: 'fenced' }))
  const [late] = await take(['fenced'], 1)
  assert.ok(late)
  await expire('fenced')
  const types = new TypeRegistry([testType('double', { name: 'fenced', retry })])
  assert.equal(await sweepExpired({ store, types, log: scene.log }), 1)
  const [rightful] = await take(['fenced'], 1)
  assert.ok(rightful)
  assert.deepEqual([rightful.attempts, rightful.lostLeases], [2, 1])
  assert.equal((await store.write((write) => settleJobs(write, [end(late)]))).size, 0)
  assert.equal(await store.write(({ db }) => touchJob(db, late, { addedLines: 1, progress: null })), undefined)
  assert.equal(await store.write((write) => requeueJob(write, late, again)), undefined)
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

test('of results that are stored together only those count whose claim still does', async () => {
  const type = testType('double', { name: 'together', retry })
  for (let at = 0; at < 3; at++) await scene.submit(type)
  const [late, one, other] = await take(['together'], 3)
  assert.ok(late && one && other)
  await store.write(({ db }) => sql`update job set lease_until = 0 where seq = ${late.seq}`.execute(db))
  assert.equal(await sweepExpired({ store, types: new TypeRegistry([type]), log: scene.log }), 1)
  const settleBoth = async (...jobs: ClaimedJob[]) => {
    const settlements = jobs.map((job) => end(job, done, ['last']))
    return [...(await store.write((write) => settleJobs(write, settlements))).keys()]
  }
  assert.deepEqual(await settleBoth(late, one), [one.seq])
  assert.equal((await untilJob(store, late.id, () => true)).state, 'queued')
  const [rightful] = await take(['together'], 1)
  assert.deepEqual(await settleBoth(late, other), [other.seq])
  const job = await untilJob(store, late.id, () => true)
  assert.deepEqual([rightful?.id, job.state, (await listLog(store.db, job.seq)).length], [late.id, 'running', 1])
})

test('an attempt is taken from an owner that does not end it, a minute after its time limit, although its lease counts', async () => {
  const type = testType('double', { name: 'overdue', timeoutMs: 1_000 })
  const id = await scene.submit(type, 1)
  const [claimed] = await take(['overdue'], 1)
  assert.ok(claimed)
  const pass = (ms: number) => store.write(({ db }) => sql`update job set deadline_at = deadline_at - ${ms} where id = ${id}`.execute(db))
  const sweep = () => sweepExpired({ store, types: new TypeRegistry([type]), log: scene.log })
  await pass(40_000)
  assert.equal(await sweep(), 0)
  await pass(30_000)
  assert.equal(await sweep(), 1)
  const job = await untilJob(store, id, ended)
  assert.deepEqual([job.state, job.error?.reason], ['failed', 'timeout'])
  assert.equal((await store.write((write) => settleJobs(write, [end(claimed)]))).size, 0)
})

test('what a process of this machine held that is gone is taken back at once, without waiting for its lease', async () => {
  const type = testType('double', { name: 'orphaned', retry })
  const gone = makeOwner().replace(`/${process.pid}/`, `/${spawnSync(process.execPath, ['--version']).pid}/`)
  for (const owner of [gone, makeOwner()]) {
    await scene.submit(type)
    await store.write((write) => claimJobs(write, { owner, leaseMs: 30_000, pool: 'work', types: ['orphaned'], limitedTypes: [], count: 1 }))
  }
  const sweep = (known: RunnableType) => sweepExpired({ store, types: new TypeRegistry([known]), log: scene.log })
  assert.equal(await sweep(testType('double', { name: 'another' })), 0, 'whoever does not know the type leaves its jobs alone')
  assert.equal(await sweep(type), 1)
  assert.deepEqual((await take(['orphaned'], 9)).length, 1)
})

test('a cancel that was taken counts, whatever the attempt comes to meanwhile', async () => {
  const told: Outcome['state'][] = []
  const settled: RunnableType['settled'] = async (_write, _job, outcome) => void told.push(outcome.state)
  const [plain, hooked] = [testType('double', { name: 'overtaken' }), testType('double', { name: 'overtaken', settled })]
  const types = new TypeRegistry([plain])
  const failed: Outcome = { state: 'failed', failure: { class: 'job', reason: 'exception', message: 'too late' } }
  const ways: ((job: ClaimedJob) => Promise<unknown>)[] = [
    (job) => store.write((write) => settleJob(write, end(job))),
    (job) => store.write((write) => settleJob(write, { ...end(job, failed), type: hooked })),
    (job) => new Settler(scene).settle({ ...end(job), type: hooked }),
    (job) => new Settler(scene).requeue(job, plain, { kind: 'requeue', delayMs: 0, isCounted: true, lines: [] }),
  ]
  for (const way of ways) {
    const id = await scene.submit(plain)
    const [job] = await take(['overtaken'], 1)
    await cancelJob(store, types, id)
    if (job) await way(job)
    const { state, error, result } = await untilJob(store, id, () => true)
    assert.deepEqual([state, error?.message, result], ['cancelled', 'Job was cancelled', null])
  }
  assert.deepEqual(told, ['cancelled', 'cancelled'])
  // Of two that end in one commit, only the one that was asked for.
  const both = [await scene.submit(plain), await scene.submit(plain)]
  const claimed = await take(['overtaken'], 2)
  await cancelJob(store, types, both[0] ?? '')
  assert.equal(
    (
      await store.write((write) =>
        settleJobs(
          write,
          claimed.map((job) => end(job)),
        ),
      )
    ).size,
    2,
  )
  const states = await Promise.all(both.map(async (id) => (await untilJob(store, id, () => true)).state))
  assert.deepEqual(states, ['cancelled', 'done'])
})

test('a job that is to be cancelled is not tried again when its worker is lost', async () => {
  const type = testType('double', { name: 'unwanted', retry })
  const types = new TypeRegistry([type])
  const id = await scene.submit(type)
  await take(['unwanted'], 1)
  await cancelJob(store, types, id)
  await expire('unwanted')
  await sweepExpired({ store, types, log: scene.log })
  assert.equal((await untilJob(store, id, () => true)).state, 'cancelled')
})

test('lost workers count in a row: an attempt that ended otherwise lies between', async () => {
  const type = testType('double', { name: 'unlucky', retry: { ...retry, maxAttempts: 9 } })
  await scene.submit(type)
  const loseWorker = async () => {
    const [job] = await take(['unlucky'], 1)
    await expire('unlucky')
    await sweepExpired({ store, types: new TypeRegistry([type]), log: scene.log })
    return job
  }
  await loseWorker()
  const [failing] = await take(['unlucky'], 1)
  assert.equal(failing?.lostLeases, 1)
  assert.notEqual(failing && (await store.write((write) => requeueJob(write, failing, again))), undefined)
  assert.equal((await loseWorker())?.lostLeases, 0)
  assert.equal((await loseWorker())?.attempts, 4)
})

test("a submitter's key goes with the end of its job, unless the result is still to be posted", async () => {
  const type = testType('double', { name: 'keyed' })
  const submit = (resultUrl?: string) => scene.submit(type, 1, { apiKeySealed: 'sealed', ...(resultUrl && { resultUrl }) })
  const jobs = [await submit(), await submit('http://127.0.0.1:1/'), await submit()]
  const [first, ...others] = await take(['keyed'], 9)
  assert.ok(first)
  await store.write((write) => settleJob(write, end(first)))
  const settlements = others.map((job) => end(job))
  await store.write((write) => settleJobs(write, settlements))
  const rows = await store.db
    .selectFrom('job')
    .leftJoin('job_callback', 'job_callback.job_seq', 'job.seq')
    .select(['api_key_sealed', 'job_callback.state'])
    .where('id', 'in', jobs)
    .orderBy('seq')
    .execute()
  assert.deepEqual(
    rows.map((row) => [row.api_key_sealed, row.state]),
    [
      [null, null],
      ['sealed', 'waiting'],
      [null, null],
    ],
  )
})

test('a job that loses its worker twice is blamed for it, one that may not run twice is ended at once', async () => {
  const twice = testType('double', { name: 'killer', retry })
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
  const pick = pickOfOneCaller({ pool: 'work', types: ['planned'], count: 10 })
  const { rows } = await sql<{ detail: string }>`explain query plan ${pick}`.execute(store.db)
  const plan = rows.map((row) => row.detail).join('\n')
  assert.match(plan, /job_ready/)
  assert.doesNotMatch(plan, /TEMP B-TREE FOR ORDER BY/)
})

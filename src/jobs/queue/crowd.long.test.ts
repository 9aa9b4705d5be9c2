import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import { leg } from '../../../test/store.ts'
import { saveLimits, setPaused } from '../../job-types/queue-rules-store.ts'
import { listJobIds } from '../job-store.ts'
import { makeScene } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'
import { claimJobs } from './claim.ts'
import { pickOfOneCaller } from './claim-store.ts'

// 100,000 jobs of twenty types wait: half of them of a paused one, some of one that is limited to two.

const skip = leg === 'postgres-icu' && 'the other two legs do this'
const scene = await makeScene()
after(scene.close)
const { store } = scene
const types = [...Array(20).keys()].map((at) => testType('double', { name: `crowd_${at}`, ...(at === 1 && { concurrency: 2 }) }))
const [paused, limited, ...free] = types.map((type) => type.name)
const waiting = 100_000
const batch = 1000

/** Of ten jobs five are of the paused type, one of the limited one, four of the others. */
const typeOf = (at: number) => (at % 10 < 5 ? paused : at % 10 === 5 ? limited : free[at % free.length]) ?? ''

before(async () => {
  if (skip) return
  await store.write(async ({ db, dialect }) => {
    await saveLimits(db, dialect, [{ type: limited ?? '', maxRunning: 2 }])
    await setPaused({ db, dialect }, paused ?? '', true)
  })
  for (let from = 0; from < waiting; from += batch) {
    const values = [...Array(batch).keys()].map((no) => ({ id: `crowd-${from + no}`, type: typeOf(from + no) }))
    await store.write(({ db, dialect }) =>
      sql`insert into job (id, type, kind, pool, state, lane, priority, run_at, created_at, attempts, max_attempts, lost_leases, timeout_ms,
          cancel_requested, log_lines, data)
        select id, type, 'function', 'work', 'queued', case type when ${paused} then 'held' when ${limited} then 'limited' else 'free' end,
          100, ${dialect.now}, ${dialect.now}, 0, 3, 0, 60000, 0, 0, '21' from ${dialect.rows('v', { id: 'text', type: 'text' }, values)} where true`.execute(
        db,
      ),
    )
  }
  await sql`analyze job`.execute(store.db).catch(() => undefined)
})

const wanted = { owner: 'test', leaseMs: 60_000, pool: 'work', types: types.map((type) => type.name), limitedTypes: [limited ?? ''] } as const
const countRunning = async (type: string | undefined) =>
  (await sql<{ n: number }>`select count(*) as n from job where state = 'running' and type = ${type}`.execute(store.db)).rows[0]?.n ?? 0

/** What the database says of how it runs a statement. */
async function planOf(statement: RawBuilder<unknown>): Promise<string> {
  const explain = leg === 'sqlite' ? sql`explain query plan ` : sql`explain (analyze) `
  const { rows } = await sql<Record<string, string>>`${explain}${statement}`.execute(store.db)
  return rows.map((row) => row['detail'] ?? row['QUERY PLAN']).join('\n')
}

test('100,000 waiting: a claim reads as many rows of its index as it takes, and sorts nothing', { skip }, async () => {
  const ready = pickOfOneCaller({ ...wanted, count: 10 })
  const narrow = sql`select seq from job where state = 'queued' and lane = 'limited' and type = ${sql.lit(limited)} and caller = ''
    order by priority, run_at, seq limit 2`
  for (const [statement, index] of [
    [ready, 'job_ready'],
    [narrow, 'job_limited'],
  ] as const) {
    const plan = await planOf(statement)
    assert.match(plan, new RegExp(`using (covering )?index ${index}|index (only )?scan using ${index}`, 'i'))
    assert.doesNotMatch(plan, /sort|b-tree|rows removed|seq scan/i)
  }
})

test('100,000 waiting: an urgent job is the next, and the newest job is the first of the list', { skip }, async () => {
  const id = await scene.submit(testType('double', { name: free[3] ?? '' }), 1, { priority: 10 })
  const [first] = await store.write((write) => claimJobs(write, { ...wanted, count: 1 }))
  assert.equal(first?.id, id)
  const page = { status: 'pending', metadata: [], viewer: null, limit: 3, offset: 0 } as const
  assert.deepEqual(await listJobIds(store.db, page), [id, `crowd-${waiting - 1}`, `crowd-${waiting - 2}`])
  await store.write(({ db }) => db.deleteFrom('job').where('id', '=', id).execute())
})

test('100,000 waiting: the limit is never passed, the paused type never runs, the others go on in order', { skip }, async () => {
  const runner = await scene.work({ list: types, slots: { work: 4 } })
  const countDone = async () => (await sql<{ n: number }>`select count(*) as n from job where state = 'done'`.execute(store.db)).rows[0]?.n ?? 0
  for (const until = performance.now() + 240_000; (await countDone()) < 2_000; await pause(2)) {
    assert.ok(performance.now() < until, `${await countDone()} done`)
    assert.ok((await countRunning(limited)) <= 2)
    assert.equal(await countRunning(paused), 0)
    assert.ok(runner.running <= 4 + 100)
  }
  await runner.stop({ graceMs: 10_000 })
  const rows = await sql<{ type: string; last: number; n: number }>`select type, max(seq) as last, count(*) as n from job where state = 'done'
    group by type order by type`.execute(store.db)
  assert.deepEqual(new Set(rows.rows.map((row) => row.type)), new Set([...free, limited]))
  const { rows: left } = await sql<{ seq: number }>`select min(seq) as seq from job where state = 'queued' and lane = 'free'`.execute(store.db)
  const lastFree = Math.max(...rows.rows.filter((row) => row.type !== limited).map((row) => row.last))
  assert.ok(lastFree < (left[0]?.seq ?? 0), 'free jobs run in the order of their submission')
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { builtinTypes } from '../src/jobs/functions/builtin/types.ts'
import type { ClaimedJob } from '../src/jobs/job.ts'
import { claimJobs } from '../src/jobs/queue/claim.ts'
import { makeSettlement, settleJobs } from '../src/jobs/queue/settle.ts'
import type { RunnableType } from '../src/jobs/runnable-type.ts'
import type { Store } from '../src/store/store.ts'
import { makeDatabase, openTestStore } from '../test/store.ts'
import { benchLegs } from './databases.ts'
import { backlog, fillJobs } from './job-rows.ts'
import { wholeJobsBench } from './jobs-whole.ts'
import { median, report, type Slice } from './measure.ts'

const sliceMs = 700
const rounds = 3

/** A queue that a benchmark drains: `take` ends what it got last and claims as many again, in one commit. */
interface Queue {
  take(count: number): Promise<number>
  /** Leaves `count` waiting jobs and nothing else. Not measured. */
  fill(count: number): Promise<void>
  close(): Promise<void>
}

/** The engine's own statements through the store. */
function ownQueue(store: Store, type: RunnableType, options?: { isHalfPaused: boolean }): Queue {
  let held: ClaimedJob[] = []
  const wanted = { owner: 'bench', leaseMs: 30_000, pool: type.pool, types: [type.name], limitedTypes: [] }
  const result = { json: '1', file: null, type: null }
  return {
    async take(count) {
      const settlements = held.map((job) => makeSettlement({ job, type, outcome: { state: 'done', result }, lines: [] }))
      held = await store.write(async (write) => {
        if (settlements.length > 0) assert.equal((await settleJobs(write, settlements)).size, settlements.length)
        return claimJobs(write, { ...wanted, count })
      })
      return held.length
    },
    async fill(count) {
      await fillJobs(store, type, count, options)
      held = []
    },
    close: async () => undefined,
  }
}

const first = "select seq from job where state = 'queued' and lane = 'free' and pool = 'work' order by priority, run_at, seq limit"
const claimed = (now: string) => `state = 'running', claim = CLAIM, owner = 'bench', attempts = attempts + 1, lease_until = ${now} + 30000`
const done = (now: string) => `state = 'done', result = '1', finished_at = ${now}`

/** The least that a queue does, on the same table of a database of its own: claim and finish, nothing fenced, checked or told. */
function bareSqlite(store: Store, path: string, type: RunnableType): Queue {
  const database = new DatabaseSync(path)
  database.exec('pragma synchronous = full; pragma cache_size = -32000')
  const [begin, commit] = [database.prepare('begin immediate'), database.prepare('commit')]
  const now = "cast(unixepoch('subsec') * 1000 as integer)"
  const claiming = `update job set ${claimed(now).replace('CLAIM', '?')} where seq`
  const finish = database.prepare(`update job set ${done(now)} where seq in (select value from json_each(?))`)
  const finishOne = database.prepare(`update job set ${done(now)} where seq = ?`)
  const claim = database.prepare(`${claiming} in (${first} ?) returning seq, data`)
  const claimOne = database.prepare(`${claiming} = (${first} ?) returning seq, data`)
  let held: number[] = []
  return {
    async take(count) {
      begin.run()
      if (held.length === 1) finishOne.run(Number(held[0]))
      else if (held.length > 0) finish.run(JSON.stringify(held))
      held = (count === 1 ? claimOne : claim).all(randomUUID(), count).map((row) => Number(row['seq']))
      commit.run()
      return held.length
    },
    async fill(count) {
      await fillJobs(store, type, count)
      held = []
    },
    close: async () => database.close(),
  }
}

async function barePostgres(store: Store, url: string, type: RunnableType): Promise<Queue> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const now = 'cast(extract(epoch from clock_timestamp()) * 1000 as bigint)'
  let held: string[] = []
  return {
    async take(count) {
      await client.query('begin')
      if (held.length > 0) await client.query(`update job set ${done(now)} where seq = any($1)`, [held])
      const { rows } = await client.query(
        `with pick as materialized (${first} $2 for update skip locked)
         update job set ${claimed(now).replace('CLAIM', '$1')} where seq = any(array(select seq from pick)) returning seq, data`,
        [randomUUID(), count],
      )
      held = rows.map((row) => row.seq)
      await client.query('commit')
      return held.length
    },
    async fill(count) {
      await fillJobs(store, type, count)
      held = []
    },
    close: () => client.end(),
  }
}

/** Jobs that one worker claims and ends in about `ms`, never more than are waiting. */
const drain =
  (queue: Queue, batch: number, most: number): Slice =>
  async (ms) => {
    const end = performance.now() + ms
    let jobs = 0
    while (performance.now() < end && jobs + 2 * batch < most) jobs += await queue.take(batch)
    return jobs
  }

async function rateOf(queue: Queue, batch: number, most: number): Promise<number> {
  await drain(queue, batch, most)(sliceMs / 10)
  const from = performance.now()
  const jobs = await drain(queue, batch, most)(sliceMs)
  return jobs / ((performance.now() - from) / 1000)
}

interface Side {
  readonly queue: Queue
  readonly waiting: number
  /** Both sides drain the same table: it is filled for each slice. */
  readonly isAlone?: boolean
}

async function line(name: string, aim: string, sides: { reference: Side; own: Side; batch: number }): Promise<void> {
  const { reference: theirs, own: ours, batch } = sides
  const isShared = theirs.queue === ours.queue || ours.isAlone
  const pairs: [number, number][] = []
  // A round takes less than its share of the backlog, so that one filling lasts for all of them.
  const rate = async ({ queue, waiting }: Side, round: number) => {
    if (round === 0 || isShared) await queue.fill(waiting)
    return rateOf(queue, batch, isShared ? waiting / 3 : waiting / (2 * rounds))
  }
  for (let round = 0; round < rounds; round++) pairs.push([await rate(theirs, round), await rate(ours, round)])
  report({
    name,
    aim,
    reference: median(pairs.map(([theirs]) => theirs)),
    own: median(pairs.map(([, ours]) => ours)),
    ratio: median(pairs.map(([theirs, ours]) => ours / theirs)),
  })
}

/** Claim-and-finish with 100,000 jobs waiting, beside bare SQL on the same table; the same with fewer waiting and with half of them paused; whole jobs. */
export async function jobsBench(): Promise<void> {
  const [type] = builtinTypes.filter((one) => one.name === 'echo_async')
  assert.ok(type)
  for (const leg of await benchLegs()) {
    const [database, plain] = [await makeDatabase(leg), await makeDatabase(leg)]
    const [store, other] = [await openTestStore(database.url), await openTestStore(plain.url)]
    const bare = leg === 'sqlite' ? bareSqlite(other, plain.url.slice('sqlite:'.length), type) : await barePostgres(other, plain.url, type)
    const own = ownQueue(store, type)
    for (const batch of [1, 10, 100]) {
      const sides = { reference: { queue: bare, waiting: backlog }, own: { queue: own, waiting: backlog }, batch }
      await line(`${leg}: claim and finish, ${backlog / 1000}k waiting, batch ${batch}`, '>= 0.5', sides)
    }
    for (const few of [1_000, 10_000]) {
      const flat = { reference: { queue: own, waiting: few }, own: { queue: own, waiting: backlog }, batch: 1 }
      await line(`${leg}: the same, ${few / 1000}k waiting as reference, batch 1`, '>= 0.8 (flat)', flat)
    }
    const halfPaused = { queue: ownQueue(store, type, { isHalfPaused: true }), waiting: backlog, isAlone: true }
    const paused = { reference: { queue: own, waiting: backlog }, own: halfPaused, batch: 1 }
    await line(`${leg}: the same, none of a paused type as reference, half of them`, '>= 0.8', paused)
    await wholeJobsBench(leg, store, type)
    await bare.close()
    for (const one of [store, other]) await one.close()
    for (const one of [database, plain]) await one.drop()
  }
}

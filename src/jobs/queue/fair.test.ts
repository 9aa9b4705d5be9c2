import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { openTestStore } from '../../../test/store.ts'
import { anonymous, type Context } from '../../context.ts'
import { saveLimits } from '../../job-types/queue-rules-store.ts'
import type { Executor } from '../executor.ts'
import { findJobById } from '../job-store.ts'
import type { RunnableType } from '../runnable-type.ts'
import { cancelJob } from '../submit/cancel.ts'
import { submitJob } from '../submit/submit.ts'
import { isRunning, makeScene, untilJob } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'
import { claimJobs } from './claim.ts'
import { QueueLimits } from './limits.ts'
import { listHeads, maxCallers } from './waiting-store.ts'

// Slots are shared among those for whom jobs wait.

const scene = await makeScene()
const other = await openTestStore(scene.url)
after(async () => {
  await other.close()
  await scene.close()
})
const { store } = scene
const type = testType('double', { name: 'shared' })
const limited = testType('double', { name: 'shared_limited' })
const names = [type.name, limited.name]

beforeEach(() => store.write(({ db }) => db.deleteFrom('job').execute()))

const take = (count: number, { from = store, limitedTypes = [] as string[] } = {}) =>
  from.write((write) => claimJobs(write, { owner: 'test', leaseMs: 30_000, pool: 'work', types: names, limitedTypes, count }))

/** Queues so many jobs for each caller, one caller after the other; answers `caller number` by id. */
async function queue(callers: Readonly<Record<string, number>>, of: RunnableType = type): Promise<Map<string, string>> {
  const made = new Map<string, string>()
  for (const [caller, count] of Object.entries(callers))
    for (let no = 1; no <= count; no++) made.set(await scene.submit(of, 1, { caller }), `${caller}${no}`)
  return made
}

const namesOf = (made: ReadonlyMap<string, string>, jobs: readonly { id: string }[]) => jobs.map(({ id }) => made.get(id))

test('a free slot goes to the caller with the fewest running, and one caller alone uses all of them', async () => {
  const made = await queue({ a: 6, b: 2, c: 1 })
  assert.deepEqual(namesOf(made, await take(4)), ['a1', 'a2', 'b1', 'c1'])
  assert.deepEqual(namesOf(made, await take(1)), ['b2'])
  // Nobody else waits any more.
  assert.deepEqual(namesOf(made, await take(9)), ['a3', 'a4', 'a5', 'a6'])
})

test('a caller whose jobs came long after those of another gets the next slot, then they take turns', async () => {
  const made = await queue({ a: 50 })
  assert.equal((await take(8)).length, 8)
  for (const [id, name] of await queue({ b: 2 })) made.set(id, name)
  assert.deepEqual(namesOf(made, await take(1)), ['b1'])
  assert.deepEqual(namesOf(made, await take(2)), ['a9', 'b2'])
})

test('the jobs of one caller keep their order, by priority and then by age', async () => {
  const low = await scene.submit(type, 1, { caller: 'a', priority: 90 })
  const first = await scene.submit(type, 1, { caller: 'a', priority: 10 })
  const second = await scene.submit(type, 1, { caller: 'a', priority: 10 })
  const their = await scene.submit(type, 1, { caller: 'b', priority: 200 })
  const order = [(await take(1))[0]?.id, (await take(1))[0]?.id, (await take(1))[0]?.id, (await take(1))[0]?.id]
  assert.deepEqual(order, [first, their, second, low])
})

test('in the lane of a limited type the slots are shared as well, and the limit holds', async () => {
  await store.write(({ db, dialect }) => saveLimits(db, dialect, [{ type: limited.name, maxRunning: 3 }]))
  const made = new Map([...(await queue({ a: 9, b: 1 }, limited)), ...(await queue({ c: 1 }))])
  assert.deepEqual(namesOf(made, await take(9, { limitedTypes: [limited.name] })), ['a1', 'a2', 'b1', 'c1'])
})

test('processes that claim at the same time share out as one would', async () => {
  const made = await queue({ a: 40, b: 40, c: 4 })
  const claims = await Promise.all([...Array(12).keys()].map((at) => take(1, { from: at % 2 === 0 ? store : other })))
  const taken = namesOf(made, claims.flat())
  assert.equal(new Set(taken).size, 12)
  for (const caller of ['a', 'b', 'c']) assert.equal(taken.filter((name) => name?.startsWith(caller)).length, 4, `${taken}`)
})

test('of more callers than are looked at any may get the next slot', async () => {
  const callers = [...Array(maxCallers + 30).keys()].map((at) => at.toString(16).padStart(2, '0'))
  await queue(Object.fromEntries(callers.map((caller) => [caller, 1])))
  const seen = new Set<string>()
  for (let look = 0; look < 400 && seen.size < callers.length; look++) {
    const heads = await listHeads(store.db, store.dialect, { lane: { pool: 'work', types: names }, each: 2 })
    assert.equal(heads.length, maxCallers)
    for (const head of heads) seen.add(head.caller)
  }
  assert.equal(seen.size, callers.length)
  assert.equal((await take(callers.length + 1)).length, callers.length)
})

/** Ends an attempt only when it is aborted. */
const unending: Executor<'function'> = {
  run: (_attempt, _events, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'aborted' }))),
  close: () => Promise.resolve(),
}

test('a submission takes no slot that another caller waits for', async () => {
  const timing = { pollMs: 600_000, tickMs: 600_000, leaseMs: 600_000 }
  const runner = await scene.work({ list: [type], executors: { function: unending }, slots: { work: 2 }, timing })
  const running = [...(await queue({ a: 2 })).keys()]
  for (const id of running) await untilJob(store, id, isRunning)
  const [mine = ''] = (await queue({ a: 1 })).keys()
  const [theirs = ''] = (await queue({ b: 1 })).keys()
  await cancelJob(store, runner.types, running[0] ?? '')
  // However often it tries: the slot that comes free is kept for who waits.
  const tries = setInterval(() => assert.equal(runner.reserve(type), undefined))
  await untilJob(store, theirs, isRunning)
  clearInterval(tries)
  assert.equal((await findJobById(store.db, mine))?.state, 'queued')
  await runner.stop({ graceMs: 0 })
})

test('anonymous submissions count by address, those of a user by the user, wherever they come from', async () => {
  const user = { kind: 'user', id: '7c2f6a51-0000-4000-8000-000000000001', name: 'ann', sysadmin: false }
  const callerOf = async (address: string, actor: object) => {
    const ctx = { ...scene, actor } as unknown as Context
    const request = {
      id: undefined,
      type,
      data: 1,
      metadata: undefined,
      resultUrl: undefined,
      apiKey: 'nobody knows',
      idempotency: undefined,
      address,
    }
    const { id } = await submitJob(ctx, request, { limits: new QueueLimits(store), runner: undefined })
    return (await store.db.selectFrom('job').select('caller').where('id', '=', id).executeTakeFirstOrThrow()).caller
  }
  const [one, same, another] = [
    await callerOf('192.0.2.1', anonymous),
    await callerOf('192.0.2.1', anonymous),
    await callerOf('192.0.2.2', anonymous),
  ]
  assert.equal(one, same)
  assert.notEqual(one, another)
  assert.ok(![one, another].some((caller) => caller.includes('192.')), 'no address is stored')
  assert.deepEqual([await callerOf('192.0.2.1', user), await callerOf('192.0.2.9', user)], [user.id, user.id])
})

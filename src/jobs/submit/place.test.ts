import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { withWrite } from '../../../test/with-write.ts'
import { unavailable } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { setPaused } from '../../job-types/queue-rules-store.ts'
import { DuplicateKey } from '../../store/database-error.ts'
import type { Store } from '../../store/store.ts'
import { inlineBody } from '../body.ts'
import type { Executor } from '../executor.ts'
import { findJobById } from '../job-store.ts'
import { deleteJob } from '../manage.ts'
import type { RunnableType } from '../runnable-type.ts'
import { ended, isRunning, makeScene, untilJob } from '../testing/scene.ts'
import { testType, testTypes } from '../testing/types.ts'
import type { JobRunner } from '../worker/runner.ts'
import { cancelJob } from './cancel.ts'
import { enqueueJob } from './enqueue.ts'
import type { Place } from './place.ts'

// A job that is submitted where a slot is free is claimed by the write that stores it.

const scene = await makeScene()
after(scene.close)
const { store } = scene
const double = testType('double')
const idle = { pollMs: 600_000, tickMs: 600_000, leaseMs: 600_000 }

const sysadmin = { ...scene, actor: { kind: 'user', id: 'u', name: 'admin', sysadmin: true } } as unknown as Context

/** Ends an attempt only when it is aborted. */
const unending: Executor<'function'> = {
  run: (_attempt, _events, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'aborted' }))),
  close: () => Promise.resolve(),
}

/** Stores a job for a place; what becomes of the place is up to the test. */
async function submitTo(place: Place | undefined, type: RunnableType = double) {
  const id = randomUUID()
  const enqueued = await store.write((write) => enqueueJob(write, type, { id, data: inlineBody(21), place }))
  assert.ok(enqueued)
  return { id, claimed: enqueued.claimed }
}

/** Takes so many places as soon as the process knows that nothing waits. */
async function reserve(runner: JobRunner, count: number): Promise<Place[]> {
  for (;;) {
    const places: Place[] = []
    for (let place = runner.reserve(double); place; place = runner.reserve(double)) places.push(place)
    if (places.length === count) return places
    assert.ok(places.length < count)
    for (const place of places) place.fill(undefined)
    await nextTurn()
  }
}

test('a job starts in the slot that was kept for it, and nobody else is woken', async () => {
  const runner = await scene.work({ slots: { work: 1 }, timing: idle })
  const [place] = await reserve(runner, 1)
  let wakes = 0
  const unlisten = store.listen('work', () => wakes++)
  const { id, claimed } = await submitTo(place)
  assert.equal((await findJobById(store.db, id))?.state, 'running')
  place?.fill(claimed)
  const job = await untilJob(store, id, ended)
  assert.deepEqual([job.state, job.result?.json, job.attempts, wakes], ['done', '42', 1, 0])
  assert.ok(job.startedAt !== null && job.startedAt >= job.createdAt)
  unlisten()
  await runner.stop({ graceMs: 0 })
})

test('a slot that comes free while a round of the queue ends is filled, whatever the moment', async () => {
  // The moments between the answer of the claim and the next look at the queue, counted in turns of the microtask queue.
  for (let moment = 0; moment < 12; moment++) {
    let free: (() => void) | undefined
    const whenClaimed = async (value: unknown) => {
      const act = free
      if (!act || !Array.isArray(value) || value.flat().length === 0) return
      free = undefined
      for (let turn = 0; turn < moment; turn++) await undefined
      act()
    }
    const write: Store['write'] = async (run, options) => {
      const value = await store.write(run, options)
      void whenClaimed(value)
      return value
    }
    const runner = await scene.work({ store: withWrite(store, write), executors: { function: unending }, slots: { work: 2 }, timing: idle })
    const [one, other] = await reserve(runner, 2)
    const ids = [randomUUID(), randomUUID()]
    const told = Promise.withResolvers<void>()
    const unlisten = store.listen('work', () => told.resolve())
    await store.write(async (both) => {
      for (const id of ids) await enqueueJob(both, double, { id })
    })
    await told.promise
    unlisten()
    free = () => other?.fill(undefined)
    one?.fill(undefined)
    try {
      for (const id of ids) await untilJob(store, id, isRunning, 5_000)
    } finally {
      await runner.stop({ graceMs: 0 })
      await store.write(({ db }) => db.deleteFrom('job').where('id', 'in', ids).execute())
    }
  }
})

for (const [what, act] of [
  ['a cancel', (id: string, { types }: JobRunner) => cancelJob(store, types, id)],
  ['a deletion', (id: string, { types }: JobRunner) => deleteJob(sysadmin, types, { id, presentedKey: undefined })],
] as const) {
  test(`${what} reaches the worker at once, and whoever waits for the end; neither waits for the next look`, async () => {
    const runner = await scene.work({ executors: { function: unending }, slots: { work: 1 }, timing: idle })
    const [place] = await reserve(runner, 1)
    const { id, claimed } = await submitTo(place)
    const told: string[] = []
    const unlisten = store.listen('finished', (ids) => void told.push(...(ids ?? [])))
    place?.fill(claimed)
    await act(id, runner)
    for (const end = performance.now() + 10_000; (runner.running > 0 || !told.includes(id)) && performance.now() < end; ) await nextTurn()
    unlisten()
    const job = await findJobById(store.db, id)
    assert.deepEqual([runner.running, told, job?.state ?? 'cancelled'], [0, [id], 'cancelled'])
    await runner.stop({ graceMs: 0 })
  })
}

test('what waits comes first, and slots that are given up are free again', async () => {
  const runner = await scene.work({ slots: { work: 3 }, timing: idle })
  const places = await reserve(runner, 3)
  const { id } = await submitTo(undefined)
  places[0]?.fill(undefined)
  places[1]?.abandon(new DuplicateKey('job', ['id'], undefined))
  assert.equal((await untilJob(store, id, ended)).state, 'done')
  places[2]?.fill(undefined)
  for (const place of await reserve(runner, 3)) place.fill(undefined)
  await runner.stop({ graceMs: 0 })
})

test('a limited type has no places, and a job of a type that was paused meanwhile waits', async () => {
  const runner = await scene.work({ list: [...testTypes], slots: { work: 2 }, timing: idle })
  const [place, other] = await reserve(runner, 2)
  other?.fill(undefined)
  assert.equal(runner.reserve(testType('limited')), undefined)
  await store.write((write) => setPaused(write, double.name, true))
  const { id, claimed } = await submitTo(place)
  place?.fill(claimed)
  const job = await findJobById(store.db, id)
  assert.deepEqual([claimed, job?.state, job?.lane, job?.attempts], [undefined, 'queued', 'paused', 0])
  await store.write((write) => setPaused(write, double.name, false))
  for (const one of await reserve(runner, 2)) one.fill(undefined)
  await runner.stop({ graceMs: 0 })
})

test('a job whose commit was not answered runs all the same, once, and is counted once', async () => {
  const runner = await scene.work({ slots: { work: 2 }, timing: idle })
  const [lost, open] = await reserve(runner, 2)
  const { id } = await submitTo(lost)
  const other = await submitTo(open)
  lost?.abandon(unavailable('the database does not answer'))
  const inDoubt = runner.reserve(double)
  inDoubt?.fill(undefined)
  // The claim of the other one is still unknown to the workers: nothing is given back before it is known.
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  await store.write(async () => undefined)
  const states = await Promise.all([id, other.id].map(async (one) => (await findJobById(store.db, one))?.state))
  open?.fill(other.claimed)
  assert.deepEqual([inDoubt, ...states], [undefined, 'running', 'running'])
  for (const one of [id, other.id]) {
    const job = await untilJob(store, one, ended)
    assert.deepEqual([job.state, job.attempts], ['done', 1])
  }
  await runner.stop({ graceMs: 0 })
})

test('a stopping process waits for what is being submitted, and puts it back', async () => {
  const runner = await scene.work({ slots: { work: 2 }, timing: idle })
  const [place, other] = await reserve(runner, 2)
  other?.fill(undefined)
  const { id, claimed } = await submitTo(place)
  const stopped = runner.stop({ graceMs: 0 })
  const late = runner.reserve(double)
  late?.fill(undefined)
  place?.fill(claimed)
  await stopped
  const job = await findJobById(store.db, id)
  assert.deepEqual([late, job?.state, job?.attempts], [undefined, 'queued', 0])
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { RunnableType } from '../runnable-type.ts'
import { ended, makeScene, untilJob } from '../testing/scene.ts'
import { scheduledTypes, testType } from '../testing/types.ts'
import { TypeRegistry } from '../type-registry.ts'
import { fireDue, saveSchedules } from './fire.ts'
import { startScheduleLoop } from './loop.ts'
import { parseSchedule } from './schedule.ts'

const scene = await makeScene()
after(() => scene.close())
const { store } = scene
const minute = 60_000
const clock = Date.now
const ctx = { ...scene, clock }

const only = (word: string) => new TypeRegistry(scheduledTypes.filter((type) => type.name === `scheduled_${word}`))

async function plannedTimes(type: string): Promise<number[]> {
  const rows = await store.db.selectFrom('job').select('metadata').where('type', '=', type).orderBy('seq').execute()
  return rows.map((row) => Date.parse(JSON.parse(row.metadata ?? '{}').scheduled_for))
}

const nextAt = async (type: string) =>
  (await store.db.selectFrom('job_schedule').select('next_at').where('type', '=', type).executeTakeFirst())?.next_at

/** As if nobody had looked since then. */
async function setBack(type: string, nextAt: number): Promise<void> {
  await store.write(async ({ db }) => {
    await db.deleteFrom('job').where('type', '=', type).execute()
    await db.updateTable('job_schedule').set({ next_at: nextAt }).where('type', '=', type).execute()
  })
}

async function fireLate(word: 'skip' | 'once' | 'all', lateMs: number) {
  const type = `scheduled_${word}`
  await saveSchedules(ctx, only(word))
  const start = clock() - lateMs
  await setBack(type, start)
  const wait = await fireDue(ctx, only(word))
  return { start, planned: await plannedTimes(type), next: await nextAt(type), wait }
}

test('a schedule is first due one period after it was made known, and nothing runs before', async () => {
  const before = clock()
  await saveSchedules(ctx, only('once'))
  assert.ok(((await nextAt('scheduled_once')) ?? 0) >= before + minute)
  const wait = (await fireDue(ctx, only('once'))) ?? 0
  assert.ok(wait > 0 && wait <= minute)
  assert.deepEqual(await plannedTimes('scheduled_once'), [])
})

test('a run that is due makes one job, with its planned time as metadata, and the next time keeps the rhythm', async () => {
  const { start, planned, next } = await fireLate('once', 100)
  assert.deepEqual(planned, [start])
  assert.equal(next, start + minute)
  await fireDue(ctx, only('once'))
  assert.deepEqual(await plannedTimes('scheduled_once'), [start])
})

test('of missed runs the last one is made up for', async () => {
  const { start, planned, next } = await fireLate('once', 10.5 * minute)
  assert.deepEqual(planned, [start + 10 * minute])
  assert.equal(next, start + 11 * minute)
})

test('missed runs that are to be skipped make no job, a run that is only a little late does', async () => {
  assert.equal((await fireLate('skip', 0.5 * minute)).planned.length, 1)
  await store.write(({ db }) => db.updateTable('job_schedule').set({ rule: '0 0 1 1 * UTC' }).where('type', '=', 'scheduled_skip').execute())
  const yearly = testType('double', { name: 'scheduled_skip', schedule: parseSchedule({ name: 'x', schedule: '0 0 1 1 *', missedRuns: 'skip' }) })
  await setBack('scheduled_skip', Date.UTC(2024, 0, 1))
  await fireDue(ctx, new TypeRegistry([yearly]))
  const year = new Date().getUTCFullYear()
  assert.deepEqual(await plannedTimes('scheduled_skip'), [])
  assert.equal(await nextAt('scheduled_skip'), Date.UTC(year + 1, 0, 1))
})

test('all missed runs are made up for, at most the last hundred', async () => {
  const few = await fireLate('all', 3.5 * minute)
  assert.deepEqual(
    few.planned,
    [0, 1, 2, 3].map((no) => few.start + no * minute),
  )
  const many = await fireLate('all', 100_000.5 * minute)
  assert.equal(many.planned.length, 100)
  assert.equal(many.planned.at(-1), many.start + 100_000 * minute)
})

test('no run is added while the last one waits or runs', async () => {
  const { start } = await fireLate('once', 100)
  await store.write(({ db }) =>
    db
      .updateTable('job_schedule')
      .set({ next_at: start + 1 })
      .where('type', '=', 'scheduled_once')
      .execute(),
  )
  await fireDue(ctx, only('once'))
  assert.deepEqual(await plannedTimes('scheduled_once'), [start])
})

test('a planned time that was dealt with is not dealt with again, even if the clock was set back', async () => {
  const { start } = await fireLate('all', 2.5 * minute)
  await store.write(({ db }) => db.updateTable('job_schedule').set({ next_at: start }).where('type', '=', 'scheduled_all').execute())
  await fireDue(ctx, only('all'))
  assert.equal((await plannedTimes('scheduled_all')).length, 3)
})

test('the next time stays while the rule does, starts anew when it changes, and goes with the schedule', async () => {
  const name = 'changing'
  const known = (schedule?: string) => new TypeRegistry([testType('double', { name, schedule: parseSchedule({ name, schedule }) })])
  await saveSchedules(ctx, known('every 2h'))
  const first = (await nextAt(name)) ?? 0
  await saveSchedules({ ...ctx, clock: () => clock() + minute }, known('every 2h'))
  assert.equal(await nextAt(name), first)
  await saveSchedules(ctx, known('every 3h'))
  assert.ok(((await nextAt(name)) ?? 0) > first + 50 * minute)
  await saveSchedules(ctx, new TypeRegistry(scheduledTypes))
  assert.notEqual(await nextAt(name), undefined, 'a process that does not know the type leaves its schedule alone')
  await saveSchedules(ctx, known())
  assert.equal(await nextAt(name), undefined)
})

test('the loop makes what is due when it is due, and a worker runs it', async () => {
  const type = scheduledTypes[1] as RunnableType
  const types = new TypeRegistry([type])
  await saveSchedules(ctx, types)
  await setBack(type.name, clock() + 300)
  const stop = startScheduleLoop(scene.log, [() => fireDue(ctx, types)])
  try {
    await scene.work({ list: [type] })
    let id: string | undefined
    for (const end = clock() + 10_000; !id && clock() < end; await new Promise(setImmediate)) {
      id = (await store.db.selectFrom('job').select('id').where('type', '=', type.name).executeTakeFirst())?.id
    }
    const job = await untilJob(store, id ?? '', ended)
    assert.equal(job.state, 'done')
  } finally {
    await stop()
  }
})

test('several processes that look at the same moment never make a run twice', async () => {
  const type = 'scheduled_all'
  await saveSchedules(ctx, only('all'))
  const program = fileURLToPath(new URL('../testing/scheduler.ts', import.meta.url))
  const processes = [1, 2, 3].map(() => {
    const child = spawn(process.execPath, [program, scene.url], { stdio: ['pipe', 'pipe', 'inherit'] })
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
  })
  try {
    for (const { lines } of processes) assert.equal((await lines.next()).value, 'ready')
    for (let round = 0; round < 10; round++) {
      const start = clock() - 20.5 * minute - 1000 * minute * (10 - round)
      await store.write(({ db }) => db.deleteFrom('job_schedule_run').where('type', '=', type).execute())
      await setBack(type, start)
      for (const { child } of processes) child.stdin.write('look\n')
      for (const { lines } of processes) assert.equal((await lines.next()).value, 'done')
      const planned = await plannedTimes(type)
      assert.deepEqual([planned.length, new Set(planned).size], [100, 100])
    }
  } finally {
    for (const { child } of processes) child.stdin.end()
    await Promise.all(processes.map(({ child }) => child.exitCode ?? once(child, 'exit')))
  }
})

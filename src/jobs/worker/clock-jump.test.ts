import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { ended, isRunning, makeScene, untilJob } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'
import type { RunnerOptions } from './runner.ts'

// The clock of the machine is set by an hour. Nobody can set that of the tests' machine: the times in the rows move the other way instead.

const scene = await makeScene()
after(scene.close)
const { store } = scene
const hourMs = 3_600_000
let setBy = 0
const clock = () => Date.now() + setBy
const timing: RunnerOptions['timing'] = { leaseMs: 10_000, tickMs: 100, pollMs: 200 }

/** Sets the clock of machine and database in one moment. */
async function setClock(ms: number): Promise<void> {
  await store.write(async ({ db, dialect }) => {
    if (dialect.name === 'postgres') await sql`lock table job in exclusive mode`.execute(db)
    setBy += ms
    await sql`update job set created_at = created_at - ${ms}, run_at = run_at - ${ms}, started_at = started_at - ${ms},
      lease_until = lease_until - ${ms}, deadline_at = deadline_at - ${ms} where finished_at is null`.execute(db)
  })
}

/** Resolves when a job's lease has been renewed so often; it runs all the time. */
async function untilRenewed(id: string, times: number): Promise<void> {
  const leases = new Set<number | null>()
  while (leases.size <= times) {
    const row = await store.db.selectFrom('job').select(['lease_until', 'state']).where('id', '=', id).executeTakeFirstOrThrow()
    assert.equal(row.state, 'running')
    leases.add(row.lease_until)
    await pause(10)
  }
}

for (const [ms, name] of [
  [hourMs, 'forwards'],
  [-hourMs, 'backwards'],
] as const) {
  test(`the clock is set an hour ${name}: what runs goes on, is not run twice, and ends well; what waits is run`, async () => {
    const pair = [await scene.work({ clock, timing, slots: { work: 2 } }), await scene.work({ clock, timing, slots: { work: 2 } })]
    const stop = join(scene.folder, `stop-${name}`)
    const ids = await Promise.all([...Array(4)].map(() => scene.submit(testType('until_file', { timeoutMs: 600_000 }), stop)))
    for (const id of ids) await untilJob(store, id, isRunning)
    const waiting = await scene.submit(testType('double'), 4)
    await setClock(ms)
    await Promise.all(ids.map((id) => untilRenewed(id, 8)))
    await writeFile(stop, '')
    for (const id of ids) {
      const job = await untilJob(store, id, ended)
      assert.deepEqual([job.state, job.result?.json, job.attempts, job.error], ['done', '1', 1, null])
    }
    assert.equal((await untilJob(store, waiting, ended)).result?.json, '8')
    for (const runner of pair) await runner.stop({ graceMs: 0 })
  })
}

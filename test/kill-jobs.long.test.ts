import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { listLog } from '../src/jobs/job-store.ts'
import { adminKey, makeEnvironment } from './hub.ts'
import { type StartingProcess, spawnHub } from './hub-process.ts'
import { JobLoad, seededRandom } from './job-load.ts'
import { leg, openTestStore } from './store.ts'

// The hub is killed at random moments under load, again and again: on SQLite one process, on PostgreSQL a server and a worker.

const rounds = Number(process.env['MILLRACE_KILL_ROUNDS'] ?? 105)
const seed = Number(process.env['MILLRACE_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const random = seededRandom(seed)

const modules = `
import { defineJob } from 'millrace/jobs'
import { setTimeout as pause } from 'node:timers/promises'

export const narrow = defineJob({
  name: 'narrow',
  mode: 'async',
  concurrency: 2,
  async run(ctx) {
    ctx.log.info('attempt %d', ctx.attempt)
    ctx.progress(0.5)
    await pause(Math.random() * 60)
    return { narrow: ctx.data }
  },
})
`
const text = (value: unknown) => JSON.stringify(value)
const types = [
  { name: 'echo', result: (data: string) => text(`>${data}`) },
  { name: 'echo_async', result: (data: string) => text(`>${data}`) },
  { name: 'narrow', result: (data: string) => text({ narrow: data }) },
]
/** Callers that wait are the fewest: each of them needs a child process of its own after each blow. */
const mixture = [0, 1, 1, 1, 2, 2].flatMap((at) => types[at] ?? [])

/** Fails with the seed, so that the same blows can be dealt again. */
const seeded = (run: (t: TestContext) => Promise<void>) => async (t: TestContext) => {
  try {
    await run(t)
  } catch (cause) {
    throw new Error(`${(cause as Error).message} (again with MILLRACE_KILL_SEED=${seed})`, { cause })
  }
}

describe('kill -9 at random moments under load', { skip: leg === 'postgres-icu' && 'the other two legs do this' }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kill-'))
  await writeFile(join(folder, 'narrow.ts'), modules)
  const { environment, drop } = await makeEnvironment({ MILLRACE_JOBS: folder, MILLRACE_CONCURRENCY: '2' })
  const store = await openTestStore(environment['DATABASE_URL'] ?? '')
  const start = (command: 'serve' | 'worker') => spawnHub(environment, command)
  const running = new Map<'serve' | 'worker', StartingProcess>()
  let load: JobLoad

  before(async () => {
    running.set('serve', start('serve'))
    await running.get('serve')?.ready
    if (leg === 'postgres') running.set('worker', start('worker'))
    load = await JobLoad.start({ types: mixture, submitters: 8, url: untilServed, random })
  })
  after(async () => {
    load.close()
    for (const one of running.values()) await one.kill()
    await store.close()
    await drop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Where the hub listens. While it is down this waits for the next start. */
  async function untilServed(): Promise<string> {
    for (;;) {
      const url = await running.get('serve')?.ready.catch(() => undefined)
      if (url !== undefined) return url
      await pause(5)
    }
  }

  /** Who is hit in a round: on PostgreSQL the server, the worker, or both. */
  function victims(): ('serve' | 'worker')[] {
    if (leg === 'sqlite') return ['serve']
    const dice = random()
    return dice < 0.45 ? ['worker'] : dice < 0.9 ? ['serve'] : ['serve', 'worker']
  }

  async function restart(command: 'serve' | 'worker'): Promise<void> {
    await running.get(command)?.kill()
    // Now and then the blow falls again while the process still starts.
    while (random() < 0.1) {
      const short = start(command)
      await pause(random() * 500)
      await short.kill()
    }
    const next = start(command)
    running.set(command, next)
    await next.ready
  }

  test(
    'server and worker come back each time and go on',
    seeded(async (t) => {
      for (let round = 0; round < rounds; round++) {
        await load.events(1 + Math.floor(random() ** 2 * 60))
        await pause(random() * 20)
        await Promise.all(victims().map(restart))
      }
      await load.finish()
      t.diagnostic(`${rounds} rounds, ${load.accepted.size} jobs, seed ${seed}`)
    }),
  )

  test(
    'every acknowledged job has one outcome, the right one',
    seeded(async (t) => {
      const rows = await store.db.selectFrom('job').select(['seq', 'id', 'state', 'result', 'error', 'attempts', 'finished_at']).execute()
      assert.equal(rows.length, load.accepted.size)
      let lost = 0
      for (const row of rows) {
        const job = load.accepted.get(row.id)
        assert.ok(job && row.finished_at !== null, row.id)
        if (row.state === 'done') assert.equal(row.result, job.type.result(job.data))
        else {
          lost++
          await assertLost(row, job)
        }
      }
      t.diagnostic(`${lost} of ${rows.length} jobs were taken from their worker as often as they may be`)
      assert.ok(lost < rows.length / 4)
    }),
  )

  /** A failed job failed for the one reason that there is: its workers were killed. */
  async function assertLost(
    row: { seq: number; id: string; error: string | null },
    { type, sendings }: { type: { name: string }; sendings: number },
  ) {
    const { message } = JSON.parse(row.error ?? '{}') as { message: string }
    const losses = (await listLog(store.db, row.seq)).filter((entry) => entry.message.includes('was lost with its worker')).length
    if (type.name === 'echo') {
      // The caller of a synchronous job was cut off by the same blow.
      assert.deepEqual([message, losses], ['Job was interrupted by a restart', 1], row.id)
      assert.ok(leg === 'postgres' || sendings > 1)
    } else assert.deepEqual([message, losses], ['The worker was lost while the job ran', 2], row.id)
  }

  test(
    'a submission that was cut off is found again by its Idempotency-Key: it made one job',
    seeded(async (t) => {
      const cut = [...load.accepted.values()].filter((one) => one.sendings > 1)
      t.diagnostic(`${cut.length} submissions were cut off`)
      assert.ok(cut.length > 0)
      const keys = await store.db.selectFrom('job_metadata').select(['value_digest']).where('key', '=', 'data').execute()
      assert.deepEqual([keys.length, new Set(keys.map((row) => row.value_digest)).size], [load.accepted.size, load.accepted.size])
    }),
  )

  test(
    'every result was posted at least once, always the same under the same webhook-id',
    seeded(async (t) => {
      assert.deepEqual(load.missing(), [])
      assert.equal(load.deliveries.size, load.accepted.size)
      let repeated = 0
      for (const [id, deliveries] of load.deliveries) {
        const told = new Set(deliveries.map(({ webhookId, body }) => text([webhookId, body['status'], body['data'], body['finished_timestamp']])))
        assert.equal(told.size, 1, id)
        const row = await store.db.selectFrom('job').select('state').where('id', '=', id).executeTakeFirstOrThrow()
        assert.equal(deliveries[0]?.body['status'], row.state === 'done' ? 'complete' : 'error')
        repeated += deliveries.length - 1
      }
      t.diagnostic(`${repeated} results were posted again`)
    }),
  )

  test(
    'no slot leaks: nothing is left running, and new jobs of the limited type start',
    seeded(async () => {
      assert.deepEqual(await store.db.selectFrom('job').select('id').where('state', '!=', 'done').where('finished_at', 'is', null).execute(), [])
      const url = await untilServed()
      const figures = await fetch(`${url}/v6/job-types/running/`, { headers: { authorization: adminKey } })
      assert.deepEqual(((await figures.json()) as { results: unknown[] }).results, [])
      const more = await JobLoad.start({ types: types.filter((one) => one.name === 'narrow'), submitters: 6, url: untilServed, random })
      await more.events(24)
      await more.finish()
      more.close()
      for (const { body } of [...more.deliveries.values()].flat()) assert.equal(body['status'], 'complete')
    }),
  )
})

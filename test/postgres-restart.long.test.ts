import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { ended, isRunning, untilJob } from '../src/jobs/testing/scene.ts'
import type { Store } from '../src/store/store.ts'
import { makeEnvironment } from './hub.ts'
import { type StartingProcess, spawnHub } from './hub-process.ts'
import { JobLoad } from './job-load.ts'
import { type PrivatePostgres, postgresPrograms, startPrivatePostgres } from './private-postgres.ts'
import { leg, openTestStore } from './store.ts'

// A PostgreSQL of our own goes down under load, again and again. The hub's processes live on.

const modules = `
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { defineJob } from 'millrace/jobs'

export const narrow = defineJob({ name: 'narrow', mode: 'async', concurrency: 2, run: (ctx) => ({ narrow: ctx.data }) })
export const untilFile = defineJob({
  name: 'until_file',
  mode: 'async',
  async run(ctx) {
    while (!existsSync(String(ctx.data))) await pause(20)
    return ctx.attempt
  },
})
`
const text = (value: unknown) => JSON.stringify(value)
const types = [
  { name: 'echo', result: (data: string) => text(`>${data}`) },
  { name: 'echo_async', result: (data: string) => text(`>${data}`) },
  { name: 'narrow', result: (data: string) => text({ narrow: data }) },
]
const why = leg !== 'postgres' ? 'this is about PostgreSQL' : postgresPrograms === undefined && "PostgreSQL's own programs are not installed here"

describe('PostgreSQL goes down under load', { skip: why }, () => {
  let [server, load, store, url] = [] as unknown as [PrivatePostgres, JobLoad, Store, string]
  const processes: StartingProcess[] = []
  const closing: (() => unknown)[] = []
  const file = async (name: string) => join(folder, name)
  let folder = ''

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-restart-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    await writeFile(await file('modules.ts'), modules)
    server = await startPrivatePostgres()
    closing.push(() => server.close())
    const { environment, drop } = await makeEnvironment({ DATABASE_URL: server.url, MILLRACE_JOBS: folder, MILLRACE_CONCURRENCY: '3' })
    closing.push(drop)
    const [serve, worker] = [spawnHub(environment), spawnHub(environment, 'worker')]
    processes.push(serve, worker)
    closing.push(() => Promise.all(processes.map((one) => one.kill())))
    url = await serve.ready
    await worker.ready
    store = await openTestStore(server.url)
    closing.push(() => store.close())
    load = await JobLoad.start({ types, submitters: 12, url: async () => url, random: Math.random })
    closing.push(() => load.close())
  })
  after(async () => {
    for (const close of closing.reverse()) await close()
  })

  async function submit(type: string, data: string): Promise<string> {
    const body = text({ job_type: type, data, api_key: 'k' })
    const answer = await fetch(`${url}/job`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    assert.equal(answer.status, 200)
    return ((await answer.json()) as { job_id: string }).job_id
  }

  test('PostgreSQL restarted at once, several times: the processes live on and the work goes on', async () => {
    for (let round = 0; round < 8; round++) {
      await load.events(40)
      await server.stop(round % 2 ? 'fast' : 'immediate')
      await server.start()
    }
    await load.events(100)
  })

  test('PostgreSQL refuses connections for a while: submissions get 503 with Retry-After, running work is not killed', async () => {
    const stop = await file('stop')
    const id = await submit('until_file', stop)
    await untilJob(store, id, isRunning)
    await server.stop('immediate')
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/job`, { method: 'POST', headers, body: text({ job_type: 'echo_async', data: 'x', api_key: 'k' }) })
    assert.equal(answer.status, 503)
    assert.match(((await answer.json()) as { error: string }).error, /^the database does not answer/)
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/)
    await writeFile(stop, '')
    await load.refused(50)
    await server.start()
    const job = await untilJob(store, id, ended, 60_000)
    assert.deepEqual([job.state, job.result?.json, job.attempts], ['done', '1', 1])
    await load.events(100)
  })

  test('the listening connections are cut: they come back, and jobs start meanwhile', async () => {
    const listening = sql<{ pid: number }>`select pid from pg_stat_activity where query like 'listen %' or query like 'select pg_notify%'`
    const untilBoth = async (known: readonly number[]): Promise<number[]> => {
      for (const until = performance.now() + 30_000; performance.now() < until; await pause(50)) {
        const others = (await listening.execute(store.db)).rows.map((row) => row.pid).filter((pid) => !known.includes(pid))
        if (others.length >= 2) return others
      }
      return assert.fail('nobody listens')
    }
    const before = await untilBoth([])
    for (const pid of before) await sql`select pg_terminate_backend(${pid})`.execute(store.db)
    const id = await submit('narrow', 'while cut')
    assert.equal((await untilJob(store, id, ended)).state, 'done')
    await untilBoth(before)
  })

  test('nothing acknowledged was lost, nothing ran into an internal error, every job ended once and well, no slot leaked', async (t) => {
    await load.finish()
    t.diagnostic(`${load.accepted.size} jobs; refusals: ${text([...load.refusals])}`)
    assert.deepEqual(
      [...load.refusals.keys()].filter((one) => !one.startsWith('503 ')),
      [],
    )
    const rows = await store.db.selectFrom('job').select(['id', 'state', 'result', 'error', 'type']).execute()
    for (const row of rows.filter((one) => load.accepted.has(one.id))) {
      const job = load.accepted.get(row.id)
      assert.deepEqual([row.id, row.state, row.result, row.error], [row.id, 'done', job?.type.result(job.data), null])
    }
    assert.equal(rows.filter((row) => row.type !== 'until_file').length, load.accepted.size + 1)
    assert.deepEqual(
      rows.filter((row) => row.state === 'running' || row.state === 'queued'),
      [],
    )
  })
})

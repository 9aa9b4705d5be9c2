import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { type App, startApp } from '../src/app.ts'
import { parseConfig } from '../src/config.ts'
import { StartError } from '../src/start.ts'
import { adminKey, startHub, type TestHub } from './hub.ts'

const modules = `
import { CatalogError, defineJob, JobError, raw } from 'millrace/jobs'
import { Type } from 'typebox'

export const whoAmI = defineJob({
  name: 'who_am_i',
  mode: 'sync',
  input: Type.Object({ name: Type.String() }),
  metadata: { type: 'object', properties: { tries: { type: 'integer' } } },
  async run(ctx) {
    const { name, title } = await ctx.catalog.action<{ name: string; title: string }>('package_create', { name: ctx.data.name, title: ctx.jobType })
    return { name, title, attempt: ctx.attempt, key: ctx.apiKey, input: Object.keys(ctx.input), url: ctx.resultUrl ?? null }
  },
})

export const refusals = defineJob({
  name: 'refusals',
  mode: 'async',
  async run(ctx) {
    const calls = [['package_show', { id: 'no-such' }], ['package_create', { name: 'X' }], ['no_such_action', {}], ['package_list', 'text']] as const
    const codes: unknown[] = []
    for (const [name, input] of calls) {
      try {
        await ctx.catalog.action(name, input as object)
      } catch (error) {
        if (!(error instanceof CatalogError) || !(error instanceof JobError)) throw error
        codes.push([error.code, error.fields && Object.keys(error.fields)])
      }
    }
    return codes
  },
})

export const many = defineJob({
  name: 'many',
  mode: 'async',
  async run(ctx) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ctx.catalog.action<string[]>('package_list')))
    void ctx.catalog.action('package_list')
    return answers.filter((list) => Array.isArray(list)).length
  },
})

export const uncaught = defineJob({ name: 'uncaught', mode: 'sync', run: (ctx) => ctx.catalog.action('package_show', { id: 'no-such' }) })
export const bytes = defineJob({ name: 'bytes', mode: 'sync', run: () => raw('a,b', { mimetype: 'text/csv' }) })
`

const folder = await mkdtemp(join(tmpdir(), 'millrace-jobs-folder-'))
await writeFile(join(folder, 'tests.ts'), modules)
const hub = await startHub({ MILLRACE_JOBS: folder })
after(async () => {
  await hub.close()
  await rm(folder, { recursive: true })
})

async function call(at: TestHub, path: string, { body, key }: { body?: object; key?: string } = {}) {
  const answer = await at.http.inject({
    method: body ? 'POST' : 'GET',
    url: path,
    headers: { 'content-type': 'application/json', ...(key && { authorization: key }) },
    ...(body && { payload: JSON.stringify(body) }),
  })
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.body, json: () => JSON.parse(answer.body) }
}

const start = async (at: TestHub, job_type: string, data: unknown) =>
  (await call(at, '/job', { body: { job_type, data, api_key: 'anybody' } })).json()
const look = async (at: TestHub, job: { job_id: string; job_key: string }) => (await call(at, `/job/${job.job_id}`, { key: job.job_key })).json()

async function ended(at: TestHub, job: { job_id: string; job_key: string }) {
  for (const end = performance.now() + 20_000; performance.now() < end; await pause(20)) {
    const now = await look(at, job)
    if (now.status !== 'pending') return now
  }
  throw new Error(`${job.job_id} has not ended within 20 s`)
}

const submit = (job_type: string, data: unknown, more: object = {}) => call(hub, '/job', { body: { job_type, data, api_key: 'anybody', ...more } })
const run = async (job_type: string) => ended(hub, await start(hub, job_type, null))

test('a function of the folder is a job type, and calls the catalogue as the owner of its job', async () => {
  assert.ok((await call(hub, '/status')).json().job_types.includes('who_am_i'))
  const done = (await submit('who_am_i', { name: 'by-a-job' }, { api_key: adminKey, metadata: { tries: 1 } })).json()
  assert.deepEqual(done.error, null)
  const input = ['job_type', 'api_key', 'data', 'metadata']
  assert.deepEqual(done.data, { name: 'by-a-job', title: 'who_am_i', attempt: 1, key: adminKey, input, url: null })
  assert.equal((await call(hub, '/api/3/action/package_show?id=by-a-job')).json().result.title, 'who_am_i')
})

test('a job without an owner is anonymous in the catalogue', async () => {
  const { status, error } = (await submit('who_am_i', { name: 'by-nobody' })).json()
  assert.deepEqual([status, error.code], ['error', 'forbidden'])
  assert.equal((await call(hub, '/api/3/action/package_show?id=by-nobody')).status, 404)
})

test('input that its schema refuses is a job error with readable text and details', async () => {
  const { status, data, error } = (await submit('who_am_i', { name: 5 })).json()
  assert.deepEqual([status, data], ['error', null])
  assert.match(error.message, /^data is not valid: name: /)
  assert.equal(error.details[0].path, 'name')
  assert.match((await submit('who_am_i', { name: 'x' }, { metadata: { tries: 'x' } })).json().error.message, /^metadata is not valid: tries: /)
})

test('a refusal of the catalogue is thrown as a CatalogError, and is the error of a job that does not catch it', async () => {
  assert.deepEqual((await run('refusals')).data, [
    ['not_found', null],
    ['forbidden', null],
    ['not_found', null],
    ['invalid', null],
  ])
  const { error } = (await submit('uncaught', null)).json()
  assert.deepEqual([error.code, /no-such/.test(error.message)], ['not_found', true])
})

test('concurrent calls above the limit wait, and an unawaited call that fails harms no other job', async () => {
  assert.equal((await run('many')).data, 50)
  assert.equal((await run('many')).data, 50)
})

test('bytes of a function are the answer', async () => {
  const { type, body } = await submit('bytes', null)
  assert.deepEqual([type, body], ['text/csv; charset=utf-8', 'a,b'])
})

test('a process without the folder skips its types', async () => {
  const front = await startHub({ MILLRACE_JOBS: folder }, { http: true, workers: false })
  const silent = pino({ level: 'silent' })
  const workers: App[] = []
  const work = async (jobs: string) => {
    workers.push(await startApp(parseConfig({ ...front.environment, MILLRACE_JOBS: jobs }), silent, { http: false, workers: true }))
  }
  try {
    await work('')
    const [own, shipped] = [await start(front, 'many', 1), await start(front, 'echo_async', 'both')]
    assert.equal((await ended(front, shipped)).data, '>both')
    assert.equal((await look(front, own)).status, 'pending')
    await work(folder)
    assert.equal((await ended(front, own)).data, 50)
  } finally {
    for (const worker of workers) await worker.close()
    await front.close()
  }
})

test('a module that throws when it is imported stops the start in one line that names it', async () => {
  const bad = await mkdtemp(join(tmpdir(), 'millrace-bad-'))
  try {
    await writeFile(join(bad, 'broken.ts'), "throw new Error('nothing works')")
    const config = parseConfig({ ...hub.environment, MILLRACE_JOBS: bad })
    await assert.rejects(startApp(config, pino({ level: 'silent' }), { http: false, workers: true }), (error) => {
      assert.ok(error instanceof StartError)
      assert.match(error.message, /^the job module \S+broken\.ts cannot be imported: Error: nothing works$/)
      return true
    })
  } finally {
    await rm(bad, { recursive: true })
  }
})

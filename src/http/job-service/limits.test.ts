import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { startHub } from '../../../test/hub.ts'
import { builtinTypes } from '../../jobs/functions/builtin/types.ts'
import { TypeRegistry } from '../../jobs/type-registry.ts'
import { buildServer } from '../server/server.ts'
import { makeServiceSurface } from './routes.ts'

// What submitters are told beyond the limits. Nothing works here: what is submitted waits.

const hub = await startHub({}, { http: false, workers: false })
after(hub.close)
const { base } = hub.app

async function serve(limits: Parameters<typeof makeServiceSurface>[0]) {
  const parts = { base, log: pino({ level: 'silent' }), types: new TypeRegistry(builtinTypes), jobs: undefined }
  const app = await buildServer(parts, [makeServiceSurface(limits)])
  after(() => app.close())
  return async (key: string, headers: Record<string, string> = {}) => {
    const answer = await app.inject({ method: 'POST', url: '/job', headers, payload: { job_type: 'echo_async', data: 'x', api_key: key } })
    return { status: answer.statusCode, retryAfter: answer.headers['retry-after'], body: answer.json<Record<string, unknown>>() }
  }
}

const countJobs = async () => (await base.store.db.selectFrom('job').select('id').execute()).length

test('a key that submits too fast gets 429 with Retry-After and an error text, others do not; nothing is queued for it', async () => {
  const submit = await serve({ perSecond: { ofKey: 3 } })
  const before = await countJobs()
  const answers = await Promise.all([...Array(20)].map(() => submit('fast')))
  const refused = answers.filter((one) => one.status !== 200)
  assert.ok(refused.length > 0)
  for (const { status, retryAfter, body } of refused) {
    assert.deepEqual([status, retryAfter, Object.keys(body)], [429, '1', ['error']])
    assert.match(String(body['error']), /^too many jobs at once: at most 3 a second/)
  }
  assert.equal((await submit('another')).status, 200)
  assert.equal((await countJobs()) - before, answers.length - refused.length + 1)
})

test('while too many jobs wait, submissions get 503 with Retry-After and an error text; a repeated one finds its job', async () => {
  const waiting = (await countJobs()) + 1
  const submit = await serve({ queue: { waiting, waitingOfType: waiting } })
  const first = await submit('k', { 'idempotency-key': 'again' })
  assert.equal(first.status, 200)
  const { status, retryAfter, body } = await submit('k')
  assert.deepEqual([status, retryAfter, Object.keys(body)], [503, '5', ['error']])
  assert.match(String(body['error']), new RegExp(`^${waiting} jobs wait already, and no more than ${waiting} may; try again later`))
  assert.deepEqual([(await submit('k', { 'idempotency-key': 'again' })).body['job_id'], await countJobs()], [first.body['job_id'], waiting])
})

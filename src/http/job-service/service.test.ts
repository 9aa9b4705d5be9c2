import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { startHub } from '../../../test/hub.ts'
import { untilJob } from '../../jobs/testing/scene.ts'

const hub = await startHub({ MILLRACE_SITE_TITLE: 'Test hub', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent' })
after(hub.close)

interface Reply {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
  readonly text: string
}

async function call(
  method: string,
  path: string,
  options: { body?: unknown; raw?: string | Buffer<ArrayBuffer>; key?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const { body, raw = body === undefined ? undefined : JSON.stringify(body), key } = options
  const headers = {
    ...(raw !== undefined && { 'content-type': 'application/json' }),
    ...(key !== undefined && { authorization: key }),
    ...options.headers,
  }
  const response = await fetch(hub.url + path, { method, headers, body: raw ?? null, redirect: 'manual' })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') && text !== ''
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} }
}

const submit = (body: unknown, path = '/job') => call('POST', path, { body })
const settled = async (id: unknown) => untilJob(hub.app.base.store, String(id), (job) => job.finishedAt !== null)
const dictKeys = [
  'job_id',
  'job_type',
  'status',
  'data',
  'error',
  'requested_timestamp',
  'finished_timestamp',
  'sent_data',
  'aps_job_id',
  'result_url',
  'metadata',
  'logs',
  'progress',
  'waiting',
]

test('the reference page tells every field of a job', async () => {
  const page = await readFile(new URL('../../../docs/reference/job-service.md', import.meta.url), 'utf8')
  const table = page.split('\n## The job\n')[1]?.split('\n## ')[0] ?? ''
  assert.deepEqual(
    [...table.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]),
    dictKeys,
  )
})

test('the status has version, sorted job types, name and counts', async () => {
  const { status, body } = await call('GET', '/status/')
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body).sort(), ['job_types', 'name', 'stats', 'version'])
  assert.deepEqual(
    [body['version'], body['name'], body['job_types']],
    [0.1, 'Test hub', ['check_links', 'echo', 'echo_async', 'echo_raw', 'profile_resource']],
  )
  assert.deepEqual(Object.keys(body['stats'] as object).sort(), ['complete', 'error', 'pending'])
})

test('every JSON answer has the bare type that old clients compare', async () => {
  const { body } = await submit({ job_type: 'echo', data: 'ping', api_key: 'k' })
  const key = String(body['job_key'])
  const calls: [string, string, { key?: string; body?: unknown }?][] = [
    ['POST', '/job', { body: { job_type: 'echo', data: 'ping', api_key: 'k' } }],
    ['POST', '/job', { body: { job_type: 'none', api_key: 'k' } }],
    ['POST', '/job', { body: [] }],
    ['GET', `/job/${body['job_id']}`, { key }],
    ['GET', `/job/${body['job_id']}`],
    ['GET', '/job'],
    ['GET', '/job?_limit=x'],
    ['GET', '/job/none'],
    ['GET', '/job/none/none/none'],
    ['GET', '/job/%zz'],
    ['PUT', '/job'],
    ['DELETE', '/job'],
    ['GET', '/status'],
    ['GET', '/user'],
    ['POST', `/job/${body['job_id']}/cancel`, { key }],
    ['DELETE', `/job/${body['job_id']}`, { key }],
  ]
  for (const [method, path, options] of calls) {
    const { headers, text } = await call(method, path, options)
    assert.equal(headers.get('content-type'), 'application/json', `${method} ${path} ${text}`)
    JSON.parse(text)
  }
})

test('a job without result_url has no callback to look at', async () => {
  const { body } = await submit({ job_type: 'echo', data: 'ping', api_key: 'k' })
  const path = `/job/${body['job_id']}/callback`
  assert.deepEqual((await call('GET', path, { key: String(body['job_key']) })).body, { error: 'the job has no result_url' })
  assert.equal((await call('GET', path)).status, 403)
})

test('a synchronous job is answered with its result, its key and every field of a job', async () => {
  const { status, body } = await submit({ job_type: 'echo', data: 'ping', api_key: 42, metadata: { key: 'value', __proto__: null } })
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body), [...dictKeys, 'job_key'])
  assert.deepEqual([body['status'], body['data'], body['error'], body['sent_data'], body['aps_job_id']], ['complete', '>ping', null, 'ping', null])
  assert.match(String(body['job_key']), /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  for (const name of ['requested_timestamp', 'finished_timestamp']) assert.match(String(body[name]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
})

test("the seed's echo: an expected error, an exception and a warning", async () => {
  const expected = await submit({ job_type: 'echo', data: '>ping', api_key: 'k' })
  assert.deepEqual([expected.status, expected.body['status'], expected.body['error']], [200, 'error', { message: 'do not start message with >' }])
  assert.equal(expected.body['data'], null)
  const exception = await submit({ job_type: 'echo', data: '#ping', api_key: 'k' })
  assert.deepEqual(exception.body['error'], { message: 'Error: serious exception' })
  const warned = await submit({ job_type: 'echo', data: '&ping', api_key: 'k' })
  assert.equal(warned.body['data'], '>&ping')
  const [entry] = warned.body['logs'] as Record<string, unknown>[]
  assert.match(String(entry?.['timestamp']), /\.\d{6}$/)
  assert.deepEqual(
    { ...entry, timestamp: '' },
    { timestamp: '', message: 'just a warning', level: 'WARNING', module: 'echo', funcName: 'echo', lineno: 0 },
  )
})

test('an asynchronous job is accepted at once and shown to whoever holds its key', async () => {
  const { status, body } = await submit({ job_type: 'echo_async', data: 'ping', api_key: 'k' })
  assert.equal(status, 200)
  assert.equal(typeof body['aps_job_id'], 'string')
  await settled(body['job_id'])
  const path = `/job/${body['job_id']}`
  const key = String(body['job_key'])
  const shown = await call('GET', path, { key })
  assert.deepEqual(Object.keys(shown.body), dictKeys)
  assert.deepEqual([shown.body['status'], shown.body['data']], ['complete', '>ping'])
  assert.equal((await call('GET', path, { key: `Bearer ${key}` })).status, 200)
  assert.equal((await call('GET', path, { key: hub.adminKey })).status, 200)
  const unknown = "not authorized: the key is neither an API key that is known nor this job's own"
  for (const [wrong, error] of [
    [{}, 'not authorized'],
    [{ key: 'k' }, unknown],
    [{ key: `Basic ${key}` }, unknown],
  ] as const) {
    assert.deepEqual([(await call('GET', path, wrong)).status, (await call('GET', path, wrong)).body], [403, { error }])
  }
  assert.deepEqual((await call('GET', '/job/none')).body, { error: 'job_id not found' })
  assert.equal((await call('GET', '/job/none')).status, 404)
  const data = await call('GET', `${path}/data`, { key })
  assert.deepEqual([data.text, data.headers.get('content-type')], ['>ping', 'text/plain; charset=utf-8'])
})

test('a raw job answers with its bytes, says type and key in headers, and keeps them', async () => {
  const { text, headers } = await submit({ job_type: 'echo_raw', data: 'ping', api_key: 'k', metadata: { mimetype: 'text/csv' } }, '/job/raw-1')
  assert.equal(text, 'ginp')
  assert.deepEqual([headers.get('content-type'), headers.get('x-job-id')], ['text/csv; charset=utf-8', 'raw-1'])
  assert.deepEqual(
    [headers.get('x-content-type-options'), headers.get('content-security-policy')],
    ['nosniff', "sandbox; default-src 'none'; frame-ancestors 'none'"],
  )
  const key = headers.get('x-job-key') ?? ''
  assert.equal((await call('GET', '/job/raw-1/data', { key })).text, 'ginp')
  assert.deepEqual([(await call('GET', '/job/raw-1', { key })).body['data']], [null])
  for (const [mimetype, type] of [
    ['text/csv; header=present', 'text/csv; charset=utf-8'],
    ['image/png;q=1', 'image/png'],
    ['text/csv\r\nx: y', 'application/octet-stream'],
    ['nothing', 'application/octet-stream'],
    ['', 'application/octet-stream'],
    ['\0', 'application/octet-stream'],
    ['\ud800', 'application/octet-stream'],
  ]) {
    const one = await submit({ job_type: 'echo_raw', data: 'ping', api_key: 'k', metadata: { mimetype } })
    assert.deepEqual([one.text, one.headers.get('content-type')], ['ginp', type])
    const again = await call('GET', `/job/${one.headers.get('x-job-id')}/data`, { key: one.headers.get('x-job-key') ?? '' })
    assert.deepEqual([again.status, again.text], [200, 'ginp'])
  }
  const failed = await submit({ job_type: 'echo_raw', data: '>ping', api_key: 'k' })
  assert.deepEqual(failed.body['error'], { message: 'Do not start message with >' })
})

test('bad submissions are told with 409, in the order of the checks', async () => {
  const base = { job_type: 'echo', data: 'x', api_key: 'k' }
  const cases: [unknown, string][] = [
    [{ ...base, b: 1, a: 2, result_url: 'x' }, 'Too many arguments. Extra keys are b, a'],
    [{ ...base, result_url: 'ftp://x', job_type: '' }, 'result_url has to start with http'],
    [{ ...base, result_url: 'HTTP://x' }, 'result_url has to start with http'],
    [{ ...base, result_url: 5 }, 'result_url has to start with http'],
    [{ ...base, result_url: 'http' }, 'result_url has to start with http'],
    [{ api_key: 'k' }, 'Please specify a job type'],
    [{ api_key: 'k', job_type: [] }, 'Please specify a job type'],
    [{ job_type: 'moo' }, 'Job type moo not available. Available job types are check_links, echo, echo_async, echo_raw, profile_resource'],
    [{ job_type: [1] }, 'Job type [1] not available. Available job types are check_links, echo, echo_async, echo_raw, profile_resource'],
    [
      { job_type: 'source-pipeline', api_key: 'k' },
      'Job type source-pipeline not available. Available job types are check_links, echo, echo_async, echo_raw, profile_resource',
    ],
    [{ job_type: 'echo', metadata: 'x' }, 'Please provide your API key.'],
    [{ job_type: 'echo', api_key: {} }, 'Please provide your API key.'],
    [{ ...base, metadata: null }, 'metadata has to be a json object'],
    [{ ...base, metadata: ['x'] }, 'metadata has to be a json object'],
    [[1], 'Not recognised as json, make sure content type is application/json'],
    [{}, 'Not recognised as json, make sure content type is application/json'],
  ]
  for (const [body, text] of cases) {
    const { status, body: answer } = await submit(body)
    assert.deepEqual([status, answer], [409, { error: text }])
  }
  const latin = Buffer.from(JSON.stringify({ ...base, data: 'caf\xe9' }), 'latin1')
  const many = `{"job_type":"echo","data":[${'1.50,'.repeat(100_000)}12345678901234567890]}`
  const { status, body } = await call('POST', '/job', { raw: many })
  assert.equal(status, 413)
  assert.match(String(body['error']), /^the number 12345678901234567890 has more digits than are kept/)
  for (const raw of ['', '{"job_type"', latin]) assert.deepEqual((await call('POST', '/job', { raw })).body, { error: 'Malformed json' })
  for (const [raw, text] of [
    ['5.0', 'Not recognised as json, make sure content type is application/json'],
    [
      '{"job_type": 5.0, "api_key": "k"}',
      'Job type 5.0 not available. Available job types are check_links, echo, echo_async, echo_raw, profile_resource',
    ],
    ['{"job_type": 0.0, "api_key": "k"}', 'Please specify a job type'],
    ['{"job_type": "echo", "api_key": -0.0}', 'Please provide your API key.'],
    ['{"job_type": "echo", "api_key": "k", "metadata": 5.0}', 'metadata has to be a json object'],
    ['{"job_type": "echo", "api_key": "k", "result_url": 5.0}', 'result_url has to start with http'],
  ] as const) {
    assert.deepEqual((await call('POST', '/job', { raw })).body, { error: text })
  }
  const plain = await call('POST', '/job', { raw: JSON.stringify(base), headers: { 'content-type': 'text/plain' } })
  assert.deepEqual([plain.status, plain.body['error']], [409, 'Not recognised as json, make sure content type is application/json'])
  const other = await call('POST', '/job', { raw: JSON.stringify(base), headers: { 'content-type': 'Application/vnd.x+JSON; charset=utf-8' } })
  assert.equal(other.status, 200)
})

test('an id of the own choice is kept, refused when taken, and free again after deletion', async () => {
  const body = { job_type: 'echo', data: 'x', api_key: 'k', metadata: { only: 'here' } }
  const path = `/job/${encodeURIComponent('ключ 1?')}`
  const first = await submit(body, path)
  assert.equal(first.body['job_id'], 'ключ 1?')
  assert.deepEqual([(await submit(body, path)).status, (await submit(body, path)).body], [409, { error: 'job_id ключ 1? already exists' }])
  assert.deepEqual((await call('GET', '/job?only=here')).body, { list: [path] })
  assert.equal((await call('DELETE', path)).status, 403)
  assert.deepEqual((await call('DELETE', path, { key: String(first.body['job_key']) })).body, { success: true })
  assert.equal((await call('GET', path)).status, 404)
  assert.deepEqual((await call('GET', '/job?only=here')).body, { list: [] })
  assert.equal((await submit(body, path)).status, 200)
  assert.deepEqual([(await submit(body, '/job/a%2Fb')).status, (await submit(body, '/job/a%2Fb')).body], [404, { error: 'job_id not found' }])
})

test('a job without data gets none, and is shown with an empty object', async () => {
  const { body } = await submit({ job_type: 'echo', api_key: 'k' })
  assert.deepEqual([body['status'], body['sent_data']], ['error', {}])
  assert.equal(typeof (body['error'] as { message: unknown }).message, 'string')
  const zero = await submit({ job_type: 'echo', data: 0, api_key: 'k' })
  assert.equal(zero.body['sent_data'], 0)
})

test('data and a result above 1 MB lie in the file store, and come back whole', async () => {
  const data = 'ä'.repeat(600_000)
  const { body } = await submit({ job_type: 'echo', data, api_key: 'k' })
  assert.deepEqual([body['status'], body['sent_data'] === data, body['data'] === `>${data}`], ['complete', true, true])
  const row = await hub.app.base.store.db
    .selectFrom('job')
    .select(['data', 'data_file', 'result', 'result_file'])
    .where('id', '=', String(body['job_id']))
    .executeTakeFirst()
  assert.deepEqual([row?.data, typeof row?.data_file, row?.result, typeof row?.result_file], [null, 'string', null, 'string'])
})

test('jobs are listed newest first, by page, status and metadata', async () => {
  const metadata = { listed: 'yes', n: 5, flag: true, nothing: null, nested: { a: 1, ü: [1, 2] } }
  const ids: string[] = []
  for (let at = 0; at < 3; at++)
    ids.unshift(`/job/${(await submit({ job_type: 'echo', data: at === 1 ? '>' : 'x', api_key: 'k', metadata })).body['job_id']}`)
  const list = async (query: string) => (await call('GET', `/job?listed=yes${query}`)).body['list']
  assert.deepEqual(await list(''), ids)
  assert.deepEqual(await list('&_limit=1&_offset=1'), [ids[1]])
  assert.deepEqual(await list('&_status=error'), [ids[1]])
  assert.deepEqual(await list('&_status=complete'), [ids[0], ids[2]])
  assert.deepEqual(await list('&_status=moo'), [])
  assert.deepEqual(await list('&_limit=0'), [])
  assert.deepEqual(await list('&n=5&flag=true&nothing=null'), ids)
  assert.deepEqual(await list(`&nested=${encodeURIComponent('{"a": 1, "\\u00fc": [1, 2]}')}`), ids)
  assert.deepEqual(await list('&n=6'), [])
  for (const bad of ['_limit=abc', '_limit=-1', '_offset=1.5']) assert.equal((await call('GET', `/job?${bad}`)).status, 409)
})

test('data is kept as it was sent, numbers too', async () => {
  for (const data of ['12345678901234567890', '1e400', '1.0', '-0', '[1.50, {"__proto__": 2.0}]']) {
    const { text } = await call('POST', '/job', { raw: `{"job_type": "echo", "api_key": 42.0, "data": ${data}}` })
    assert.ok(text.includes(`"sent_data":${data.replaceAll(' ', '')}`), text)
  }
})

test('whatever the content type says that is none, the surface answers', async () => {
  const id = (await submit({ job_type: 'echo', data: 'x', api_key: 'k' })).body['job_id']
  for (const type of ['garbage', 'application/json, text/plain', 'a/b/c', ';']) {
    const send = (method: string, path: string) => call(method, path, { raw: '{"a": 1}', headers: { 'content-type': type } })
    const refused = await send('POST', '/job')
    assert.deepEqual([refused.status, refused.body], [409, { error: 'Not recognised as json, make sure content type is application/json' }], type)
    const statuses = [
      await send('DELETE', '/job/none'),
      await send('DELETE', `/job/${id}`),
      await send('DELETE', '/job'),
      await send('POST', '/login'),
    ]
    assert.deepEqual(
      statuses.map((one) => one.status),
      [404, 403, 403, 401],
    )
  }
})

test('numbers of metadata are kept, shown and compared as they were written', async () => {
  const metadata = '{"exact": "yes", "whole": 5.0, "id": 12345678901234567890, "small": 0.00001, "mixed": ["a", 1.50, {"n": -0.0}]}'
  const raw = `{"job_type": "echo", "api_key": "k", "data": "x", "metadata": ${metadata}}`
  const { text, body } = await call('POST', '/job', { raw })
  assert.ok(text.includes('"metadata":{"exact":"yes","whole":5.0,"id":12345678901234567890,"small":0.00001,"mixed":["a",1.50,{"n":-0.0}]}'), text)
  const list = async (key: string, value: string) =>
    ((await call('GET', `/job?exact=yes&${key}=${encodeURIComponent(value)}`)).body['list'] as string[]).length
  assert.equal(body['status'], 'complete')
  for (const [key, value] of [
    ['whole', '5.0'],
    ['id', '12345678901234567890'],
    ['small', '1e-05'],
    ['mixed', '["a", 1.5, {"n": -0.0}]'],
  ] as const)
    assert.equal(await list(key, value), 1, key)
  assert.deepEqual([await list('whole', '5'), await list('id', '12345678901234567000')], [0, 0])
})

test('an id that is no percent-encoded UTF-8 is nobody’s', async () => {
  for (const [method, path] of [
    ['GET', '/job/%ff'],
    ['GET', '/job/%zz/data'],
    ['DELETE', '/job/%ff'],
    ['POST', '/job/%ff/cancel'],
  ] as const) {
    const { status, body } = await call(method, path)
    assert.deepEqual([status, body], [404, { error: 'job_id not found' }], path)
  }
  const { status, body } = await submit({ job_type: 'echo', data: 'x', api_key: 'k' }, '/job/%ff')
  assert.deepEqual([status, body], [409, { error: 'job_id has to be percent-encoded UTF-8' }])
})

test('only sysadmins clear away finished jobs', async () => {
  const { body } = await submit({ job_type: 'echo', data: 'x', api_key: 'k' })
  for (const days of ['0', 'abc', '-1']) assert.equal((await call('DELETE', `/job?days=${days}`)).status, 403)
  assert.equal((await call('DELETE', '/job?days=0', { key: String(body['job_key']) })).status, 403)
  for (const bad of ['abc', '1.5', '', '-1', '99999999999'])
    assert.equal((await call('DELETE', `/job?days=${bad}`, { key: hub.adminKey })).status, 409)
  assert.deepEqual((await call('DELETE', '/job?days=10', { key: hub.adminKey })).body, { success: true })
  assert.equal((await call('GET', `/job/${body['job_id']}`, { key: hub.adminKey })).status, 200)
  assert.deepEqual((await call('DELETE', '/job?days=0', { key: hub.adminKey })).body, { success: true })
  assert.equal((await call('GET', `/job/${body['job_id']}`, { key: hub.adminKey })).status, 404)
})

test('a finished job cannot be cancelled, and the result of a failed one is its error', async () => {
  const { body } = await submit({ job_type: 'echo', data: '>', api_key: 'k' })
  const key = String(body['job_key'])
  assert.deepEqual([(await call('POST', `/job/${body['job_id']}/cancel`, { key })).status], [409])
  assert.deepEqual((await call('POST', `/job/${body['job_id']}/cancel`, { key })).body, { error: 'job is finished' })
  const data = await call('GET', `/job/${body['job_id']}/data`, { key })
  assert.deepEqual([data.status, data.body], [409, { error: { message: 'do not start message with >' } }])
})

test('the key of a user of the hub makes that user the owner', async () => {
  const { body } = await submit({ job_type: 'echo', data: 'x', api_key: hub.adminKey })
  const job = await settled(body['job_id'])
  assert.equal(typeof job.userId, 'string')
})

test('a hundred equal submissions with one idempotency key make one job', async () => {
  const send = (data: string, path = '/job') =>
    call('POST', path, { body: { job_type: 'echo', data, api_key: 'k', metadata: { hundred: '1' } }, headers: { 'idempotency-key': 'once' } })
  const answers = await Promise.all([...Array(100)].map(() => send('x')))
  assert.deepEqual(new Set(answers.map((one) => `${one.status} ${one.body['job_id']} ${one.body['job_key']}`)).size, 1)
  assert.equal(answers[0]?.status, 200)
  assert.equal(((await call('GET', '/job?hundred=1')).body['list'] as unknown[]).length, 1)
  for (const other of [await send('another'), await send('x', '/job/own-id')]) {
    assert.deepEqual([other.status, other.body], [409, { error: 'this Idempotency-Key was used for another request' }])
  }
})

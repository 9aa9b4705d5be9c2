import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { z } from 'zod'
import { echo, echoAsync, echoRaw } from './builtin/echo.ts'
import { defineJob, JobError, raw } from './define.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'
import { testJob } from './test-job.ts'

/** A validator as libraries make them: says what is wrong where, and hands back a value of its own. */
const rowsSchema: StandardSchemaV1<unknown, { rows: number; name: string }> = {
  '~standard': {
    version: 1,
    vendor: 'tests',
    validate(value) {
      const { rows, name = 'none' } = value as { rows: unknown; name?: string }
      return typeof rows === 'number' ? { value: { rows, name } } : { issues: [{ message: 'has to be a number', path: [{ key: 'rows' }] }] }
    },
  },
}

const define = (run: Parameters<typeof defineJob>[0]['run']) => defineJob({ name: 'tested', mode: 'async', run })

test('the shipped functions do what the service promises of them', async () => {
  const cases = [
    [echo, 'ping', '>ping', undefined],
    [echo, '>x', null, 'do not start message with >'],
    [echo, '#x', null, 'Error: serious exception'],
    [echo, 5, null, 'data has to be a string'],
    [echoAsync, '&x', '>&x', undefined],
    [echoRaw, 'ping', 'ginp', undefined],
    [echoRaw, 'b\u{1f600}\uffffa', 'ab\uffff\u{1f600}', undefined],
    [echoRaw, '>x', null, 'Do not start message with >'],
  ] as const
  for (const [job, data, value, message] of cases) {
    const { data: got, error } = await testJob(job, { data })
    assert.deepEqual([got, error?.message], [value, message])
  }
  assert.deepEqual((await testJob(echo, { data: '&' })).logs, [{ level: 'WARNING', message: 'just a warning' }])
})

test('data and metadata are checked by any Standard Schema validator, and typed by it', async () => {
  const job = defineJob({
    name: 'checked',
    mode: 'sync',
    input: rowsSchema,
    metadata: Type.Object({ id: Type.String() }),
    run: ({ data }) => `${data.name.toUpperCase()} ${data.rows.toFixed(1)}`,
  })
  assert.equal((await testJob(job, { data: { rows: 2 }, metadata: { id: 'abc' } })).data, 'NONE 2.0')
  const { status, error } = await testJob(job, { data: { rows: 'two' }, metadata: { id: 'abc' } })
  assert.equal(status, 'error')
  assert.match(error?.message ?? '', /^data is not valid: rows: has to be a number$/)
  assert.deepEqual(error?.['details'], [{ path: 'rows', message: 'has to be a number' }])
})

test('a schema of zod does the same, and changes the data as it says', async () => {
  const input = z.object({ url: z.url(), rows: z.number().default(10) })
  const metadata = z.looseObject({ resource_id: z.string().optional() })
  const job = defineJob({
    name: 'zod',
    mode: 'sync',
    input,
    metadata,
    run: ({ data, metadata }) => `${data.rows.toFixed()} ${metadata.resource_id?.length}`,
  })
  assert.equal((await testJob(job, { data: { url: 'http://x/' }, metadata: { resource_id: 'abc', other: 1 } })).data, '10 3')
  assert.equal((await testJob(job, { data: { url: 'http://x/' } })).data, '10 undefined')
  assert.deepEqual((await testJob(job, { data: { url: 'x' } })).error?.['details'], [{ path: 'url', message: 'Invalid URL' }])
})

test('actions that a function calls are answered by the catalogue that the test gives', async () => {
  const job = defineJob({ name: 'asks', mode: 'async', run: (ctx) => ctx.catalog.action('package_list', { limit: 1 }) })
  const catalog = { action: async <T>(name: string, input: unknown = {}) => JSON.parse(JSON.stringify({ name, input })) as T }
  assert.deepEqual((await testJob(job, { catalog })).data, { name: 'package_list', input: { limit: 1 } })
  assert.match((await testJob(job)).error?.message ?? '', /no catalogue here for package_list/)
})

test('a JSON Schema does the same', async () => {
  const job = defineJob({ name: 'schema', mode: 'sync', input: Type.Object({ rows: Type.Number() }), run: ({ data }) => data })
  assert.deepEqual((await testJob(job, { data: { rows: 2 } })).data, { rows: 2 })
  assert.match((await testJob(job, { data: { rows: 'x' } })).error?.message ?? '', /^data is not valid: rows: /)
  assert.match((await testJob(job)).error?.message ?? '', /^data is not valid/)
})

test('details of an expected error stand beside its message', async () => {
  class NotThere extends JobError {}
  const job = define(() => {
    throw new NotThere('bad answer', { 'HTTP status code': 404 })
  })
  assert.deepEqual((await testJob(job)).error, { message: 'bad answer', 'HTTP status code': 404 })
})

test('what JSON cannot hold is an error, nothing returned is null', async () => {
  assert.deepEqual((await testJob(define(() => undefined))).data, null)
  for (const value of [() => 1, Symbol('x'), 1n, { deep: [() => 1] }]) assert.equal((await testJob(define(() => value))).status, 'error')
})

test('raw takes texts, bytes and iterables of either', async () => {
  for (const body of [
    'ab',
    new Uint8Array([97, 98]),
    ['a', 'b'],
    (async function* () {
      yield 'a'
      yield new Uint8Array([98])
    })(),
  ]) {
    assert.equal((await testJob(define(() => raw(body)))).data, 'ab')
  }
})

test('a function sees only what was sent', async () => {
  const keys = await testJob(define(({ input }) => Object.keys(input)))
  assert.deepEqual(keys.data, ['job_type', 'api_key'])
  const all = await testJob(
    define(({ input }) => input),
    { data: null, metadata: {}, apiKey: 5, resultUrl: 'http://x/' },
  )
  assert.deepEqual(all.data, { job_type: 'tested', api_key: 5, data: null, metadata: {}, result_url: 'http://x/' })
})

test('a bad description is refused when it is written', () => {
  const run = () => 1
  assert.throws(() => defineJob({ name: 'with blank', mode: 'sync', run }), /cannot name a job type/)
  assert.throws(() => defineJob({ name: 'x', mode: 'both' as 'sync', run }), /mode must be sync or async/)
  assert.throws(() => defineJob({ name: 'x', mode: 'sync', timeoutMs: -1, run }), /timeoutMs must be a whole number/)
})

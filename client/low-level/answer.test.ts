import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CkanApiError,
  CkanBadRequestError,
  CkanError,
  CkanHttpError,
  CkanLowLevelClient,
  CkanNotAuthorizedError,
  CkanNotFoundError,
  CkanProtocolError,
  CkanRateLimitError,
  CkanSearchError,
  CkanUnavailableError,
  CkanValidationError,
} from '../index.ts'
import { refusal, type ScriptedAnswer } from '../testing/scripted-server.ts'
import { withServer } from '../testing/with-server.ts'
import { flattenErrors } from './field-errors.ts'

const KEY = 'f00-secret-key'

/** The error that an action rejects with when the server gives this answer. */
async function errorFor(answer: ScriptedAnswer): Promise<CkanError> {
  let caught: unknown
  await withServer(
    () => answer,
    async ({ url }) => {
      caught = await new CkanLowLevelClient(url, { apiKey: KEY, retries: 0 }).action('package_create', { name: 'x' }).catch((error) => error)
    },
  )
  assert.ok(caught instanceof CkanError, `rejects with a CkanError, not ${String(caught)}`)
  return caught
}

const page = '<html><body><h1>Sorry</h1></body></html>'

const rows: { what: string; answer: ScriptedAnswer; type: new (...args: never[]) => CkanError; code: string }[] = [
  {
    what: 'a validation error',
    answer: refusal(409, { __type: 'Validation Error', name: ['taken'] }),
    type: CkanValidationError,
    code: 'VALIDATION',
  },
  { what: 'an unknown object', answer: refusal(404, { __type: 'Not Found Error', message: 'No' }), type: CkanNotFoundError, code: 'NOT_FOUND' },
  {
    what: 'a right that is missing',
    answer: refusal(403, { __type: 'Authorization Error', message: 'Access denied' }),
    type: CkanNotAuthorizedError,
    code: 'NOT_AUTHORIZED',
  },
  { what: 'a query error', answer: refusal(400, { __type: 'Search Query Error', message: 'bad' }), type: CkanSearchError, code: 'SEARCH' },
  { what: 'a search error', answer: refusal(409, { __type: 'Search Error', message: 'bad' }), type: CkanSearchError, code: 'SEARCH' },
  { what: 'an index error', answer: refusal(500, { __type: 'Search Index Error', message: 'bad' }), type: CkanSearchError, code: 'SEARCH' },
  { what: 'another type', answer: refusal(400, { __type: 'Integrity Error', message: 'bad' }), type: CkanApiError, code: 'API' },
  { what: 'no type', answer: refusal(500, { message: 'bad' }), type: CkanApiError, code: 'API' },
  { what: 'a type with status 200', answer: refusal(200, { __type: 'Not Found Error', message: 'No' }), type: CkanNotFoundError, code: 'NOT_FOUND' },
  { what: 'a JSON text with 400', answer: { status: 400, body: '"Action name not known: x"' }, type: CkanBadRequestError, code: 'BAD_REQUEST' },
  { what: 'a page with 404', answer: { status: 404, body: page }, type: CkanHttpError, code: 'HTTP' },
  { what: 'a page with 403', answer: { status: 403, body: page }, type: CkanHttpError, code: 'HTTP' },
  { what: 'a page with 500', answer: { status: 500, body: page }, type: CkanHttpError, code: 'HTTP' },
  { what: 'an error text with 500', answer: { status: 500, body: { success: false, error: 'broken' } }, type: CkanHttpError, code: 'HTTP' },
  { what: 'too many requests', answer: { status: 429, body: page }, type: CkanRateLimitError, code: 'RATE_LIMITED' },
  { what: 'a gateway', answer: { status: 502, body: page }, type: CkanUnavailableError, code: 'UNAVAILABLE' },
  { what: 'a JSON gateway', answer: refusal(503, { message: 'busy' }), type: CkanUnavailableError, code: 'UNAVAILABLE' },
  { what: 'a page with 200', answer: { body: page }, type: CkanProtocolError, code: 'PROTOCOL' },
  { what: 'JSON of another API', answer: { body: { error: true, message: 'Not found' } }, type: CkanProtocolError, code: 'PROTOCOL' },
  { what: 'a refusal without an error object', answer: { body: { success: false, error: 'x' } }, type: CkanProtocolError, code: 'PROTOCOL' },
  { what: 'success without result', answer: { body: { success: true } }, type: CkanProtocolError, code: 'PROTOCOL' },
  { what: 'JSON null', answer: { body: null }, type: CkanProtocolError, code: 'PROTOCOL' },
]

for (const { what, answer, type, code } of rows) {
  test(`${what} becomes ${type.name}`, async () => {
    const error = await errorFor(answer)
    assert.equal(error.constructor, type)
    assert.equal(error.name, type.name)
    assert.equal(error.code, code)
    assert.equal(error.status, answer.status ?? 200)
    assert.equal(error.action, 'package_create')
    assert.equal(error.method, 'POST')
    assert.equal(error.attempts, 1)
    assert.match(error.url ?? '', /\/api\/3\/action\/package_create$/)
  })
}

test('a validation error keeps the nested errors and gives them flat', async () => {
  const error = await errorFor(
    refusal(409, {
      __type: 'Validation Error',
      name: ['That URL is already in use.'],
      resources: [{}, { url: ['Missing value'] }],
      extras: [{ key: 'x' }],
    }),
  )
  assert.ok(error instanceof CkanValidationError)
  assert.deepEqual(error.errorDict, { name: ['That URL is already in use.'], resources: [{}, { url: ['Missing value'] }], extras: [{ key: 'x' }] })
  assert.deepEqual(error.fields, { name: ['That URL is already in use.'], 'resources.1.url': ['Missing value'], 'extras.0.key': ['x'] })
  assert.equal(error.type, 'Validation Error')
  assert.match(error.message, /package_create: .*name: That URL is already in use\.; resources\.1\.url: Missing value/)
})

test('an error of the server is found real, not logical', async () => {
  const error = await errorFor(refusal(404, { __type: 'Not Found Error', message: 'No such dataset' }))
  assert.ok(error instanceof CkanNotFoundError)
  assert.equal(error.logical, false)
  assert.equal(error.reason, 'missing')
  assert.match(error.message, /No such dataset/)
})

test('an HTML page shows up as a snippet in the message and is kept up to 2000 characters', async () => {
  const error = await errorFor({ status: 500, body: `<h1>Crash</h1>\n\n${'x'.repeat(5000)}` })
  assert.match(error.message, /HTTP status 500: <h1>Crash<\/h1> x/)
  assert.ok(error.message.length < 300)
  assert.equal(error.body?.length, 2000)
})

test('the API key is in no part of an error, even if the server echoes it', async () => {
  const echoes: ScriptedAnswer[] = [
    { status: 500, body: `Authorization: ${KEY}` },
    { body: `Authorization: ${KEY}` },
    { status: 400, body: JSON.stringify(`no ${KEY}`) },
    refusal(403, { __type: 'Authorization Error', message: `key ${KEY} unknown` }),
    refusal(409, { __type: 'Validation Error', key: [`${KEY}`] }),
    { status: 302, headers: { location: `/login?key=${KEY}` } },
    { fault: 'reset' },
  ]
  for (const answer of echoes) {
    const error = await errorFor(answer)
    const everything = `${error.message} ${JSON.stringify(error)} ${error.stack} ${String(error.cause)}`
    assert.ok(!everything.includes(KEY), everything)
  }
})

test('an error as JSON holds everything a log needs', async () => {
  const error = await errorFor(refusal(409, { __type: 'Validation Error', name: ['taken'] }))
  const json: unknown = JSON.parse(JSON.stringify(error))
  assert.deepEqual(json, {
    name: 'CkanValidationError',
    code: 'VALIDATION',
    message: 'package_create: not valid: name: taken',
    status: 409,
    action: 'package_create',
    url: error.url,
    method: 'POST',
    attempts: 1,
    body: error.body,
    error: { __type: 'Validation Error', name: ['taken'] },
    type: 'Validation Error',
    errorDict: { name: ['taken'] },
    fields: { name: ['taken'] },
    cause: null,
  })
})

test('errors of other routes are told by status', () =>
  withServer(
    () => ({ status: 404, body: { error: 'job_id not found' } }),
    async ({ url }) => {
      const client = new CkanLowLevelClient(url)
      await assert.rejects(client.request('GET', '/job/x'), (error) => {
        assert.ok(error instanceof CkanHttpError)
        assert.equal(error.status, 404)
        assert.equal(error.action, null)
        assert.match(error.message, /GET \/job\/x: HTTP status 404: .*job_id not found/)
        return true
      })
    },
  ))

test('any JSON at all flattens to lists of texts', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const messages of Object.values(flattenErrors(value))) {
        assert.ok(messages.length > 0 && messages.every((message) => typeof message === 'string'))
      }
    }),
  )
})

test('whatever a server answers, an action gives a result or a CkanError', async () => {
  let answer: ScriptedAnswer = {}
  await withServer(
    () => answer,
    async ({ url }) => {
      const client = new CkanLowLevelClient(url, { retries: 0 })
      const envelope = fc.record(
        { success: fc.oneof(fc.boolean(), fc.jsonValue()), error: fc.jsonValue(), result: fc.jsonValue() },
        { requiredKeys: [] },
      )
      const status = fc.constantFrom(200, 201, 204, 300, 304, 400, 403, 404, 409, 418, 429, 500, 503)
      await fc.assert(
        fc.asyncProperty(status, fc.oneof(envelope, fc.jsonValue(), fc.string()), async (code, body) => {
          answer = { status: code, body: code === 204 || code === 304 ? '' : body }
          const outcome: unknown = await client.action('x').then(
            () => undefined,
            (error) => error,
          )
          assert.ok(outcome === undefined || outcome instanceof CkanError, String(outcome))
        }),
        { numRuns: 150 },
      )
    },
  )
})

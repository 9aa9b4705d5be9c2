import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { startHub } from './hub.ts'

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())

type Method = NonNullable<InjectOptions['method']>
type Paths = Record<string, Record<string, unknown>>

const description: { paths: Paths } = (await hub.http.inject('/openapi.json')).json()
const offered = new Set(['get', 'post', 'put', 'patch', 'delete'])
const routes = Object.entries(description.paths).flatMap(([path, operations]) =>
  Object.keys(operations)
    .filter((method) => offered.has(method))
    .map((method) => ({ path, method: method.toUpperCase() as Method })),
)

/** Texts that take the place of what a path has in braces. */
const segments = ['no-such-thing', '%00', '%F0%9F%98%80', 'x'.repeat(300), "'or'1", '__proto__', '%2e%2e%2f', '-1']
const json = 'application/json'
const bodies: { payload?: string; type?: string }[] = [
  {},
  { payload: '', type: json },
  { payload: '{', type: json },
  { payload: '[]', type: json },
  { payload: '"text"', type: json },
  { payload: 'null', type: json },
  { payload: '{"id":{"a":[1]},"name":7,"__proto__":{"x":1}}', type: json },
  { payload: '{"id":"\\u0000","name":"\\ud800","job_type":"\\u0000","api_key":"\\ud800"}', type: json },
  { payload: `${'['.repeat(500)}${']'.repeat(500)}`, type: json },
  { payload: 'a=1&b=%', type: 'application/x-www-form-urlencoded' },
  { payload: '\u00ff\u0000', type: 'text/plain' },
  { payload: 'no boundary at all', type: 'multipart/form-data' },
  { payload: '--x\r\nbroken', type: 'multipart/form-data; boundary=x' },
]

const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The form of errors below the first segment of a path. */
function hasShape(path: string, body: unknown): boolean {
  const first = path.split('/')[1]
  if (first === 'api')
    return isText(body) || (isRecord(body) && body['success'] === false && isRecord(body['error']) && isText(body['error']['__type']))
  if (!isRecord(body)) return false
  if (first === 'v6') return isText(body['detail'])
  if (path === '/source/upload') return body['success'] === false && Array.isArray(body['errors']) && Object.keys(body).length === 4
  if (path === '/source/update') return body['success'] === 'fail' && Array.isArray(body['errors'])
  return isText(body['error'])
}

async function ask(
  route: { path: string; method: Method },
  attempt: { segment: string; payload?: string; type?: string; key?: string },
): Promise<string | undefined> {
  const url = route.path.replaceAll(/\{[^}]*\}/g, attempt.segment)
  const headers: Record<string, string> = {
    ...(attempt.type && { 'content-type': attempt.type }),
    ...(attempt.key && { authorization: attempt.key }),
  }
  const answer = await hub.http.inject({ method: route.method, url, headers, ...(attempt.payload !== undefined && { payload: attempt.payload }) })
  const what = `${route.method} ${url.slice(0, 120)} ${JSON.stringify(attempt).slice(0, 200)} -> ${answer.statusCode} ${answer.body.slice(0, 200)}`
  if (answer.statusCode >= 500) return what
  if (answer.statusCode < 400 || answer.body === '') return undefined
  if (/text\/html|text\/plain/.test(String(answer.headers['content-type'])) && route.path.startsWith('/login')) return undefined
  return hasShape(url, JSON.parse(answer.body)) ? undefined : what
}

test('every route answers bad bodies, strange ids and unknown callers in the form of its surface, and never with a 5xx', async () => {
  assert.ok(routes.length > 40)
  const faults: (string | undefined)[] = []
  for (const route of routes) {
    for (const key of [undefined, hub.adminKey]) {
      for (const body of bodies) faults.push(await ask(route, { segment: 'no-such-thing', ...body, ...(key && { key }) }))
    }
    faults.push(await ask(route, { segment: 'no-such-thing', payload: '{}', type: json, key: 'no-such-key' }))
    if (route.path.includes('{'))
      for (const segment of segments) faults.push(await ask(route, { segment, payload: '{}', type: json, key: hub.adminKey }))
  }
  assert.deepEqual(
    faults.filter((one) => one !== undefined),
    [],
  )
})

test('unknown paths and wrong methods are answered in the form of the surface whose path it is', async () => {
  for (const path of [
    '/api/nothing',
    '/api/3/nothing/here',
    '/job/a/b/c',
    '/status/x',
    '/v6/nothing/',
    '/source/x',
    '/auth/nothing',
    '/nothing',
    '/v6/job-types/%zz/',
    '/job/%zz',
  ]) {
    const answer = await hub.http.inject({ method: 'GET', url: path })
    assert.ok([400, 404, 405].includes(answer.statusCode), `${path} ${answer.statusCode}`)
    assert.ok(hasShape(path, answer.json()), `${path} ${answer.body}`)
  }
  for (const route of routes) {
    const answer = await hub.http.inject({ method: 'PUT', url: route.path.replaceAll(/\{[^}]*\}/g, 'x') })
    assert.equal(answer.statusCode, 405, `PUT ${route.path}`)
    assert.ok(hasShape(route.path.replaceAll(/\{[^}]*\}/g, 'x'), answer.json()), `PUT ${route.path} ${answer.body}`)
    assert.ok(answer.headers.allow)
  }
})

test('a body that is too large is refused in the form of its surface', async () => {
  const payload = JSON.stringify({ text: 'x'.repeat(11 * 1024 * 1024) })
  for (const path of ['/api/3/action/package_create', '/job', '/v6/job-types/', '/source/upload']) {
    const answer = await hub.http.inject({ method: 'POST', url: path, payload, headers: { 'content-type': json, authorization: hub.adminKey } })
    assert.equal(answer.statusCode, 413, path)
    assert.ok(hasShape(path, answer.json()), `${path} ${answer.body}`)
  }
})

const privateResource = '7b2f0a44-5f0e-4a5e-9d3c-0c8f6b1f0a11'

async function makePrivateResource(): Promise<void> {
  const call = async (name: string, payload: object) => {
    const answer = await hub.http.inject({ method: 'POST', url: `/api/3/action/${name}`, headers: { authorization: hub.adminKey }, payload })
    assert.equal(answer.statusCode, 200, answer.body)
  }
  await call('organization_create', { name: 'closed' })
  const resources = [{ id: privateResource, url: 'http://a.example/1.csv' }]
  await call('package_create', { name: 'closed-data', owner_org: 'closed', private: true, resources })
}

test('every surface tells a refused caller with an unknown key that the key is unknown; public reads answer', async () => {
  await makePrivateResource()
  const spec = { meta: { ownerid: 'x', dataset: 'y' } }
  const event = { pipeline_id: 'a/b/1/c', event: 'start' }
  const refusals: [Method, string, object | undefined, number][] = [
    ['POST', '/api/3/action/package_create', { name: 'x1' }, 403],
    ['POST', '/api/action/package_create', { name: 'x1' }, 200],
    ['GET', '/api/3/action/user_show', undefined, 404],
    ['GET', '/api/3/action/package_show?id=closed-data', undefined, 403],
    ['GET', `/dataset/closed-data/resource/${privateResource}/download/1.csv`, undefined, 403],
    ['DELETE', '/job', undefined, 403],
    ['POST', '/v6/job-types/', {}, 401],
    ['POST', '/v6/job-types/validation/', {}, 401],
    ['POST', '/source/upload', spec, 200],
    ['POST', '/source/update', event, 403],
    ['GET', '/source/a/b/latest', undefined, 404],
    ['GET', '/auth/authorize?service=source', undefined, 200],
  ]
  const said = /API key( that)? is (not )?known/
  for (const [method, url, payload, status] of refusals) {
    for (const [headers, isSaid] of [
      [{ authorization: 'no-such-key' }, true],
      [{ 'x-ckan-api-key': 'no-such-key' }, true],
      [{}, false],
    ] as const) {
      const answer = await hub.http.inject({ method, url, headers, ...(payload && { payload }) })
      assert.equal(answer.statusCode, status, `${method} ${url} ${answer.body}`)
      assert.equal(said.test(answer.body), isSaid, `${method} ${url} ${answer.body}`)
    }
  }
  for (const url of ['/api/3/action/package_list', '/api/3/action/package_search?q=x', '/job', '/status', '/v6/job-types/', '/changes', '/user']) {
    const answer = await hub.http.inject({ url, headers: { authorization: 'no-such-key' } })
    assert.equal(answer.statusCode, 200, url)
  }
})

test('a JSONP call is anonymous in spite of credentials, and its answer does not say that the key is unknown', async () => {
  const answer = await hub.http.inject({ url: '/api/3/action/user_show?callback=f', headers: { authorization: 'no-such-key' } })
  assert.equal(answer.statusCode, 404)
  assert.doesNotMatch(answer.body, /API key is not known/)
})

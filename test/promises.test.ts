import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { buildManifest } from './job-types.ts'
import { holdFields, holdStatus, holds, promisesOf } from './promise.ts'
import { sampleResource } from './sample-data.ts'
import { flowEnd, postSpec, specOf, startSourceHub, uploadAs } from './source-hub.ts'

// What the documents promise and a plain call can show: that a route is there, what its answers hold, with which status they come.
// The parameters are shown by the tables of parameters of each surface.

const at = await startSourceHub({ MILLRACE_CONCURRENCY: '2' })
after(() => at.close())
await at.work()
const { hub } = at
const actionPromises = promisesOf('Action API')

interface Called {
  readonly status: number
  readonly json: unknown
}

async function call(method: string, path: string, options: { body?: unknown; key?: string; headers?: Record<string, string> } = {}): Promise<Called> {
  const { body, key, headers } = options
  const all = { ...(body !== undefined && { 'content-type': 'application/json' }), ...(key !== undefined && { authorization: key }), ...headers }
  const answer = await fetch(hub.url + path, { method, headers: all, body: body === undefined ? null : text(body), redirect: 'manual' })
  const shown = await answer.text()
  return { status: answer.status, json: /json/.test(answer.headers.get('content-type') ?? '') && shown !== '' ? JSON.parse(shown) : shown }
}

const text = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body))
const member = (value: unknown, key: string | number): unknown => (value as Record<string | number, unknown> | undefined)?.[key]
const admin = (method: string, path: string, body?: unknown) => call(method, path, { key: hub.adminKey, ...(body !== undefined && { body }) })

test('every action of the document of 2011 is there and answers in the envelope', async () => {
  for (const name of actionPromises.filter((id) => /^[a-z_]+$/.test(id))) {
    const { json } = await admin('POST', `/api/action/${name}`, {})
    assert.equal(typeof member(json, 'success'), 'boolean', `${name}: ${text(json)}`)
    assert.ok(Object.hasOwn(json as object, 'help'), name)
    holds(name, 'answer.help', 'answer.success', `answer.${member(json, 'success') ? 'result' : 'error'}`)
  }
})

test('a dataset shows the keys that the document of 2011 lists, and so do its parts', async () => {
  await admin('POST', '/api/action/group_create', { name: 'spending' })
  const made = await admin('POST', '/api/action/package_create', {
    name: 'uk-spending',
    tags: ['government-spending'],
    groups: ['spending'],
    extras: [{ key: 'number_of_links', value: '10000' }],
    resources: [{ url: 'http://gov.example/spend-july-2009.csv', format: 'XLS' }],
  })
  assert.equal(member(made.json, 'success'), true, text(made.json))
  const dataset = member((await admin('POST', '/api/action/package_show', { id: 'uk-spending' })).json, 'result')
  const parts: Record<string, unknown> = {
    Package: dataset,
    'Package Extra': member(member(dataset, 'extras'), 0),
    Resource: member(member(dataset, 'resources'), 0),
    Tag: member(member(dataset, 'tags'), 0),
  }
  for (const id of actionPromises.filter((one) => /^[A-Z]/.test(one))) {
    const [kind = '', key = ''] = id.split('.')
    assert.ok(Object.hasOwn(parts[kind] as object, key), `${id} is not in ${text(parts[kind])}`)
    holds(id)
  }
})

test('the printed calls of curl are answered', async () => {
  await admin('POST', '/api/action/package_create', { name: 'uk-quango-data', id: 'fd788e57-dce4-481c-832d-497235bf9f78' })
  for (const id of actionPromises.filter((one) => one.startsWith('curl '))) {
    const [, path = '', body = ''] = /^curl http:\/\/[^/]+(\S+) -d '(.*)'$/.exec(id) ?? []
    const { status, json } = await call('POST', path, { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    assert.deepEqual([status, member(json, 'success')], [200, true], id)
    holds(id)
  }
})

test('the routes of the job service answer with the promised fields and statuses', async () => {
  const document = 'Job service'
  holdFields(document, 'GET /status', (await call('GET', '/status')).json)
  holdFields(document, 'GET /user', (await admin('GET', '/user')).json)
  holdFields(document, 'GET /', (await call('GET', '/', { headers: { accept: 'application/json' } })).json)
  assert.equal((await call('GET', '/logout')).status, 302)
  assert.equal((await call('GET', '/login', { headers: { accept: 'text/html' } })).status, 200)
  holds('GET /logout', 'GET /login')
  const id = randomUUID()
  const job = { job_type: 'check_links', api_key: 'own key', data: { id: 'uk-spending' }, metadata: { mimetype: 'text/plain' } }
  for (const [route, path] of [
    ['POST /job', '/job'],
    ['POST /job/{}', `/job/${id}`],
  ] as const) {
    const answer = await call('POST', path, { body: job })
    assert.equal(answer.status, 200, text(answer.json))
    holdStatus(route, answer)
    holdFields(document, route, answer.json)
    const refused = await call('POST', path, { body: { ...job, job_type: 'none' } })
    assert.equal(refused.status, 409)
    holdStatus(route, refused)
  }
  const shown = await admin('GET', `/job/${id}`)
  holdFields(document, 'GET /job/{}', shown.json)
  const listed = await call('GET', '/job')
  assert.equal(listed.status, 200)
  holds('GET /job')
})

test('jobs are shown, read and removed with the promised statuses', async () => {
  const id = randomUUID()
  await call('POST', `/job/${id}`, { body: { job_type: 'check_links', api_key: 'own key', data: { id: 'nothing' } } })
  const good = randomUUID()
  await call('POST', `/job/${good}`, { body: { job_type: 'check_links', api_key: 'own key', data: { id: 'uk-quango-data' } } })
  for (const one of [id, good]) await endOf(one)
  const routes: readonly (readonly [route: string, method: string, path: string, key: string | undefined, status: number])[] = [
    ['GET /job/{}', 'GET', `/job/${id}`, hub.adminKey, 200],
    ['GET /job/{}', 'GET', `/job/${id}`, undefined, 403],
    ['GET /job/{}', 'GET', '/job/none', hub.adminKey, 404],
    ['GET /job/{}', 'GET', `/job/${id}?limit=abc`, hub.adminKey, 409],
    ['GET /job/{}/data', 'GET', `/job/${id}/data`, undefined, 403],
    ['GET /job/{}/data', 'GET', '/job/none/data', hub.adminKey, 404],
    ['GET /job/{}/data', 'GET', `/job/${id}/data`, hub.adminKey, 409],
    ['GET /job/{}/data', 'GET', `/job/${good}/data`, hub.adminKey, 200],
    ['DELETE /job', 'DELETE', '/job', undefined, 403],
    ['DELETE /job', 'DELETE', '/job?days=abc', hub.adminKey, 409],
    ['DELETE /job/{}', 'DELETE', `/job/${id}`, undefined, 403],
    ['DELETE /job/{}', 'DELETE', '/job/none', hub.adminKey, 404],
    ['DELETE /job/{}', 'DELETE', `/job/${id}`, hub.adminKey, 200],
    ['DELETE /job', 'DELETE', '/job?days=1', hub.adminKey, 200],
  ]
  for (const [route, method, path, key, status] of routes) {
    const answer = await call(method, path, key === undefined ? {} : { key })
    assert.equal(answer.status, status, `${method} ${path}: ${text(answer.json)}`)
    holdStatus(route, answer)
  }
})

/** Waits for the end of a job; woken by ends of jobs. */
async function endOf(id: string): Promise<void> {
  const { store } = hub.app.base
  for (let wake = woken(); ; wake = woken()) {
    const { json } = await admin('GET', `/job/${id}`)
    if (member(json, 'finished_timestamp') !== null) return
    await wake
  }
  function woken() {
    return new Promise<void>((resolve) => {
      const unlisten = store.listen('finished', () => {
        unlisten()
        resolve()
      })
    })
  }
}

test('lists, types and revisions of the registry have the promised fields', async () => {
  const document = 'Registry of job types'
  const made = await admin('POST', '/v6/job-types/', { docker_image: 'x:1', manifest: buildManifest({ name: 'words' }) })
  holdStatus('POST /v6/job-types', made)
  const paths = {
    'GET /v6/job-type-names': '/v6/job-type-names/',
    'GET /v6/job-types': '/v6/job-types/',
    'GET /v6/job-types/{}': '/v6/job-types/words/',
    'GET /v6/job-types/{}/{}': '/v6/job-types/words/1.0.0/',
    'GET /v6/job-types/{}/{}/revisions': '/v6/job-types/words/1.0.0/revisions/',
    'GET /v6/job-types/{}/{}/revisions/{}': '/v6/job-types/words/1.0.0/revisions/1/',
  }
  for (const [route, path] of Object.entries(paths)) {
    const answer = await call('GET', path)
    assert.equal(answer.status, 200, text(answer.json))
    holdStatus(route, answer)
    holdFields(document, route, answer.json, member(member(answer.json, 'results'), 0))
  }
  const checked = await admin('POST', '/v6/job-types/validation/', { manifest: buildManifest({ name: 'more' }) })
  const edited = await admin('PATCH', '/v6/job-types/words/1.0.0/', { is_paused: true })
  for (const [route, answer] of [
    ['POST /v6/job-types/validation', checked],
    ['PATCH /v6/job-types/{}/{}', edited],
  ] as const) {
    assert.equal(answer.status, 200, text(answer.json))
    holdStatus(route, answer)
    holdFields(document, route, answer.json)
  }
})

test('a flow is uploaded and shown, by revision, latest and latest success, with the promised fields', async () => {
  const document = 'Spec store'
  const spec = specOf(at.mona, 'table', [sampleResource('airports')], { url: `${at.data.url}/datapackage.json` })
  const uploaded = await postSpec(at, spec, at.mona.token)
  assert.equal(uploaded.status, 200)
  holdFields(document, 'POST /source/upload', uploaded.body)
  holds('POST /source/upload Auth-Token:')
  const flow = await flowEnd(at, String(uploaded.body.flow_id))
  const path = `/source/${flow.id}`
  const pipeline = Object.values(flow.pipelines)[0]
  assert.equal(flow.state, 'SUCCEEDED', text(flow))
  holds('state SUCCEEDED')
  holdFields(document, 'GET /source/{}/{}/{}', flow, flow.stats, pipeline)
  for (const name of ['latest', 'successful']) {
    const { status, json } = await call('GET', path.replace(/[^/]+$/, name))
    assert.deepEqual([status, member(json, 'id')], [200, flow.id])
    holds(`GET /source/{}/{}/${name}`)
  }
  const broken = await uploadAs(at, at.mona, specOf(at.mona, 'broken', [{ name: 'none', path: `${at.data.url}/data/none.csv` }]))
  assert.equal((await flowEnd(at, broken)).state, 'FAILED')
  holds('state FAILED')
})

test('an event is answered with the promised fields', async () => {
  const { json } = await call('POST', '/source/update', { key: at.mona.apiKey, body: { pipeline: 'none', event: 'start' } })
  holdFields('Spec store', 'POST /source/update', json)
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { adminKey, startHub } from '../../../test/hub.ts'
import { buildManifest, readExample } from '../../../test/job-types.ts'
import { holdExample, holdStatus } from '../../../test/promise.ts'
import { addUser } from '../../auth/user.ts'
import type { SeedManifest } from '../../job-types/manifest/schema.ts'
import { saveSystemTypes } from '../../job-types/system.ts'

/** The document whose promises these tests hold. */
const document = 'Registry of job types'
const site = 'https://hub.example.org'
const hub = await startHub({ MILLRACE_SITE_URL: site }, { http: true, workers: false })
after(hub.close)
await addUser(hub.app.base, { name: 'reader', apiKey: 'reader-key-0000001' })

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

async function ask(method: Method, url: string, body?: unknown, key: string | undefined = adminKey) {
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { ...(key && { authorization: key }), ...(payload !== undefined && { 'content-type': 'application/json' }) }
  const answer = await hub.http.inject({ method, url, headers, ...(payload !== undefined && { payload }) })
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, json: answer.body ? JSON.parse(answer.body) : undefined }
}

const get = async (url: string) => (await ask('GET', url)).json
const post = (job: Partial<SeedManifest['job']>, more: object = {}) =>
  ask('POST', '/v6/job-types/', { docker_image: 'image:1', manifest: buildManifest(job), ...more })
const patch = (name: string, body: unknown) => ask('PATCH', `/v6/job-types/${name}/1.0.0/`, body)

const briefKeys =
  'created deprecated description docker_image icon_code id is_active is_paused is_published is_system last_modified max_scheduled max_tries name paused revision_num title unmet_resources version'
const nameOf = ({ name }: { name: string }) => name
const keysOf = (value: object) => Object.keys(value).sort().join(' ')

test('the documented registration, as printed: 201, Location, and the type is stored', async () => {
  const example = await readExample('add')
  const posted = await ask('POST', '/v6/job-types/', example)
  assert.equal(posted.status, 201)
  assert.equal(posted.headers['location'], `${site}/v6/job-types/test/1.0.0/`)
  assert.equal(keysOf(posted.json), [...briefKeys.split(' '), 'configuration', 'manifest', 'recipe_types'].sort().join(' '))
  const { icon_code, max_scheduled, max_tries, revision_num, unmet_resources, is_active, is_published, deprecated } = posted.json
  assert.deepEqual(
    [icon_code, max_scheduled, max_tries, revision_num, unmet_resources, is_active, is_published, deprecated],
    ['f1c5', 1, 3, 1, null, true, false, null],
  )
  const { settings, ...configuration } = JSON.parse(example).configuration
  assert.deepEqual(posted.json.configuration, { ...configuration, priority: 100, settings: { DB_HOST: settings.DB_HOST } })
  assert.deepEqual((await ask('GET', '/v6/job-types/test/1.0.0/', undefined, '')).json, posted.json)
  holdStatus('POST /v6/job-types', posted)
  holdExample(document, 'POST /v6/job-types', posted.json)
  holdExample(document, 'GET /v6/job-types/{}/{}', posted.json)
  holdExample(document, 'GET /v6/job-type-names', await get('/v6/job-type-names/'))
  holdExample(document, 'GET /v6/job-types', await get('/v6/job-types/'))
  holdExample(document, 'GET /v6/job-types/{}', await get('/v6/job-types/test/'))
  holdExample(document, 'GET /v6/job-types/{}/{}/revisions', await get('/v6/job-types/test/1.0.0/revisions/'))
  holdExample(document, 'GET /v6/job-types/{}/{}/revisions/{}', await get('/v6/job-types/test/1.0.0/revisions/1/'))
})

test('the documented validation, as printed: valid, and nothing is stored', async () => {
  const before = (await get('/v6/job-types/')).count
  const { status, json } = await ask('POST', '/v6/job-types/validation/', await readExample('validate'), 'reader-key-0000001')
  assert.equal(status, 200)
  assert.deepEqual([json.is_valid, json.errors], [true, []])
  assert.deepEqual(
    json.warnings.map(({ name }: { name: string }) => name),
    ['MISSING_ERROR_NAME', 'MISSING_ERROR_NAME'],
  )
  assert.equal((await get('/v6/job-types/')).count, before)
  holdExample(document, 'POST /v6/job-types/validation', json)
})

test('the documented edit, as printed: valid without warnings, and applied', async () => {
  const edited = await ask('PATCH', '/v6/job-types/test/1.0.0/', await readExample('edit'))
  assert.deepEqual([edited.status, edited.json], [200, { is_valid: true, errors: [], warnings: [] }])
  const { icon_code, is_published, max_scheduled, revision_num } = await get('/v6/job-types/test/1.0.0/')
  assert.deepEqual([icon_code, is_published, max_scheduled, revision_num], ['012F', true, 1, 1])
})

test('posting a known pair again is an edit with a new revision', async () => {
  const again = await ask('POST', '/v6/job-types/', await readExample('add'))
  assert.equal(again.status, 200)
  assert.equal(again.headers['location'], undefined)
  assert.deepEqual(
    [again.json.is_valid, again.json.errors, again.json.warnings.map(nameOf)],
    [true, [], ['MISSING_ERROR_NAME', 'MISSING_ERROR_NAME', 'NO_EFFECT']],
  )
  const page = await get('/v6/job-types/test/1.0.0/revisions/')
  assert.deepEqual(
    page.results.map(({ revision_num }: { revision_num: number }) => revision_num),
    [2, 1],
  )
  assert.equal(keysOf(page.results[0]), 'created docker_image id job_type revision_num')
  const { job_type, manifest, ...rest } = await get('/v6/job-types/test/1.0.0/revisions/1/')
  assert.equal(manifest.job.name, 'test')
  assert.equal(keysOf(job_type), 'description icon_code id is_active is_paused is_published is_system name title unmet_resources version')
  assert.deepEqual({ ...page.results[1] }, { ...rest, job_type })
})

test('a new version of a known name is another type', async () => {
  await post({ name: 'sisters' }, { icon_code: 'f013', max_scheduled: 4 })
  const { status, json } = await post({ name: 'sisters', jobVersion: '1.1.0' })
  assert.deepEqual([status, json.revision_num, json.icon_code, json.max_scheduled], [201, 1, null, null])
})

test('concurrent posts of one pair: one 201 with revision 1, the others 200, no gap and no 500', async () => {
  const all = await Promise.all([...Array(8)].map(() => post({ name: 'race' })))
  assert.deepEqual(all.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 200, 200, 201])
  const { results } = await get('/v6/job-types/race/1.0.0/revisions/')
  assert.deepEqual(
    results.map(({ revision_num }: { revision_num: number }) => revision_num),
    [8, 7, 6, 5, 4, 3, 2, 1],
  )
})

test('secrets are in no answer, in no error text and in no row of a list', async () => {
  const secret = 'hunter2-hunter2'
  const manifest = buildManifest({ name: 'hidden', interface: { settings: [{ name: 'PASS', secret: true }] } })
  const configuration = { settings: { PASS: secret } }
  const answers = [
    await post({}, { manifest, configuration }),
    await ask('POST', '/v6/job-types/validation/', { manifest, configuration }),
    await post({}, { manifest, configuration: { settings: { PASS: [secret] } } }),
    await post({}, { manifest, configuration: { settings: secret } }),
    await post({}, { manifest, configuration: { priority: secret } }),
    await post({}, { manifest, configuration: secret }),
    await ask('POST', '/v6/job-types/', `{"docker_image": "x", "configuration": {"settings": {"PASS": "${secret}"} nonsense`),
    await ask('POST', '/v6/job-types/', `"${secret}"`),
    await patch('hidden', { configuration }),
    await patch('hidden', { configuration, other: 1 }),
    await ask('POST', '/v6/job-types/validation/', { manifest: { ...manifest, x: 1 }, configuration: { settings: { PASS: { a: secret } } } }),
    ...(await Promise.all(
      ['', 'hidden/', 'hidden/1.0.0/', 'hidden/1.0.0/revisions/', 'hidden/1.0.0/revisions/1/'].map((path) => ask('GET', `/v6/job-types/${path}`)),
    )),
  ]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 200, 400, 400, 400, 400, 400, 400, 200, 400, 200, 200, 200, 200, 200, 200],
  )
  for (const { text } of answers) assert.equal(text.includes(secret), false, text)
})

const refusedPosts: [string, unknown, RegExp][] = [
  ['no image', { manifest: buildManifest() }, /docker_image/],
  ['an empty image', { docker_image: '', manifest: buildManifest() }, /docker_image/],
  ['a long image', { docker_image: 'x'.repeat(501), manifest: buildManifest() }, /docker_image/],
  ['no manifest', { docker_image: 'x' }, /manifest/],
  ['a manifest that is text', { docker_image: 'x', manifest: '{}' }, /manifest/],
  ['a manifest that is a list', { docker_image: 'x', manifest: [] }, /manifest/],
  ['a bad manifest', { docker_image: 'x', manifest: {} }, /JSON_VALIDATION_ERROR: manifest lacks seedVersion/],
  ['a bad configuration', { docker_image: 'x', manifest: buildManifest(), configuration: { priority: 0 } }, /INVALID_CONFIGURATION/],
  [
    'a relative host path',
    { docker_image: 'x', manifest: buildManifest(), configuration: { mounts: { m: { type: 'host', host_path: 'x' } } } },
    /HOST_ABSOLUTE_PATH/,
  ],
  ['a number that is none', { docker_image: 'x', manifest: buildManifest(), max_scheduled: 1.5 }, /max_scheduled/],
  [
    'a number in words',
    { docker_image: 'x', manifest: buildManifest(), max_scheduled: 'three' },
    /Parameter must be a valid integer: "max_scheduled"/,
  ],
  ['a boolean that is none', { docker_image: 'x', manifest: buildManifest(), is_paused: 'maybe' }, /Parameter must be a valid boolean: "is_paused"/],
  ['a boolean that is a number', { docker_image: 'x', manifest: buildManifest(), is_active: 1 }, /is_active/],
  ['a long icon code', { docker_image: 'x', manifest: buildManifest(), icon_code: 'x'.repeat(21) }, /icon_code/],
  ['an unknown field', { docker_image: 'x', manifest: buildManifest(), max_tries: 3 }, /unknown member max_tries/],
  [
    'an unknown field of the prototype',
    `{"docker_image":"x","manifest":${JSON.stringify(buildManifest())},"__proto__":{}}`,
    /unknown member __proto__/,
  ],
  ['no object', '[1]', /JSON object/],
  ['no JSON', '{"docker_image":', /JSON parse error/],
]

test('an invalid registration is answered 400 with a detail, and stores nothing', async () => {
  for (const [what, body, detail] of refusedPosts) {
    const { status, json } = await ask('POST', '/v6/job-types/', body)
    assert.equal(status, 400, what)
    assert.match(json.detail, detail, what)
    assert.deepEqual(Object.keys(json), ['detail'])
  }
  assert.equal((await get('/v6/job-types/sample/')).count, 0)
})

test('texts are accepted for booleans and numbers, and the query string takes precedence over the body', async () => {
  const { json } = await ask('POST', '/v6/job-types/?icon_code=f001&max_scheduled=7', {
    docker_image: 'x',
    manifest: buildManifest({ name: 'words' }),
    is_published: 'T',
    is_paused: ' false ',
    icon_code: 'f002',
  })
  assert.deepEqual([json.is_published, json.is_paused, json.icon_code, json.max_scheduled], [true, false, 'f001', 7])
})

test('the names of other paths cannot be registered, and these paths stay unchanged', async () => {
  for (const name of ['validation', 'status', 'pending', 'running', 'system-failures']) {
    const { status, json } = await post({ name })
    assert.equal(status, 400)
    assert.match(json.detail, /is taken by the hub/)
  }
  assert.equal((await ask('GET', '/v6/job-types/validation/')).status, 405)
})

test('a version with a pre-release and a build part can be reached', async () => {
  const { status, headers } = await post({ name: 'parts', jobVersion: '1.0.0-beta.1+7' })
  assert.deepEqual([status, headers['location']], [201, `${site}/v6/job-types/parts/1.0.0-beta.1%2B7/`])
  for (const version of ['1.0.0-beta.1%2B7', '1.0.0-beta.1+7']) assert.equal((await get(`/v6/job-types/parts/${version}`)).version, '1.0.0-beta.1+7')
  assert.equal((await ask('PATCH', '/v6/job-types/parts/1.0.0-beta.1%2B7', { is_paused: true })).status, 200)
})

test('names of Object.prototype are ordinary names of mounts, settings and inputs', async () => {
  const manifest = `{"seedVersion":"1.0.0","job":{"name":"proto","jobVersion":"1.0.0","packageVersion":"1.0.0","title":"","description":"",
    "maintainer":{"name":"","email":""},"timeout":10.0,"interface":{"settings":[{"name":"__proto__"}],"mounts":[{"name":"constructor","path":"/x"}]}}}`
  const body = `{"docker_image":"x","manifest":${manifest},"configuration":{"settings":{"__proto__":"v"},"mounts":{"constructor":{"type":"volume"}}}}`
  const { status, text, json } = await ask('POST', '/v6/job-types/', body)
  assert.equal(status, 201)
  assert.match(text, /"settings":\{"__proto__":"v"\}/)
  assert.equal(json.manifest.job.timeout, 10)
  assert.match((await ask('GET', '/v6/job-types/proto/1.0.0/')).text, /"settings":\{"__proto__":"v"\}/)
})

const refusedEdits: [string, unknown][] = [
  ['another name', { manifest: buildManifest({ name: 'other' }) }],
  ['another version', { manifest: buildManifest({ name: 'edited', jobVersion: '1.0.1' }) }],
  ['a bad manifest', { docker_image: 'y', manifest: {} }],
  ['a priority of 0', { docker_image: 'y', configuration: { priority: 0 } }],
  ['an empty image', { docker_image: '' }],
  ['a name', { name: 'other' }],
  ['tries', { max_tries: 5 }],
  ['is_system', { is_system: true }],
]

test('an edit that is refused is 400 and changes nothing', async () => {
  const before = (await post({ name: 'edited' })).json
  for (const [what, body] of refusedEdits) assert.equal((await patch('edited', body)).status, 400, what)
  assert.deepEqual(await get('/v6/job-types/edited/1.0.0/'), before)
})

test('an unchanged value changes neither paused nor deprecated, but last_modified', async () => {
  await post({ name: 'twice' })
  await patch('twice', { is_paused: true, is_active: false })
  const first = await get('/v6/job-types/twice/1.0.0/')
  assert.ok(first.paused && first.deprecated)
  await patch('twice', { is_paused: true, is_active: false })
  const second = await get('/v6/job-types/twice/1.0.0/')
  assert.deepEqual([second.paused, second.deprecated], [first.paused, first.deprecated])
  await patch('twice', { is_paused: false, is_active: true })
  const third = await get('/v6/job-types/twice/1.0.0/')
  assert.deepEqual([third.paused, third.deprecated], [null, null])
})

test('an edit with a manifest that lacks error names says so', async () => {
  await post({ name: 'unnamed' })
  const { json } = await patch('unnamed', { manifest: buildManifest({ name: 'unnamed', errors: [{ code: 1 }] }) })
  assert.deepEqual([json.is_valid, json.warnings.map(({ name }: { name: string }) => name)], [true, ['MISSING_ERROR_NAME']])
  holdExample(document, 'PATCH /v6/job-types/{}/{}', json)
  assert.equal((await get('/v6/job-types/unnamed/1.0.0/')).manifest.job.errors[0].name, 'error-1')
})

test('validation collects faults and warnings, and answers 400 for a body without a manifest', async () => {
  const manifest = buildManifest({ interface: { mounts: [{ name: 'm', path: 'rel' }, { name: 'm', path: '/x' }] } }) // biome-ignore format: one pair
  const { json } = await ask('POST', '/v6/job-types/validation/', { manifest, configuration: { priority: 0 } })
  assert.equal(json.is_valid, false)
  assert.deepEqual(
    json.errors.map(({ name }: { name: string }) => name),
    ['DUPLICATE_MOUNT_NAMES', 'INVALID_MOUNT_PATH', 'INVALID_CONFIGURATION'],
  )
  const unconfigured = buildManifest({ interface: { mounts: [{ name: 'm', path: '/x' }], settings: [{ name: 's', secret: true }] } })
  const missing = await ask('POST', '/v6/job-types/validation', { manifest: unconfigured })
  assert.deepEqual(
    missing.json.warnings.map(({ name }: { name: string }) => name),
    ['MISSING_MOUNT', 'MISSING_SETTING'],
  )
  for (const body of [{}, { manifest: null }, { manifest: 'x' }, { manifest: buildManifest(), configuration: [] }])
    assert.equal((await ask('POST', '/v6/job-types/validation/', body)).status, 400)
})

test('anonymous callers may read, users may validate, sysadmins may change', async () => {
  const body = { docker_image: 'x', manifest: buildManifest({ name: 'nobody' }) }
  const reader = 'reader-key-0000001'
  const cases: [Method, string, unknown, string, number][] = [
    ['GET', '/v6/job-types/', undefined, '', 200],
    ['GET', '/v6/job-type-names/', undefined, '', 200],
    ['POST', '/v6/job-types/', body, '', 401],
    ['POST', '/v6/job-types/', 'no JSON', '', 401],
    ['POST', '/v6/job-types/', body, 'no-such-key-0001', 401],
    ['POST', '/v6/job-types/', body, reader, 403],
    ['POST', '/v6/job-types/validation/', body, '', 401],
    ['POST', '/v6/job-types/validation/', body, reader, 200],
    ['PATCH', '/v6/job-types/test/1.0.0/', {}, '', 401],
    ['PATCH', '/v6/job-types/no-such/1.0.0/', {}, reader, 403],
    ['PATCH', '/v6/job-types/no-such/1.0.0/', 'no JSON', adminKey, 404],
    ['DELETE', '/v6/job-types/test/1.0.0/', undefined, adminKey, 405],
    ['PUT', '/v6/job-types/', body, adminKey, 405],
    ['GET', '/v6/no-such/', undefined, '', 404],
  ]
  for (const [method, url, payload, key, status] of cases) {
    const answer = await ask(method, url, payload, key)
    assert.equal(answer.status, status, `${method} ${url} as ${key || 'nobody'}`)
    if (status >= 400) assert.deepEqual(Object.keys(answer.json), ['detail'])
  }
})

test('an unknown version is 404, but a name without versions is an empty list', async () => {
  for (const path of [
    'test/9.9.9',
    'no-such/1.0.0',
    'test/1.0.0/revisions/99',
    'no-such/1.0.0/revisions',
    'test/1.0.0/revisions/x',
    'te%20st/1.0.0',
    'test/1.0.0%00',
    'test/1.0.0/revisions/99999999999999999999',
  ]) {
    const { status, json } = await ask('GET', `/v6/job-types/${path}/`)
    assert.deepEqual([status, json], [404, { detail: 'Not found.' }], path)
  }
  assert.deepEqual(await get('/v6/job-types/no-such/'), { count: 0, next: null, previous: null, results: [] })
})

test('the functions and pipelines of the hub are in the list from its start', async () => {
  const { results } = await get('/v6/job-types/?is_system=true')
  for (const name of ['echo', 'echo_async', 'source-pipeline'])
    assert.ok(
      results.some((one: { name: string }) => one.name === name),
      name,
    )
  assert.equal((await post({ name: 'echo', jobVersion: '2.0.0' })).status, 400)
})

test('the types of the hub are listed with the others and can be paused only', async () => {
  const base = { description: '', kind: 'function', mode: 'sync', priority: 10, maxScheduled: null, maxTries: 1 } as const
  await saveSystemTypes(hub.app.base, [{ ...base, name: 'echo_raw.x', title: 'Echo' }])
  const { is_system, docker_image, manifest, revision_num } = await get('/v6/job-types/echo_raw.x/1.0.0/')
  assert.deepEqual([is_system, docker_image, manifest, revision_num], [true, '', {}, 1])
  assert.equal((await patch('echo_raw.x', { is_paused: true })).status, 200)
  for (const body of [{ icon_code: 'x' }, { is_active: true }, { is_paused: true, max_scheduled: 1 }, { manifest: buildManifest() }])
    assert.equal((await patch('echo_raw.x', body)).status, 400)
})

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'a\0b', '\ud800', '%', '99999999999999999999', '-1', 'last', 'true'),
)
const parameters = fc.array(
  fc.tuple(
    fc.constantFrom('page', 'page_size', 'keyword', 'id', 'is_active', 'is_system', 'order', '__proto__'),
    fc.oneof(anyText, fc.constantFrom('name', '-version', '1')),
  ),
  { maxLength: 6 },
)

test('no query gives a 500', async () => {
  const paths = ['/v6/job-types/', '/v6/job-type-names/', '/v6/job-types/test/', '/v6/job-types/test/1.0.0/revisions/']
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), parameters, async (path, list) => {
      const { status, json } = await ask(
        'GET',
        `${path}?${new URLSearchParams(list.map(([name, value]): [string, string] => [name, value.toWellFormed()]))}`,
      )
      assert.ok(status === 200 || status === 400 || status === 404, `${status}`)
      assert.equal(keysOf(json), status === 200 ? 'count next previous results' : 'detail')
    }),
    { numRuns: 150 },
  )
})

test('no path gives a 500', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 4 }), async (steps) => {
      const { status } = await ask('GET', `/v6/job-types/${steps.map((step) => encodeURIComponent(step.toWellFormed())).join('/')}`)
      assert.ok(status < 500, `${status}`)
    }),
    { numRuns: 100 },
  )
})

const fieldName = fc.constantFrom(
  'icon_code',
  'is_published',
  'is_active',
  'is_paused',
  'max_scheduled',
  'docker_image',
  'manifest',
  'configuration',
  'auto_update',
  '__proto__',
)
const fieldValue = fc.oneof(fc.jsonValue(), anyText, fc.integer(), fc.boolean(), fc.constant(null))

test('no body gives a 500, on no route', async () => {
  const routes: [Method, string][] = [['POST', '/v6/job-types/'], ['POST', '/v6/job-types/validation/'], ['PATCH', '/v6/job-types/test/1.0.0/']] // biome-ignore format: a table
  const job = fc.tuple(fc.constantFrom(...Object.keys(buildManifest().job), 'interface', 'resources', 'errors', 'tags'), fieldValue)
  const manifest = fc.array(job, { maxLength: 2 }).map((members) => buildManifest(Object.fromEntries([['name', 'test'], ...members])))
  const body = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(fieldName, fieldValue),
    fc.record({ manifest, docker_image: fieldValue, configuration: fc.dictionary(anyText, fieldValue) }, { requiredKeys: ['manifest'] }),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), body, async ([method, url], value) => {
      const { status, text } = await ask(method, url, JSON.stringify(value))
      assert.ok(status < 500, `${method} ${url}: ${status} ${text}`)
    }),
    { numRuns: 250 },
  )
})

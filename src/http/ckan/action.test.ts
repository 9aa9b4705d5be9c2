import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

const hub = await startHub({ MILLRACE_SITE_URL: 'http://hub.example' }, { http: true, workers: false })
after(() => hub.close())
const maria = (await addUser(hub.app.base, { name: 'maria', password: 'secret-word' })).apiKey
const jonas = (await addUser(hub.app.base, { name: 'jonas', password: 'secret-word' })).apiKey
const root = hub.adminKey

type Package = Record<string, unknown> & { resources: Record<string, unknown>[]; extras: { key: string; value: string }[] }

/** The example of the Action API document of 2011, as it is printed there. */
const quangos = {
  maintainer: null,
  name: 'uk-quango-data',
  relationships_as_subject: [],
  author: null,
  url: 'http://www.guardian.co.uk/news/datablog/2009/jul/07/public-finance-regulators',
  relationships_as_object: [],
  notes:
    '### About\r\n\r\nDid you know there are nearly 1,200 unelected bodies with power over our lives? This is the full list, complete with number of staff and how much they cost. As a spreadsheet\r\n\r\n### Openness\r\n\r\nNo licensing information found.',
  title: 'Every Quango in Britain',
  maintainer_email: null,
  revision_timestamp: '2010-12-21T15:26:17.345502',
  author_email: null,
  state: 'active',
  version: null,
  groups: [],
  license_id: 'notspecified',
  revision_id: 'f645243a-7334-44e2-b87c-64231700a9a6',
  tags: [
    { revision_timestamp: '2009-08-08T12:46:40.920443', state: 'active', id: 'b10871ea-b4ae-4e2e-bec9-a8d8ff357754', name: 'country-uk' },
    { revision_timestamp: '2009-08-08T12:46:40.920443', state: 'active', id: 'ed783bc3-c0a1-49f6-b861-fd9adbc1006b', name: 'quango' },
  ],
  id: 'fd788e57-dce4-481c-832d-497235bf9f78',
  resources: [
    {
      resource_group_id: '49ddadb0-dd80-9eff-26e9-81c5a466cf6e',
      hash: null,
      description: '',
      format: '',
      url: 'http://spreadsheets.google.com/ccc?key=tm4Dxoo0QtDrEOEC1FAJuUg',
      revision_timestamp: '2011-07-08T14:48:38.967741',
      state: 'active',
      position: 0,
      revision_id: '188ac88b-1573-48bf-9ea6-d3c503db5816',
      id: '888d00e9-6ee5-49ca-9abb-6f216e646345',
    },
  ],
  extras: [],
}

/** Made by the hub, so they cannot be those that were sent. */
const ownKeys = new Set(['revision_id', 'revision_timestamp'])

/** Asserts that `actual` has every key of `expected` with its value, but for those that the hub makes. */
function assertHas(actual: unknown, expected: unknown, path = 'package'): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length, path)
    for (const [at, item] of expected.entries()) assertHas(actual[at], item, `${path}[${at}]`)
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [key, value] of Object.entries(expected)) {
      const found: unknown = (actual as Record<string, unknown>)[key]
      if (ownKeys.has(key) || (path.includes('.tags[') && key === 'id')) assert.equal(typeof found, 'string', `${path}.${key}`)
      else assertHas(found, value, `${path}.${key}`)
    }
  } else assert.deepEqual(actual, expected, path)
}

test('the example package of the document comes back as it was loaded', async () => {
  await resultOf(hub, 'package_create', { body: quangos, key: root })
  const response = await fetch(`${hub.url}/api/action/package_show`, { method: 'POST', body: '{"id": "fd788e57-dce4-481c-832d-497235bf9f78"}' })
  assert.equal(response.headers.get('content-type'), 'application/json;charset=utf-8')
  assertHas(((await response.json()) as { result: unknown }).result, quangos)
})

test('the calls of the document work as curl sends them', async () => {
  for (const [name, body] of [
    ['package_list', '{}'],
    ['package_show', '{"id": "fd788e57-dce4-481c-832d-497235bf9f78"}'],
  ] as const) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const response = await fetch(`${hub.url}/api/action/${name}`, { method: 'POST', body, headers })
    assert.equal(response.status, 200)
    assert.equal(((await response.json()) as { success: boolean }).success, true)
  }
})

const refusals: readonly { what: string; name: string; body: unknown; key?: string; status: number; type: string }[] = [
  { what: 'an anonymous caller creates', name: 'package_create', body: { name: 'unowned' }, status: 403, type: 'Authorization Error' },
  {
    what: 'a caller with an unknown key creates',
    name: 'package_create',
    body: { name: 'unowned' },
    key: 'unknown',
    status: 403,
    type: 'Authorization Error',
  },
  { what: 'a dataset that is not there', name: 'package_show', body: { id: 'not-there' }, status: 404, type: 'Not Found Error' },
  { what: 'a name that is taken', name: 'package_create', body: { name: 'uk-quango-data' }, key: maria, status: 409, type: 'Validation Error' },
  { what: 'no name', name: 'package_create', body: {}, key: maria, status: 409, type: 'Validation Error' },
  { what: 'no id', name: 'package_show', body: {}, status: 409, type: 'Validation Error' },
  { what: 'another user deletes', name: 'package_delete', body: { id: 'uk-quango-data' }, key: maria, status: 403, type: 'Authorization Error' },
  { what: 'a bad limit', name: 'package_search', body: { limit: 'many' }, status: 400, type: 'Search Query Error' },
  { what: 'a bad sort', name: 'package_search', body: { sort: 'colour asc' }, status: 400, type: 'Search Query Error' },
  { what: 'an open bracket', name: 'package_search', body: { fq: '(tags:a' }, status: 400, type: 'Search Query Error' },
]

for (const { what, name, body, key, status, type } of refusals) {
  test(`${what}: ${type}, status ${status} below /api/3/action, 200 below /api/action`, async () => {
    const call = key === undefined ? { body } : { body, key }
    const modern = await callAction(hub, name, call)
    const classic = await callAction(hub, name, { ...call, prefix: '/api/action' })
    assert.deepEqual([modern.status, classic.status], [status, 200])
    assert.deepEqual(modern.body, classic.body)
    assert.deepEqual([modern.body.success, modern.body.error?.__type, typeof modern.body.help], [false, type, 'string'])
    assert.equal('result' in modern.body, false)
  })
}

test('all errors of an input are reported together, wrong types included', async () => {
  const cases: [string, object, string[]][] = [
    [
      'package_create',
      { name: 'B!', title: ['x'], notes: 'a\0', tags: ['!'], resources: [{}], extras: [{ key: '' }] },
      ['extras', 'name', 'notes', 'resources', 'tags', 'title'],
    ],
    ['group_create', { name: 'B!', title: { x: 1 }, extras: [{ key: '' }] }, ['extras', 'name', 'title']],
    ['user_create', { name: 'x', fullname: ['x'], password: 'abc' }, ['fullname', 'name', 'password']],
  ]
  for (const [name, body, fields] of cases) {
    const { status, body: answer } = await callAction(hub, name, { body, key: root })
    const { __type, ...errors } = answer.error ?? {}
    assert.deepEqual([status, __type, Object.keys(errors).sort()], [409, 'Validation Error', fields])
  }
})

test('plain items where objects belong are an integrity error on both prefixes', async () => {
  for (const prefix of ['/api/action', '/api/3/action']) {
    const { status, body } = await callAction(hub, 'package_create', { body: { name: 'plain', resources: ['http://a.example'] }, key: maria, prefix })
    assert.deepEqual([status, body.error?.__type], [400, 'Integrity Error'])
  }
})

for (const [what, path, init, status, text] of [
  ['an unknown action', '/api/action/package_eat', { method: 'POST', body: '{}' }, 400, 'Bad request - Action name not known: package_eat'],
  ['an unknown action by GET', '/api/3/action/package_eat', {}, 400, 'Bad request - Action name not known: package_eat'],
  ['a write by GET', '/api/3/action/package_delete?id=x', {}, 400, 'Bad request - package_delete changes something: use POST'],
  ['no body', '/api/action/package_list', { method: 'POST' }, 400, 'Bad request - JSON Error: there is no body; send at least {}'],
  ['a list as body', '/api/action/package_list', { method: 'POST', body: '[]' }, 400, 'Bad request - JSON Error: the body must be an object'],
  ['a callback that is code', '/api/action/package_list?callback=a(b)', {}, 400, 'Bad request - callback must be the name of a function'],
  ['an unknown path', '/api/4/action/package_list', { method: 'POST', body: '{}' }, 404, 'there is nothing here'],
] as const) {
  test(`${what} is answered with a JSON text and ${status}`, async () => {
    const response = await fetch(hub.url + path, init)
    assert.equal(response.status, status)
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
    assert.equal(await response.json(), text)
  })
}

test('read actions answer GET, with parameters in the query string, on POST as well', async () => {
  const get = await fetch(`${hub.url}/api/3/action/package_show?id=uk-quango-data`)
  const post = await fetch(`${hub.url}/api/3/action/package_show?id=uk-quango-data`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  assert.deepEqual([get.status, await get.text()], [post.status, await post.text()])
  const searched = await fetch(`${hub.url}/api/3/action/package_search?facet.field=["tags"]&rows=0&q=quango&facet=True`)
  const { result } = (await searched.json()) as { result: { count: number; facets: unknown; results: unknown[] } }
  assert.deepEqual([result.count, result.facets, result.results], [1, { tags: { 'country-uk': 1, quango: 1 } }, []])
})

test('a JSONP call is wrapped when it succeeds, and is anonymous', async () => {
  const good = await fetch(`${hub.url}/api/3/action/site_read?callback=my.fn`)
  assert.match(await good.text(), /^my\.fn\(\{.*\}\);$/)
  assert.equal(good.headers.get('content-type'), 'application/javascript;charset=utf-8')
  assert.equal(good.headers.get('x-content-type-options'), 'nosniff')
  const bad = await fetch(`${hub.url}/api/3/action/package_create?callback=fn`, {
    method: 'POST',
    body: '{"name": "by-jsonp"}',
    headers: { authorization: root },
  })
  assert.deepEqual([bad.status, ((await bad.json()) as { success: boolean }).success], [403, false])
})

test('the versions of the API', async () => {
  for (const [path, version] of [
    ['/api', '1'],
    ['/api/', '1'],
    ['/api/1', '1'],
    ['/api/2/', '2'],
    ['/api/3', '3'],
  ] as const) {
    assert.deepEqual(await (await fetch(hub.url + path)).json(), { version })
  }
})

test('show, change, send back whole: the core of every client', async () => {
  await resultOf(hub, 'package_create', { body: { name: 'rivers', resources: [{ url: 'http://a.example/1.csv' }] }, key: maria })
  const shown = await resultOf<Package>(hub, 'package_show', { body: { id: 'rivers' } })
  shown['title'] = 'River levels'
  shown.resources.push({ url: 'http://a.example/2.csv', format: 'CSV' })
  shown.extras.push({ key: 'sea', value: 'north' })
  const updated = await resultOf<Package>(hub, 'package_update', { body: shown, key: jonas })
  assert.deepEqual([updated['title'], updated.resources.length, updated.extras[0]?.value], ['River levels', 2, 'north'])
  assert.deepEqual(updated.resources[0], shown.resources[0])
  assert.deepEqual(await resultOf(hub, 'package_show', { body: { id: 'rivers' } }), updated)
})

test('a resource is appended, changed and removed', async () => {
  const made = await resultOf<Record<string, unknown>>(hub, 'resource_create', {
    body: { package_id: 'rivers', url: 'http://a.example/3.csv', alt_url: 'x' },
    key: maria,
  })
  assert.deepEqual([made['position'], made['alt_url'], made['description'], made['hash'], made['datastore_active']], [2, 'x', '', null, false])
  assert.deepEqual(await resultOf(hub, 'resource_show', { body: { id: made['id'] } }), made)
  const changed = await resultOf<Record<string, unknown>>(hub, 'resource_update', { body: { ...made, url: 'http://a.example/4.csv' }, key: jonas })
  const own = ['revision_id', 'revision_timestamp', 'metadata_modified']
  for (const key of Object.keys(made).filter((one) => !own.includes(one)))
    assert.deepEqual(changed[key], key === 'url' ? 'http://a.example/4.csv' : made[key], key)
  await resultOf(hub, 'resource_delete', { body: { id: made['id'] }, key: maria })
  assert.equal((await callAction(hub, 'resource_update', { body: made, key: maria })).status, 404)
  const refused = await callAction(hub, 'resource_create', { body: { package_id: 'rivers' }, key: maria })
  assert.deepEqual([refused.status, refused.body.error?.['url']], [409, ['Missing value']])
  assert.deepEqual((await callAction(hub, 'resource_create', { body: {}, key: maria })).body.error?.['package_id'], ['Missing value'])
})

test('a hub that is closed to the public refuses anonymous callers and answers users', async () => {
  const closed = await startHub({ MILLRACE_PUBLIC_READ: '0' }, { http: true, workers: false })
  try {
    for (const name of ['package_list', 'package_eat', 'site_read']) {
      const { status, body } = await callAction(closed, name, { prefix: '/api/action' })
      assert.deepEqual([status, body.error?.__type], [403, 'Authorization Error'])
    }
    assert.equal(await resultOf(closed, 'site_read', { key: closed.adminKey }), true)
  } finally {
    await closed.close()
  }
})

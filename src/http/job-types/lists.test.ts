import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { adminKey, startHub } from '../../../test/hub.ts'
import { buildManifest } from '../../../test/job-types.ts'

const site = 'https://hub.example.org'
const hub = await startHub({ MILLRACE_SITE_URL: site }, { http: true, workers: false })
after(hub.close)

async function ask(url: string) {
  const answer = await hub.http.inject({ method: 'GET', url })
  return { status: answer.statusCode, json: JSON.parse(answer.body) }
}

const registered = [
  ['alpha', '1.0.0', 'Zebra', ['red', 'Blue'], { is_active: false, max_scheduled: 5 }],
  ['alpha', '1.10.0', 'yak', ['red'], { is_active: false, icon_code: 'new' }],
  ['alpha', '1.2.0', 'Yak', ['green'], { is_published: true }],
  ['beta', '1.0.0-rc.1', 'ant', ['BLUE-ish'], {}],
  ['beta', '1.0.0', 'Ant', [], { is_paused: true }],
  ['Gamma', '0.1.0', 'bee', ['100%'], { max_scheduled: 2 }],
] as const
for (const [name, jobVersion, title, tags, more] of registered) {
  const payload = JSON.stringify({ docker_image: `${name}:1`, manifest: buildManifest({ name, jobVersion, title, tags: [...tags] }), ...more })
  const { statusCode } = await hub.http.inject({ method: 'POST', url: '/v6/job-types/', headers: { authorization: adminKey }, payload })
  assert.equal(statusCode, 201)
}
/** Without the hub's own types, which have the first ids. */
const own = 'is_system=false'
const ids = (await ask(`/v6/job-types/?${own}&order=id`)).json.results.map(({ id }: Entry) => id)

interface Entry {
  name: string
  version: string
  id: number
}
const inList = async (query: string) =>
  (await ask(`/v6/job-types/?${own}&${query}`)).json.results.map(({ name, version }: Entry) => `${name} ${version}`)
const inNames = async (query: string) => (await ask(`/v6/job-type-names/?${own}&${query}`)).json.results.map(({ name }: Entry) => name)

const everything = ['alpha 1.10.0', 'alpha 1.2.0', 'alpha 1.0.0', 'beta 1.0.0', 'beta 1.0.0-rc.1', 'Gamma 0.1.0']

const filters: [string, string[]][] = [
  ['', everything],
  ['keyword=ALPH', ['alpha 1.10.0', 'alpha 1.2.0', 'alpha 1.0.0']],
  ['keyword=blue', ['alpha 1.0.0', 'beta 1.0.0-rc.1']],
  ['keyword=red&keyword=gam', ['alpha 1.10.0', 'alpha 1.0.0', 'Gamma 0.1.0']],
  ['keyword=zebra', []],
  ['keyword=', everything],
  ['keyword=%25', ['Gamma 0.1.0']],
  ['keyword=_', []],
  [`keyword=${'x'.repeat(3000)}`, []],
  [`id=${ids[0]}&id=${ids[5]}&id=999&id=99999999999999999999`, ['alpha 1.0.0', 'Gamma 0.1.0']],
  ['id=99999999999999999999', []],
  ['is_active=F', ['alpha 1.10.0', 'alpha 1.0.0']],
  ['is_active=1&keyword=alpha', ['alpha 1.2.0']],
  [`is_active=true&id=${ids[3]}`, ['beta 1.0.0-rc.1']],
]

test('filters narrow the list, each type once', async () => {
  for (const [query, expected] of filters) assert.deepEqual(await inList(query), expected, query)
  assert.equal((await ask('/v6/job-types/?keyword=red&keyword=alpha&keyword=blue')).json.count, 4)
})

test('hundreds of keywords and orders are accepted', async () => {
  const many = [...Array(700).keys()].map((at) => `keyword=k${at}`).join('&')
  assert.deepEqual(await inList(`${many}&keyword=gamma`), ['Gamma 0.1.0'])
  assert.deepEqual(await inList(Array(900).fill('order=-name').join('&')), [
    'Gamma 0.1.0',
    'beta 1.0.0-rc.1',
    'beta 1.0.0',
    'alpha 1.0.0',
    'alpha 1.2.0',
    'alpha 1.10.0',
  ])
})

const orders: [string, string[]][] = [
  ['order=name', ['alpha 1.0.0', 'alpha 1.2.0', 'alpha 1.10.0', 'beta 1.0.0-rc.1', 'beta 1.0.0', 'Gamma 0.1.0']],
  ['order=name&order=-version', everything],
  ['order=-version', ['alpha 1.10.0', 'alpha 1.2.0', 'alpha 1.0.0', 'beta 1.0.0', 'beta 1.0.0-rc.1', 'Gamma 0.1.0']],
  ['order=title&order=version', ['beta 1.0.0-rc.1', 'beta 1.0.0', 'Gamma 0.1.0', 'alpha 1.2.0', 'alpha 1.10.0', 'alpha 1.0.0']],
  ['order=-id', ['Gamma 0.1.0', 'beta 1.0.0', 'beta 1.0.0-rc.1', 'alpha 1.2.0', 'alpha 1.10.0', 'alpha 1.0.0']],
  ['order=max_scheduled&order=-id', ['Gamma 0.1.0', 'alpha 1.0.0', 'beta 1.0.0', 'beta 1.0.0-rc.1', 'alpha 1.2.0', 'alpha 1.10.0']],
  ['order=-is_paused&order=name&order=version', ['beta 1.0.0', 'alpha 1.0.0', 'alpha 1.2.0', 'alpha 1.10.0', 'beta 1.0.0-rc.1', 'Gamma 0.1.0']],
]

test('lists are in the requested order, versions by precedence, texts in any case', async () => {
  for (const [query, expected] of orders) assert.deepEqual(await inList(query), expected, query)
})

test('every documented field can be ordered by, and no other', async () => {
  const fields =
    'id name version title description icon_code is_published is_active is_paused is_system max_scheduled max_tries revision_num docker_image created deprecated paused last_modified'
  for (const field of fields.split(' ')) for (const sign of ['', '-']) assert.equal((await inList(`order=${sign}${field}`)).length, 6, field)
  for (const field of ['manifest', '', '-', '__proto__', 'constructor', 'latest_version']) {
    const { status, json } = await ask(`/v6/job-types/?order=${field}`)
    assert.equal(status, 400)
    assert.match(json.detail, /Cannot order by/)
  }
})

test('names: a name counts when any version passes, and is shown by its highest with all versions', async () => {
  const { json } = await ask('/v6/job-type-names/?is_active=false')
  assert.equal(json.count, 1)
  assert.deepEqual(json.results, [
    {
      name: 'alpha',
      title: 'yak',
      description: 'Does little',
      icon_code: 'new',
      is_published: false,
      is_active: false,
      is_paused: false,
      is_system: false,
      unmet_resources: null,
      versions: ['1.10.0', '1.2.0', '1.0.0'],
      latest_version: '1.10.0',
    },
  ])
  assert.deepEqual(await inNames('is_active=true'), ['alpha', 'beta', 'Gamma'])
  assert.deepEqual(await inNames('keyword=green&is_active=false'), [], 'one version has to pass all filters')
  assert.deepEqual(await inNames(`id=${ids[0]}&id=${ids[2]}`), ['alpha'])
  assert.deepEqual(await inNames('order=-name'), ['Gamma', 'beta', 'alpha'])
  assert.deepEqual(await inNames('order=latest_version'), ['Gamma', 'beta', 'alpha'])
  assert.deepEqual(await inNames('order=title'), ['beta', 'Gamma', 'alpha'])
  assert.equal((await ask('/v6/job-type-names/?order=version')).status, 400)
})

test('the versions of a name are newest first by precedence', async () => {
  const { json } = await ask('/v6/job-types/alpha/')
  assert.deepEqual(
    json.results.map(({ version }: Entry) => version),
    ['1.10.0', '1.2.0', '1.0.0'],
  )
  assert.equal((await ask('/v6/job-types/alpha?is_active=true')).json.count, 1)
  assert.equal((await ask('/v6/job-types/ALPHA/')).json.count, 0)
})

test('pages link to the next and previous page and keep all other parameters', async () => {
  const first = (await ask('/v6/job-types/?is_system=false&order=-id&page_size=2&keyword=a&keyword=b')).json
  assert.deepEqual([first.count, first.previous], [6, null])
  assert.equal(first.next, `${site}/v6/job-types/?is_system=false&order=-id&page_size=2&keyword=a&keyword=b&page=2`)
  const second = (await ask(first.next.slice(site.length))).json
  assert.equal(second.previous, `${site}/v6/job-types/?is_system=false&order=-id&page_size=2&keyword=a&keyword=b`)
  const last = (await ask('/v6/job-types?is_system=0&page=last&page_size=4')).json
  assert.deepEqual([last.results.length, last.next, last.previous], [2, null, `${site}/v6/job-types?is_system=0&page_size=4`])
  const seen = [first, second, (await ask(second.next.slice(site.length))).json].flatMap(({ results }) => results.map(({ id }: Entry) => id))
  assert.deepEqual(seen, ids.toReversed())
})

test('an invalid page is 404, and an invalid size gets the default', async () => {
  for (const page of ['0', '-1', 'x', '1.5', '', '8', '99999999999999999999999']) {
    const { status, json } = await ask(`/v6/job-types/?${own}&page_size=1&page=${page}`)
    assert.deepEqual([status, json], [404, { detail: 'Invalid page.' }], page)
  }
  const next = async (size: string) => (await ask(`/v6/job-types/?page_size=${size}`)).json.next
  for (const size of ['0', '-5', 'x', '', '5000', '99999999999999999999999']) assert.equal(await next(size), null, size)
  assert.deepEqual((await ask('/v6/job-types/no-such/?page=1')).json, { count: 0, next: null, previous: null, results: [] })
  assert.equal((await ask('/v6/job-types/no-such/?page=2')).status, 404)
})

test('invalid filters are 400', async () => {
  for (const query of ['is_active=maybe', 'is_system=', 'id=x', 'id=1.5', 'id=', 'id=1&id=x']) {
    for (const path of ['/v6/job-types/', '/v6/job-type-names/']) {
      const { status, json } = await ask(`${path}?${query}`)
      assert.equal(status, 400, query)
      assert.match(json.detail, /^Parameter must be a valid (boolean|integer): "(is_active|is_system|id)"$/)
    }
  }
})

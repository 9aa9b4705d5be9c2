import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())
const maria = (await addUser(hub.app.base, { name: 'maria', password: 'secret-word', fullname: 'Maria Holt' })).apiKey
const jonas = (await addUser(hub.app.base, { name: 'jonas', password: 'secret-word' })).apiKey

type Row = Record<string, unknown>
const result = <T>(name: string, body: unknown = {}, key?: string) => resultOf<T>(hub, name, key === undefined ? { body } : { body, key })
const refusal = async (name: string, body: unknown = {}, key?: string) => {
  const { status, body: answer } = await callAction(hub, name, key === undefined ? { body } : { body, key })
  return [status, answer.error?.__type]
}
const keysOf = (value: unknown) => Object.keys(value as object)
const has = (value: unknown, keys: string) =>
  assert.deepEqual(
    keys.split(' ').filter((key) => !keysOf(value).includes(key)),
    [],
  )

await result('group_create', { name: 'environment', title: 'Environment', extras: [{ key: 'city', value: 'B' }] }, maria)
await result(
  'package_create',
  {
    name: 'city-trees',
    notes: 'Every street tree.',
    license_id: 'odc-by',
    tags: [{ name: 'trees' }, { name: 'parks' }],
    extras: [{ key: 'surveyed', value: '2010' }],
    resources: [{ url: 'http://data.example/trees.csv', format: 'CSV', encoding: 'utf-8' }],
    groups: [{ id: 'environment' }],
  },
  maria,
)
await result('package_create', { name: 'tree-register', url: 'http://a.example', license_id: 'made-up' }, maria)
await result('package_relationship_create', { id: 'city-trees', id2: 'tree-register', rel: 'derives_from' }, maria)

const core = 'id name title version url author author_email maintainer maintainer_email notes license_id state revision_id'

test('every object dictionary has its keys', async () => {
  const shown = await result<Record<string, Row[]>>('package_show', { id: 'city-trees' })
  has(
    shown,
    `${core} revision_timestamp resources tags extras groups relationships_as_subject relationships_as_object isopen private type creator_user_id owner_org organization metadata_created metadata_modified num_resources num_tags license_title`,
  )
  has(shown['tags']?.[0], 'id name state revision_timestamp display_name vocabulary_id')
  has(shown['groups']?.[0], 'id name title description created state revision_id display_name image_display_url')
  has(shown['extras']?.[0], 'id package_id key value state revision_id revision_timestamp')
  has(shown['relationships_as_subject']?.[0], 'id subject_package_id object_package_id type comment state revision_id revision_timestamp')
  has(
    shown['resources']?.[0],
    'id resource_group_id url format description hash position state revision_id revision_timestamp encoding package_id url_type name mimetype mimetype_inner size created last_modified metadata_modified resource_type cache_url cache_last_updated datastore_active',
  )
  const group = await result<Record<string, Row[]>>('group_show', { id: 'environment' })
  has(group, 'id name title description created state revision_id display_name extras packages users package_count is_organization approval_status')
  has(group['extras']?.[0], 'id group_id key value state revision_id revision_timestamp')
  has(group['packages']?.[0], core)
  has((await result<Row[]>('group_list', { all_fields: true }))[0], 'id name title description state revision_id display_name packages package_count')
  has((await result<Row[]>('tag_list', { all_fields: true }))[0], 'id name packages')
  const user = await result<Record<string, Row[]>>('user_show', {}, maria)
  has(
    user,
    'id name fullname email openid about created apikey reset_key display_name number_of_edits number_administered_packages activity email_hash state sysadmin number_created_packages',
  )
  has(user['activity']?.[0], 'id timestamp message author approved_timestamp packages groups state')
  has(
    await result('package_show_rest', { id: 'city-trees' }),
    `${core} notes_rendered license tags groups extras resources relationships ratings_average ratings_count download_url ckan_url metadata_created metadata_modified`,
  )
  has((await result<Row[]>('licence_list'))[0], 'id title url is_okd_compliant is_osi_compliant status family maintainer tags date_created')
})

test('times have six decimals and no zone, so that they sort as texts', async () => {
  const { metadata_modified: text } = await result<Row>('package_show', { id: 'city-trees' })
  assert.match(String(text), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000$/)
})

test('the licences are listed in their order, data first', async () => {
  const ids = (await result<{ id: string }[]>('licence_list')).map((one) => one.id)
  const data =
    'notspecified odc-pddl odc-odbl odc-by cc-zero cc-by cc-by-sa gfdl ukclickusepsi other-open other-pd other-at ukcrown-withrights hesa-withrights localauth-withrights uk-ogl met-office-cp cc-nc ukcrown other-nc other-closed'
  assert.deepEqual(ids.slice(0, 21), data.split(' '))
  has(Object.fromEntries(ids.map((id) => [id, 1])), 'bsd-license gpl-2.0 gpl-3.0 lgpl-2.1 mit-license apache2.0 mozilla1.1 eclipse-1.0')
})

test('every type of relationship is stored forward and shown from both sides', async () => {
  for (const [forward, reverse] of [
    ['depends_on', 'dependency_of'],
    ['derives_from', 'has_derivation'],
    ['links_to', 'linked_from'],
    ['child_of', 'parent_of'],
  ]) {
    const created = await result('package_relationship_create', { id: 'tree-register', id2: 'city-trees', rel: reverse, comment: 'c' }, maria)
    assert.deepEqual(created, { subject: 'city-trees', type: forward, object: 'tree-register', comment: 'c' })
    const link = { id: 'tree-register', id2: 'city-trees', rel: reverse }
    assert.deepEqual(await result('package_relationships_list', link), [
      { subject: 'tree-register', type: reverse, object: 'city-trees', comment: 'c' },
    ])
  }
})

test('a body may have any type, or none', async () => {
  for (const type of ['application/x-unheard-of', 'text/plain', 'application/json; charset=utf-8', '']) {
    const body = new Blob(['{"id": "city-trees"}'], { type })
    const answer = await fetch(`${hub.url}/api/action/package_show`, { method: 'POST', body })
    assert.equal(((await answer.json()) as Row)['success'], true, type)
  }
})

test('values with &, =, % and + arrive as they are, however curl labels them', async () => {
  const title = 'a&b=c%20d+e%zz 100%'
  for (const suffix of ['', '=', '=1']) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: maria }
    const body = `${JSON.stringify({ id: 'tree-register', title: title + suffix })}${suffix}`
    await fetch(`${hub.url}/api/action/package_patch`, { method: 'POST', body, headers })
    assert.equal((await result<Row>('package_show', { id: 'tree-register' }))['title'], title + suffix)
  }
})

test('JSONP wraps a POST as well, a failure with status 200 too, and nothing else', async () => {
  const ask = async (path: string) => {
    const answer = await fetch(hub.url + path, { method: 'POST', body: '{"id": "none"}' })
    return [answer.status, (await answer.text()).slice(0, 5)]
  }
  assert.deepEqual(await ask('/api/action/package_list?callback=cb'), [200, 'cb({"'])
  assert.deepEqual(await ask('/api/action/package_show?callback=cb'), [200, 'cb({"'])
  assert.deepEqual(await ask('/api/3/action/package_show?callback=cb'), [404, '{"hel'])
})

test('X-CKAN-API-Key has priority over Authorization, and a value with a blank is no key', async () => {
  const name = async (headers: Record<string, string>) => {
    const answer = await fetch(`${hub.url}/api/3/action/user_show`, { method: 'POST', body: '{}', headers })
    return ((await answer.json()) as { result?: Row }).result?.['name']
  }
  assert.equal(await name({ 'x-ckan-api-key': maria, authorization: jonas }), 'maria')
  assert.equal(await name({ authorization: `Basic ${jonas}` }), undefined)
})

test('plain values of other types are texts, and lists and objects are not', async () => {
  const made = await result<Row>('package_create', { name: 2024, title: 7, version: 1.5, notes: true }, maria)
  assert.deepEqual([made['name'], made['title'], made['version'], made['notes']], ['2024', '7', '1.5', 'true'])
  for (const title of [[], {}, 'a\u0000', '\ud800'])
    assert.deepEqual(await refusal('package_patch', { id: '2024', title }, maria), [409, 'Validation Error'])
})

test('extras: null and deleted take one away, values stay as they came', async () => {
  const extras = [
    { key: 'a', value: '"2"' },
    { key: 'b', value: null },
    { key: 'c', value: 'x', deleted: true },
    { key: 'd', value: { e: [1] } },
  ]
  const made = await result<{ extras: Row[] }>('package_create', { name: 'extras', extras }, maria)
  assert.deepEqual(
    made.extras.map((one) => [one['key'], one['value']]),
    [
      ['a', '"2"'],
      ['d', '{"e":[1]}'],
    ],
  )
})

test('which calls make a revision, and which do not', async () => {
  const count = async () => (await result<string[]>('revision_list')).length
  const grows = async (name: string, body: unknown, key = maria) => {
    const before = await count()
    const made = await result<Row>(name, body, key)
    return [(await count()) - before, made] as const
  }
  const one = async (name: string, body: unknown, key?: string) => assert.equal((await grows(name, body, key))[0], 1, name)
  const none = async (name: string, body: unknown, key?: string) => assert.equal((await grows(name, body, key))[0], 0, name)
  await one('package_create', { name: 'history' })
  await one('package_create', { name: 'history-2' })
  await one('package_update', { id: 'history', title: 'New' })
  await none('package_update', { id: 'history', title: 'New' })
  const [grown, resource] = await grows('resource_create', { package_id: 'history', url: 'http://a.example' })
  assert.equal(grown, 1)
  await one('resource_update', { id: resource['id'], url: 'http://b.example' })
  const link = { id: 'history', id2: 'history-2', rel: 'links_to' }
  await one('package_relationship_create', link)
  await none('package_relationship_update', link)
  await one('package_relationship_update', { ...link, comment: 'x' })
  await one('package_relationship_delete', link)
  await one('group_create', { name: 'history', packages: ['history', 'history-2'] })
  const [latest] = await result<string[]>('revision_list')
  const shown = await result<Row>('revision_show', { id: latest })
  assert.deepEqual([shown['packages'], shown['groups']], [['history', 'history-2'], ['history']])
  await one('group_update', { id: 'history', title: 'x' })
  await one('group_delete', { id: 'history' })
  await none('package_create_validate', { name: 'history-3' })
  await none('rating_create', { package: 'history', rating: '4' })
  await none('user_create', { name: 'historian', password: 'some-word' })
  await none('make_latest_pending_package_active', { id: 'history' })
  await one('package_delete', { id: 'history' })
  await none('package_delete', { id: 'history' })
  const messages = (await result<Row[]>('package_revision_list', { id: 'history' }, maria)).map((revision) => revision['message'])
  assert.deepEqual([messages[0], messages.at(-1)], ['REST API: Delete Package: history', 'REST API: Create object history'])
})

test('keys of a user that the hub makes are ignored, and those that sysadmins set are refused to others', async () => {
  const sent = {
    name: 'klara',
    password: 'some-word',
    created: 'x',
    apikey: 'mine',
    reset_key: 'y',
    openid: 'http://z',
    state: 'active',
    sysadmin: false,
  }
  const made = await result<Row>('user_create', sent, maria)
  assert.deepEqual(
    [made['apikey'] !== 'mine', made['reset_key'], made['openid'], made['state'], made['sysadmin']],
    [true, null, null, 'active', false],
  )
  const klara = String(made['apikey'])
  const other = { name: 'klara-2', password: 'some-word' }
  const reset_key = (await result<Row>('user_reset_create', { id: 'klara' }, hub.adminKey))['reset_key']
  const byReset = { id: 'klara', password: 'other-word', reset_key }
  for (const [name, body, key] of [
    ['user_create', { ...other, sysadmin: true }, maria],
    ['user_create', { ...other, state: 'deleted' }, maria],
    ['user_update', { id: 'klara', sysadmin: true }, klara],
    ['user_update', { id: 'klara', state: 'deleted' }, klara],
    ['user_update', { ...byReset, sysadmin: true }, ''],
    ['user_update', { ...byReset, state: 'deleted' }, ''],
    ['user_update', { ...byReset, fullname: 'Klara' }, ''],
  ] as const)
    assert.deepEqual(await refusal(name, body, key), [403, 'Authorization Error'], JSON.stringify(body))
  assert.deepEqual(await refusal('user_create', { ...other, state: 'deleted' }, hub.adminKey), [409, 'Validation Error'])
  await result('user_update', { ...byReset, name: 'klara', sysadmin: false, state: 'active', email: null, fullname: '' }, '')
  assert.equal((await result<Row>('user_create', { ...other, sysadmin: true }, hub.adminKey))['sysadmin'], true)
  for (const wrong of [
    { name: 'ab', password: 'some-word' },
    { name: 'a b c', password: 'some-word' },
    { name: 'klaus', password: 'abc' },
  ])
    assert.deepEqual(await refusal('user_create', wrong, maria), [409, 'Validation Error'])
})

test('a package is addressed by its name where there is no id, as clients of today do', async () => {
  await result('package_create', { name: 'by-name' }, maria)
  assert.equal((await result<Row>('package_update', { name: 'by-name', title: 'Named' }, maria))['title'], 'Named')
  assert.deepEqual(await refusal('package_update', { title: 'Nameless' }, maria), [409, 'Validation Error'])
})

const searched = async (body: object) =>
  (await result<{ results: Row[] }>('package_search', { limit: 100, ...body })).results.map((one) => one['name'])

test('the language of searches, as the tests of 2011 have it', async () => {
  await result(
    'package_create',
    {
      name: 'annakarenina',
      title: 'A Novel By Tolstoy',
      tags: ['russian', 'tolstoy'],
      groups: [],
      extras: [{ key: 'department', value: 'abc cde' }],
    },
    maria,
  )
  await result(
    'package_create',
    { name: 'warandpeace', title: 'A Wonderful Story', notes: 'Umlaut thümb', tags: ['russian'], resources: [{ url: 'x' }], license_id: 'cc-by' },
    maria,
  )
  const cases: [object, string[]][] = [
    [{ q: 'tolstoy novel' }, ['annakarenina']],
    [{ q: 'Novel TOLSTOY' }, ['annakarenina']],
    [{ q: 'novel tolstoy xyz' }, []],
    [{ q: 'name:warandpeace' }, ['warandpeace']],
    [{ q: 'title:warandpeace' }, []],
    [{ q: 'tags:russian' }, ['annakarenina', 'warandpeace']],
    [{ q: 'tags:russian tags:tolstoy' }, ['annakarenina']],
    [{ q: 'tags:russ' }, []],
    [{ q: 'thümb' }, ['warandpeace']],
    [{ q: 'thumb' }, ['warandpeace']],
    [{ q: 'title:"wonderful story"' }, ['warandpeace']],
    [{ fields: { department: 'cde abc' } }, ['annakarenina']],
    [{ fields: [['department', 'bc']] }, ['annakarenina']],
    [{ fields: { tags: ['russian', 'tolstoy'] } }, ['annakarenina']],
    [{ q: 'russian', filter_by_openness: 'yes' }, ['warandpeace']],
    [{ q: 'russian', filter_by_downloadable: 1 }, ['warandpeace']],
    [{ q: 'russian', return_objects: true, rows: 1, start: 1, limit: undefined }, ['warandpeace']],
    [{ fq: '-tags:tolstoy +tags:russian' }, ['warandpeace']],
    [{ fq: 'tags:(tolstoy OR none)' }, ['annakarenina']],
    [{ fq: 'name:war*' }, ['warandpeace']],
    [{ fq: 'extras_department:"abc cde"' }, ['annakarenina']],
    [{ fq_list: ['tags:russian', 'license_id:cc-by'] }, ['warandpeace']],
    [{ fq: 'metadata_modified:[2020-01-01T00:00:00.123456Z TO *] tags:tolstoy' }, ['annakarenina']],
  ]
  for (const [body, names] of cases) assert.deepEqual(await searched(body), names, JSON.stringify(body))
  await result('package_patch', { id: 'annakarenina', tags: ['russian'] }, maria)
  assert.deepEqual(await searched({ q: 'tags:tolstoy' }), [])
})

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

type Row = Record<string, unknown>
const result = <T>(name: string, body: unknown = {}, key?: string) => resultOf<T>(hub, name, key === undefined ? { body } : { body, key })
const refusal = async (name: string, body: unknown = {}, key?: string) => {
  const { status, body: answer } = await callAction(hub, name, key === undefined ? { body } : { body, key })
  return [status, answer.error?.__type]
}

await result(
  'package_create',
  { name: 'river-levels', title: 'Levels of rivers', tags: ['water', 'rivers'], resources: [{ url: 'http://a.example/1', format: 'CSV' }] },
  maria,
)
await result(
  'package_create',
  {
    name: 'air',
    title: 'River air',
    tags: ['air', 'water'],
    license_id: 'cc-by',
    resources: [
      { url: 'http://a.example/2', format: 'JSON' },
      { url: 'x', format: 'text/csv' },
    ],
  },
  maria,
)
await result('package_create', { name: 'gone', tags: ['only-here', 'water'], resources: [{ url: 'x', format: 'CSVX' }] }, maria)
await result('package_delete', { id: 'gone' }, maria)

test('tags in use are listed, completed and shown with their packages', async () => {
  assert.deepEqual(await result('tag_list'), ['air', 'rivers', 'water'])
  assert.deepEqual(await result('tag_list', { limit: 1 }), ['air', 'rivers', 'water'])
  assert.deepEqual(await result('tag_list', { q: 'R', limit: 2, offset: 1 }), ['rivers', 'water'])
  assert.deepEqual(await result('tag_list', { q: 'tags:wat name:x' }), ['water'])
  assert.deepEqual(await result('tag_list', { q: 'name:x' }), [])
  assert.deepEqual(await result('tag_list', { q: '%' }), [])
  assert.deepEqual(await result('tag_autocomplete', { q: 'r' }), ['air', 'rivers', 'water'])
  assert.deepEqual(await result('tag_autocomplete', {}), [])
  const [air] = await result<{ name: string; packages: Row[] }[]>('tag_list', { all_fields: true })
  assert.deepEqual([air?.name, air?.packages.map((one) => one['name'])], ['air', ['air']])
  const tag = await result<{ packages: { name: string; isopen: boolean; resources: unknown[] }[] }>('tag_show', { id: 'water' })
  assert.deepEqual(
    tag.packages.map((one) => [one.name, one.isopen, one.resources.length]),
    [
      ['air', true, 2],
      ['river-levels', false, 1],
    ],
  )
  assert.deepEqual(await result('tag_show_rest', { id: 'water' }), ['air', 'river-levels'])
  assert.deepEqual(await refusal('tag_show', { id: 'not-there' }), [404, 'Not Found Error'])
})

test('a tag that is only on datasets of which the caller may not know is not found', async () => {
  await result('organization_create', { name: 'city', users: [{ name: 'maria', capacity: 'member' }] }, root)
  await result('package_create', { name: 'hidden', owner_org: 'city', private: true, tags: ['hush', 'loose'] }, root)
  for (const action of ['tag_show', 'tag_show_rest']) {
    for (const key of [undefined, jonas]) {
      const [status, type] = await refusal(action, { id: 'hush' }, key)
      assert.deepEqual([status, type], [404, 'Not Found Error'])
    }
    for (const key of [maria, root]) assert.ok(await result(action, { id: 'hush' }, key))
    assert.deepEqual(await refusal(action, { id: 'only-here' }, jonas), [404, 'Not Found Error'])
    assert.ok(await result(action, { id: 'only-here' }, maria))
  }
  const [unknown, hushed] = await Promise.all(['hasn', 'hush'].map((id) => callAction(hub, 'tag_show', { body: { id } })))
  assert.equal(JSON.stringify(hushed?.body).replaceAll('hush', 'hasn'), JSON.stringify(unknown?.body))
  await result('package_patch', { id: 'hidden', tags: [] }, root)
  assert.deepEqual(await result('tag_show_rest', { id: 'loose' }), [])
})

test('names, titles and formats are completed', async () => {
  const found = await result<Row[]>('package_autocomplete', { q: 'RIVER' })
  assert.deepEqual(found, [
    { name: 'air', title: 'River air', match_field: 'title', match_displayed: 'River air' },
    { name: 'river-levels', title: 'Levels of rivers', match_field: 'name', match_displayed: 'river-levels' },
  ])
  assert.deepEqual(await result('package_autocomplete', { q: 'river_' }), [])
  const names = async (q: string) => (await result<Row[]>('package_autocomplete', { q })).map((row) => row['name'])
  assert.deepEqual(await names('lev'), ['river-levels'])
  assert.deepEqual(await names('rivers le'), ['river-levels'])
  assert.deepEqual(await names('Ríver AI'), ['air'])
  assert.deepEqual(await names('vel'), [])
  assert.deepEqual(await result('package_autocomplete', { q: '' }), [])
  assert.deepEqual(await result('package_autocomplete', { q: 'gone' }), [])
  assert.equal((await refusal('package_autocomplete', { q: 'a '.repeat(101) }))[0], 400)
  assert.deepEqual(await result('format_autocomplete', { q: 's' }), ['CSV', 'JSON'])
  assert.deepEqual(await result('format_autocomplete', {}), [])
})

test('licences are listed in order under both spellings', async () => {
  const licences = await result<{ id: string; is_okd_compliant: boolean; is_osi_compliant: boolean; tags: unknown }[]>('licence_list')
  assert.deepEqual(await result('license_list'), licences)
  assert.equal(licences[0]?.id, 'notspecified')
  const ccBy = licences.find((one) => one.id === 'cc-by')
  assert.deepEqual([ccBy?.is_okd_compliant, ccBy?.is_osi_compliant, ccBy?.tags], [true, false, []])
})

test('current packages come newest revision first, in pages', async () => {
  await result(
    'package_update',
    { id: 'river-levels', notes: 'Newer', tags: ['water', 'rivers'], resources: [{ url: 'http://a.example/1', format: 'CSV' }] },
    maria,
  )
  const names = async (body: object) => (await result<Row[]>('current_package_list_with_resources', body)).map((one) => one['name'])
  assert.deepEqual(await names({}), ['river-levels', 'air'])
  assert.deepEqual(
    [await names({ limit: 1 }), await names({ limit: '1', offset: 1 }), await names({ limit: 0 })],
    [['river-levels'], ['air'], ['river-levels', 'air']],
  )
  assert.deepEqual(await refusal('current_package_list_with_resources', { limit: -1 }), [409, 'Validation Error'])
})

test('revisions are listed and shown', async () => {
  const revisions = await result<Row[]>('package_revision_list', { id: 'river-levels' })
  assert.deepEqual(Object.keys(revisions[0] ?? {}), ['id', 'timestamp', 'message', 'author', 'approved_timestamp'])
  assert.deepEqual(
    revisions.map((one) => [one['message'], one['author']]),
    [
      ['REST API: Update object river-levels', 'maria'],
      ['REST API: Create object river-levels', 'maria'],
    ],
  )
  const ids = await result<string[]>('revision_list')
  assert.equal(ids[0], revisions[0]?.['id'])
  assert.deepEqual(await result('revision_list', { limit: 1, offset: 1 }), ids.slice(1, 2))
  const shown = await result<Row>('revision_show', { id: ids[0] })
  assert.deepEqual([shown['packages'], shown['groups'], shown['timestamp']], [['river-levels'], [], revisions[0]?.['timestamp']])
  const first = await result<Row>('revision_show', { id: ids.at(-1) })
  assert.equal(first['author'], 'system')
  assert.deepEqual(await refusal('revision_show', { id: 'none' }), [404, 'Not Found Error'])
  assert.deepEqual(await refusal('package_revision_list', { id: 'gone' }), [403, 'Authorization Error'])
})

test('groups: made, shown, filled, emptied, deleted and brought back', async () => {
  const made = await result<Row>(
    'group_create',
    { name: 'parks', packages: [{ id: 'air' }, 'river-levels'], extras: [{ key: 'city', value: 'B' }] },
    maria,
  )
  assert.deepEqual([made['display_name'], made['title'], made['description'], made['state']], ['parks', '', '', 'active'])
  const shown = await result<{ packages: Row[]; extras: Row[] }>('group_show', { id: made['id'] })
  assert.deepEqual([shown.packages.map((one) => one['name']), shown.extras.map((one) => one['value'])], [['air', 'river-levels'], ['B']])
  const flat = await result<Row>('group_show_rest', { id: 'parks' })
  assert.deepEqual([flat['packages'], flat['extras']], [['air', 'river-levels'], { city: 'B' }])
  const inPackage = await result<{ groups: Row[] }>('package_show', { id: 'air' })
  assert.deepEqual(
    inPackage.groups.map((one) => [one['name'], one['display_name'], one['state']]),
    [['parks', 'parks', 'active']],
  )
  assert.equal((await result<{ count: number }>('package_search', { q: 'parks' })).count, 2)
  assert.equal((await result<{ count: number }>('package_search', { q: 'groups:parks air' })).count, 1)

  assert.deepEqual(await refusal('group_create', { name: 'parks' }, jonas), [409, 'Validation Error'])
  assert.deepEqual(await refusal('group_update', { id: 'parks' }, jonas), [403, 'Authorization Error'])
  const unknown = await callAction(hub, 'group_create', { body: { name: 'other', packages: [{ id: 'air' }, { id: 'nothing' }] }, key: maria })
  assert.deepEqual(unknown.body.error?.['packages'], [{}, { id: ['There is no such package: nothing'] }])

  const renamed = await result<Row>('group_update', { id: 'parks', name: 'gardens', title: 'Gardens', packages: ['air'] }, maria)
  assert.deepEqual([renamed['display_name'], renamed['extras']], ['Gardens', []])
  assert.deepEqual(
    [
      (await result<{ count: number }>('package_search', { q: 'gardens' })).count,
      (await result<{ count: number }>('package_search', { q: 'parks' })).count,
    ],
    [1, 0],
  )
  assert.deepEqual(await result('group_list'), ['gardens'])
  const [counted] = await result<Row[]>('group_list', { all_fields: true })
  assert.deepEqual([counted?.['packages'], counted?.['package_count'], counted?.['display_name']], [1, 1, 'Gardens'])

  await result('group_delete', { id: 'gardens' }, maria)
  assert.deepEqual([await result('group_list'), (await result<{ groups: unknown[] }>('package_show', { id: 'air' })).groups], [[], []])
  assert.deepEqual(await refusal('group_show', { id: 'gardens' }), [403, 'Authorization Error'])
  assert.equal((await result<Row>('group_show', { id: 'gardens' }, root))['state'], 'deleted')
  await result('group_update', { id: 'gardens', state: 'active', packages: ['air'] }, maria)
  assert.deepEqual(await result('group_list'), ['gardens'])
  const revisions = await result<Row[]>('group_revision_list', { id: 'gardens' })
  assert.deepEqual(
    revisions.map((one) => String(one['message']).split(': ')[1]?.split(' ')[0]),
    ['Update', 'Delete', 'Update', 'Create'],
  )
  const before = await result<Row>('package_show', { id: 'air' })
  assert.equal((await result<Row[]>('package_revision_list', { id: 'air' })).length, 1)
  assert.equal(before['revision_id'], (await result<Row[]>('package_revision_list', { id: 'air' }))[0]?.['id'])
})

test('which groups a caller may edit, and put a package into', async () => {
  const pair = (groups: Row[]) => groups.map((one) => one['name'])
  assert.deepEqual(await result('group_list_authz'), [])
  assert.deepEqual(pair(await result('group_list_authz', {}, maria)), ['gardens'])
  assert.deepEqual(pair(await result('group_list_authz', {}, jonas)), [])
  assert.deepEqual(pair(await result('group_list_available', {}, root)), ['gardens'])
  assert.deepEqual(pair(await result('group_list_available', { id: 'air' }, maria)), [])
  const own = { name: 'jonas-own', groups: [{ id: 'gardens' }] }
  assert.deepEqual(await refusal('package_create', own, jonas), [403, 'Authorization Error'])
  assert.deepEqual(await refusal('package_create', { ...own, groups: ['nowhere'] }, jonas), [404, 'Not Found Error'])
  await result('package_create', own, maria)
  await result('package_update', { id: 'jonas-own', title: 'Still in', groups: [{ name: 'gardens' }] }, jonas)
  assert.deepEqual(await refusal('package_update', { id: 'jonas-own', groups: [] }, jonas), [403, 'Authorization Error'])
  await result('package_update', { id: 'jonas-own', groups: [] }, maria)
})

test('the flat form of groups is partial', async () => {
  await result('group_create_rest', { name: 'flat', packages: ['air'], extras: { a: 1, b: 'x', c: { d: null } } }, maria)
  const updated = await result<Row>('group_update_rest', { id: 'flat', title: 'Flat', packages: [], extras: { b: null, e: '7' } }, maria)
  assert.deepEqual([updated['packages'], updated['extras'], updated['title']], [['air'], { a: 1, c: { d: null }, e: '7' }, 'Flat'])
})

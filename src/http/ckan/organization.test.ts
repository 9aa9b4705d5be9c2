import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())
const maria = (await addUser(hub.app.base, { name: 'maria', password: 'secret-word' })).apiKey
const jonas = (await addUser(hub.app.base, { name: 'jonas', password: 'secret-word' })).apiKey
const nora = (await addUser(hub.app.base, { name: 'nora', password: 'secret-word' })).apiKey
const root = hub.adminKey

type Row = Record<string, unknown>
type Shown = Row & { id: string; users: { name: string; capacity: string }[] }
type Found = { count: number; facets: Row; search_facets: Record<string, { items: Row[] }> }
const result = <T>(name: string, body: unknown = {}, key?: string) => resultOf<T>(hub, name, key === undefined ? { body } : { body, key })
const refusal = async (name: string, body: unknown = {}, key?: string) => {
  const { status, body: answer } = await callAction(hub, name, key === undefined ? { body } : { body, key })
  return [status, answer.error?.__type]
}
const denied = [403, 'Authorization Error']
const absent = [404, 'Not Found Error']
const wrong = [409, 'Validation Error']
const roles = (shown: Shown) => shown.users.map((one) => [one.name, one.capacity])

test('sysadmins make organizations, with people in their roles; the maker is an admin', async () => {
  assert.deepEqual(await refusal('organization_create', { name: 'city' }, maria), denied)
  const users = [
    { name: 'maria', capacity: 'editor' },
    { name: 'nora', capacity: 'member' },
  ]
  const made = await result<Shown>('organization_create', { name: 'city', title: 'The City', users, extras: [{ key: 'mayor', value: 'A' }] }, root)
  assert.deepEqual([made['is_organization'], made['type'], made['display_name'], 'packages' in made], [true, 'organization', 'The City', false])
  assert.deepEqual(roles(made), [
    ['admin', 'admin'],
    ['maria', 'editor'],
    ['nora', 'member'],
  ])
  assert.deepEqual(await refusal('group_create', { name: 'city' }, maria), wrong)
  const { body } = await callAction(hub, 'organization_create', {
    body: { name: 'other', users: [{ name: 'maria' }, { name: 'none', capacity: 'king' }] },
    key: root,
  })
  assert.deepEqual(body.error?.['users'], [{}, { capacity: ['Must be one of admin, editor, member'] }])
})

test('the wrong kind is not found', async () => {
  await result('group_create', { name: 'parks' }, maria)
  assert.deepEqual(await refusal('organization_show', { id: 'parks' }), absent)
  assert.deepEqual(await refusal('group_show', { id: 'city' }), absent)
  assert.deepEqual(await refusal('group_delete', { id: 'city' }, root), absent)
  assert.deepEqual([await result('organization_list'), await result('group_list')], [['city'], ['parks']])
})

test('only its editors and admins give it datasets, and only its people see the private ones', async () => {
  const dataset = { name: 'budget', owner_org: 'city', private: true }
  for (const key of [jonas, nora]) assert.deepEqual(await refusal('package_create', dataset, key), denied)
  assert.deepEqual(await refusal('package_create', { ...dataset, owner_org: 'nowhere' }, maria), wrong)
  assert.deepEqual(await refusal('package_create', { name: 'own', private: true }, maria), wrong)
  const made = await result<Row & { organization: Row }>('package_create', dataset, maria)
  assert.deepEqual([made.organization['name'], made['private']], ['city', true])
  assert.deepEqual([await refusal('package_show', { id: 'budget' }, jonas), await refusal('package_show', { id: 'budget' })], [denied, denied])
  await result('package_show', { id: 'budget' }, nora)
  assert.deepEqual(await refusal('package_patch', { id: 'budget', title: 'Mine' }, nora), denied)
  const count = async (key: string | undefined, include: boolean) =>
    (await result<Found>('package_search', { q: 'budget', include_private: include }, key)).count
  assert.deepEqual([await count(nora, true), await count(nora, false), await count(jonas, true), await count(root, false)], [1, 0, 0, 0])
})

test('facets count public and private datasets over what the caller may see', async () => {
  await result('package_create', { name: 'open-budget', owner_org: 'city' }, maria)
  const facets = async (key: string | undefined) =>
    (await result<Found>('package_search', { q: 'budget', include_private: true, 'facet.field': ['private', 'capacity'] }, key)).facets
  assert.deepEqual(await facets(nora), { private: { false: 1, true: 1 }, capacity: { private: 1, public: 1 } })
  for (const key of [undefined, jonas]) assert.deepEqual(await facets(key), { private: { false: 1 }, capacity: { public: 1 } })
  await result('dataset_purge', { id: 'open-budget' }, root)
})

test('its public datasets are counted, found and shown by it', async () => {
  await result('package_create', { name: 'trees', owner_org: 'city' }, maria)
  const found = await result<Found>('package_search', { fq: 'organization:city', 'facet.field': ['organization'] })
  assert.deepEqual([found.count, found.facets], [1, { organization: { city: 1 } }])
  assert.deepEqual(found.search_facets['organization']?.items, [{ name: 'city', display_name: 'The City', count: 1 }])
  const [listed] = await result<Row[]>('organization_list', { all_fields: true })
  assert.deepEqual([listed?.['package_count'], listed?.['name']], [1, 'city'])
  assert.deepEqual(await result('organization_list', { organizations: ['city', 'none'] }), ['city'])
  const shown = await result<Row & { packages: Row[] }>('organization_show', { id: 'city', include_datasets: true })
  assert.deepEqual(
    shown.packages.map((one) => one['name']),
    ['trees'],
  )
  assert.equal((await result<Row>('organization_show', { id: 'city' }))['package_count'], 1)
})

test('admins change it and its people, others do not', async () => {
  for (const key of [undefined, jonas, nora, maria]) assert.deepEqual(await refusal('organization_patch', { id: 'city', title: 'Mine' }, key), denied)
  const member = { id: 'city', username: 'jonas', role: 'admin' }
  assert.deepEqual(await refusal('organization_member_create', member, jonas), denied)
  assert.deepEqual(await refusal('organization_member_create', { ...member, role: 'king' }, root), wrong)
  assert.deepEqual(await refusal('organization_member_create', { ...member, username: 'none' }, root), wrong)
  assert.equal((await result<Row>('organization_member_create', member, root))['capacity'], 'admin')
  const patched = await result<Shown & { extras: Row[] }>('organization_patch', { id: 'city', title: 'Town' }, jonas)
  assert.deepEqual([patched['title'], patched.extras.length, patched.users.length], ['Town', 1, 4])
  const updated = await result<Shown & { extras: Row[] }>('organization_update', { id: 'city', description: 'x' }, jonas)
  assert.deepEqual([updated['title'], updated.extras.length, updated.users.length], ['Town', 0, 4])
  assert.equal((await result<Found>('package_search', { fq: 'organization:city' })).count, 1)
})

test('a user sees the own permissions in each organization', async () => {
  const names = async (key: string | undefined, permission?: string) =>
    (await result<Row[]>('organization_list_for_user', { permission }, key)).map((one) => one['name'])
  assert.deepEqual([await names(undefined, 'read'), await names(nora, 'read'), await names(nora, 'create_dataset')], [[], ['city'], []])
  assert.deepEqual(
    [await names(maria, 'update_dataset'), await names(maria, 'admin'), await names(jonas, 'manage_group'), await names(root, 'admin')],
    [['city'], [], ['city'], ['city']],
  )
})

test('without a permission organizations of every role are listed, with the role, for any user', async () => {
  const capacities = async (body: Row, key?: string) =>
    (await result<Row[]>('organization_list_for_user', body, key)).map((one) => `${one['name']} ${one['capacity']}`)
  assert.deepEqual(
    [await capacities({}, nora), await capacities({}, maria), await capacities({}, root)],
    [['city member'], ['city editor'], ['city admin']],
  )
  assert.deepEqual(
    [await capacities({ id: 'nora' }), await capacities({ id: 'admin' }, nora), await capacities({})],
    [['city member'], ['city admin'], []],
  )
  assert.deepEqual(await capacities({ id: 'nora', permission: 'create_dataset' }, root), [])
  assert.deepEqual(await refusal('organization_list_for_user', { id: 'none' }, root), absent)
})

test("a group's editor puts datasets into it, its member does not", async () => {
  await result('package_create', { name: 'noras' }, nora)
  assert.deepEqual(await refusal('package_patch', { id: 'noras', groups: ['parks'] }, nora), denied)
  await result('group_member_create', { id: 'parks', username: 'nora', role: 'editor' }, maria)
  await result('package_patch', { id: 'noras', groups: ['parks'] }, nora)
  assert.deepEqual(await refusal('group_patch', { id: 'parks', title: 'Mine' }, nora), denied)
  const kept = await result<Row & { packages: Row[] }>('group_patch', { id: 'parks', title: 'Parks' }, maria)
  assert.deepEqual([kept['title'], kept.packages.map((one) => one['name'])], ['Parks', ['noras']])
})

test('what was dumped loads again with its ids, after it was purged', async () => {
  await result('package_relationship_create', { id: 'trees', id2: 'noras', rel: 'child_of' }, root)
  const [group, organization] = [await result<Shown>('group_show', { id: 'parks' }), await result<Shown>('organization_show', { id: 'city' })]
  const datasets = [await result<Row>('package_show', { id: 'trees' }), await result<Row>('package_show', { id: 'budget' }, root)]
  assert.deepEqual(await refusal('organization_purge', { id: 'city' }, root), wrong)
  for (const name of ['trees', 'budget']) assert.deepEqual(await refusal('dataset_purge', { id: name }, maria), denied)
  for (const name of ['trees', 'budget']) assert.equal(await result('dataset_purge', { id: name }, root), null)
  const noras = await result<Row>('package_show', { id: 'noras' })
  assert.deepEqual(noras['relationships_as_object'], [])
  assert.deepEqual([await refusal('package_show', { id: 'trees' }, root), await refusal('dataset_purge', { id: 'trees' }, root)], [absent, absent])
  assert.equal((await result<Found>('package_search', { q: 'trees' })).count, 0)
  await result('organization_purge', { id: 'city' }, root)
  await result('group_purge', { id: 'parks' }, root)
  assert.deepEqual((await result<Row>('package_show', { id: 'noras' }))['groups'], [])
  assert.equal((await result<Found>('package_search', { q: 'parks' })).count, 0)

  const again = await result<Shown>('organization_create', organization, root)
  assert.deepEqual([again.id, roles(again), again['title']], [organization.id, roles(organization), organization['title']])
  const regrouped = await result<Shown>('group_create', group, root)
  assert.deepEqual([regrouped.id, roles(regrouped)], [group.id, [['admin', 'admin'], ...roles(group)]])
  for (const dataset of datasets) {
    const loaded = await result<Row>('package_create', dataset, root)
    for (const key of ['id', 'name', 'owner_org', 'private', 'organization_id']) assert.deepEqual(loaded[key], dataset[key], key)
  }
})

test('a deleted organization is in no list, and keeps its name and its datasets', async () => {
  await result('organization_delete', { id: 'city' }, jonas)
  assert.deepEqual([await result('organization_list'), await refusal('organization_show', { id: 'city' })], [[], denied])
  assert.deepEqual(await refusal('organization_create', { name: 'city' }, root), wrong)
  assert.deepEqual(await refusal('package_create', { name: 'late', owner_org: 'city' }, maria), wrong)
  const trees = await result<Row>('package_show', { id: 'trees' })
  await result('package_update', { ...trees, title: 'Still here' }, maria)
  await result('organization_patch', { id: 'city', state: 'active' }, root)
  assert.deepEqual(await result('organization_list'), ['city'])
})

test('a write during a purge ends before it, or gets not_found', async () => {
  for (let round = 0; round < 4; round++) {
    for (const name of ['short-lived', 'neighbour']) await result('package_create', { name, resources: [{ url: 'http://a.example' }] }, root)
    const { resources } = await result<Row & { resources: Row[] }>('package_show', { id: 'short-lived' })
    await result('group_create', { name: 'circle', packages: ['short-lived', 'neighbour'] }, root)
    const calls: [string, Row][] = [
      ['package_patch', { id: 'short-lived', title: 'New', groups: ['circle'] }],
      ['resource_create', { package_id: 'short-lived', url: 'http://b.example' }],
      ['resource_patch', { id: resources[0]?.['id'], name: 'x' }],
      ['package_relationship_create', { id: 'short-lived', id2: 'neighbour', rel: 'links_to' }],
      ['rating_create', { package: 'short-lived', rating: 3 }],
      ['dataset_purge', { id: 'short-lived' }],
      ['package_show', { id: 'short-lived' }],
      ['resource_show', { id: resources[0]?.['id'] }],
      ['group_update', { id: 'circle', packages: ['short-lived'] }],
      ['group_purge', { id: 'circle' }],
      ['group_member_create', { id: 'circle', username: 'maria', role: 'editor' }],
      ['package_patch', { id: 'neighbour', groups: ['circle'] }],
    ]
    const answers = await Promise.all(calls.map(([name, body]) => callAction(hub, name, { body, key: root })))
    for (const [at, { status }] of answers.entries()) assert.ok([200, 404, 409].includes(status), `${calls[at]?.[0]}: ${status}`)
    assert.deepEqual(await refusal('package_show', { id: 'short-lived' }, root), absent)
    assert.deepEqual(await refusal('group_show', { id: 'circle' }, root), absent)
    const neighbour = await result<Row>('package_show', { id: 'neighbour' })
    assert.deepEqual([neighbour['groups'], neighbour['relationships_as_object']], [[], []])
    await result('dataset_purge', { id: 'neighbour' }, root)
  }
})

test("an organization whose datasets are all deleted can be purged; a private one among them is then its creator's alone", async () => {
  await result('organization_create', { name: 'closing', users: [{ name: 'maria', capacity: 'editor' }] }, root)
  const dataset = { owner_org: 'closing', notes: 'secret', private: true }
  await result('package_create', { name: 'closing-private', ...dataset }, maria)
  await result('package_create', { name: 'closing-draft', ...dataset, state: 'draft' }, root)
  for (const name of ['closing-private', 'closing-draft']) {
    assert.deepEqual(await refusal('organization_purge', { id: 'closing' }, root), wrong)
    await result('package_delete', { id: name }, root)
  }
  assert.equal(await result('organization_purge', { id: 'closing' }, root), null)
  assert.deepEqual(await refusal('organization_show', { id: 'closing' }, root), absent)
  const shown = await result<Row>('package_show', { id: 'closing-private' }, maria)
  assert.deepEqual([shown['owner_org'], shown['organization'], shown['state'], shown['private']], [null, null, 'deleted', true])
  for (const name of ['package_show', 'package_patch', 'package_update'])
    assert.deepEqual(await refusal(name, { id: 'closing-private' }, nora), denied)
  const found = await result<Found>('package_search', { q: 'closing', include_deleted: true, include_private: true }, maria)
  assert.equal(found.count, 1)
  await result('package_patch', { id: 'closing-private', state: 'active', private: false }, maria)
  await result('package_show', { id: 'closing-private' })
})

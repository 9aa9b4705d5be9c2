import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../../test/action.ts'
import { startHub } from '../../../../test/hub.ts'

// What is sent is stored as it was sent, or refused: never altered or dropped without a word.

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())
const key = hub.adminKey

type Row = Record<string, unknown>
const result = <T = Row>(name: string, body: unknown) => resultOf<T>(hub, name, { body, key })
const names = (rows: unknown) => (rows as Row[]).map((row) => row['name'])

/** The fields that a call is refused for. */
async function refused(name: string, body: unknown): Promise<string[]> {
  const { status, body: answer } = await callAction(hub, name, { body, key })
  assert.equal(status, 409, JSON.stringify(answer))
  return Object.keys(answer.error ?? {}).filter((field) => field !== '__type')
}

/** Sends a body as text, so that its numbers stay as written, and returns the text of the answer. */
async function send(name: string, body: string): Promise<string> {
  const answer = await fetch(`${hub.url}/api/3/action/${name}`, { method: 'POST', body, headers: { authorization: key } })
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return text
}

test('numbers keep their text, and values of further keys of a resource their form', async () => {
  const kept = '"count":12345678901234567890,"rate":1.10,"flag":false,"list":[1.0,"a",null],"nested":{"b":{"a":[1e400]}},"zero":-0'
  const resource = `{"url":"http://a.example","size":1.50,${kept}}`
  const sent = `{"name":"exact","version":1.0,"title":2010,"extras":[{"key":"n","value":1.10}],"tags":[{"name":2010}],"resources":[${resource}]}`
  const answer = await send('package_create', sent)
  for (const text of ['"version":"1.0"', '"title":"2010"', '"value":"1.10"', '"size":1.50', ...kept.split(/,(?="\w+":)/)])
    assert.ok(answer.includes(text), text)
  const shown = await send('package_show', '{"id":"exact"}')
  const before = await result('package_show', { id: 'exact' })
  const { id } = (before['resources'] as Row[])[0] ?? {}
  // Of what comes back unchanged nothing changes, of a change only what was meant.
  const whole = shown.slice(shown.indexOf('"result":') + '"result":'.length, -1)
  await send('package_update', whole)
  assert.equal((await result('package_show', { id: 'exact' }))['metadata_modified'], before['metadata_modified'])
  const patched = await send('resource_patch', `{"id":"${id}","name":"Named","count":2.50}`)
  for (const text of ['"rate":1.10', '"count":2.50', '"nested":{"b":{"a":[1e400]}}']) assert.ok(patched.includes(text), text)
  assert.deepEqual(await refused('resource_patch', { id, odd: { deep: ['a\u0000'] } }), ['odd'])
  assert.deepEqual(await refused('package_patch', { id: 'exact', title: { a: 1 }, notes: ['x'] }), ['notes', 'title'])
})

test('a duplicate key is refused with its place', async () => {
  const twice = [
    { key: 'a', value: '1' },
    { key: 'b', value: '2' },
    { key: 'a', value: '3' },
  ]
  for (const [name, body] of [
    ['package_create', { name: 'twice' }],
    ['group_create', { name: 'twice-too' }],
    ['organization_create', { name: 'twice-too' }],
  ] as const) {
    const { status, body: answer } = await callAction(hub, name, { body: { ...body, extras: twice }, key })
    const message = 'Duplicate key "a"'
    assert.deepEqual([status, answer.error?.['extras_validation'], answer.error?.['extras']], [409, [message], [{}, {}, { key: [message] }]])
  }
  const replaced = [{ key: 'a', deleted: true }, ...twice.slice(1), { key: 'b', deleted: true }]
  const made = await result('package_create', { name: 'replaced', extras: replaced })
  assert.deepEqual(
    (made['extras'] as Row[]).map((one) => [one['key'], one['value']]),
    [
      ['a', '3'],
      ['b', '2'],
    ],
  )
})

test('tag_string adds tags', async () => {
  assert.deepEqual(names((await result('package_create', { name: 'tagged', tag_string: ' air quality, rivers,,rivers ' }))['tags']), [
    'air quality',
    'rivers',
  ])
  assert.deepEqual(names((await result('package_patch', { id: 'tagged', tag_string: 'lakes' }))['tags']), ['air quality', 'lakes', 'rivers'])
  assert.deepEqual(names((await result('package_update', { id: 'tagged', tags: ['one'], tag_string: 'two' }))['tags']), ['one', 'two'])
  assert.deepEqual(names((await result('package_update', { id: 'tagged', tag_string: 'two' }))['tags']), ['two'])
  assert.deepEqual(names((await result('package_patch', { id: 'tagged', tag_string: '' }))['tags']), ['two'])
  assert.deepEqual(await refused('package_patch', { id: 'tagged', tag_string: 'fine,a,b/c' }), ['tag_string'])
  assert.deepEqual(await refused('package_patch', { id: 'tagged', tags: [{ name: 'fine', vocabulary_id: 'v' }] }), ['tags'])
})

test('times are dates of the calendar; those from before the rule stay', async () => {
  const create = (body: object) => ({ package_id: 'exact', url: 'http://a.example/t', ...body })
  const fine = [
    '2026-11-29',
    '2026-11-29T10:25',
    '2024-02-29T23:59:59.123456',
    '2026-11-29 10:25:00',
    '2026-11-29T10:25:00Z',
    '2026-11-29T10:25:00+02:00',
    '',
  ]
  for (const last_modified of fine) assert.equal((await result('resource_create', create({ last_modified })))['last_modified'], last_modified)
  for (const wrong of ['yesterday', '2026-02-30', '2026-13-01', '29.11.2026', '2026-11-29T25:00:00', 20261129, true, ['2026-11-29']]) {
    for (const field of ['last_modified', 'cache_last_updated'])
      assert.deepEqual(await refused('resource_create', create({ [field]: wrong })), [field])
  }
  const { id } = await result('resource_create', create({ last_modified: '2026-11-29' }))
  const old = JSON.stringify({ last_modified: 'yesterday' })
  await hub.app.base.store.write(({ db }) => db.updateTable('resource').set({ rest: old }).where('id', '=', String(id)).execute())
  const edited = await result('resource_update', create({ id, name: 'Edited', last_modified: 'yesterday' }))
  assert.deepEqual([edited['name'], edited['last_modified']], ['Edited', 'yesterday'])
  assert.deepEqual(await refused('resource_patch', { id, last_modified: 'today' }), ['last_modified'])
})

test('a dataset that a sysadmin moves from another hub keeps the time of its last change', async () => {
  const modified = async (metadata_modified: unknown, who = key) =>
    (await resultOf<Row>(hub, 'package_create', { body: { name: `brought-${randomUUID()}`, metadata_modified }, key: who }))['metadata_modified']
  assert.equal(await modified('2020-02-01T10:00:00.123456'), '2020-02-01T10:00:00.123000')
  assert.equal(await modified('2020-02-01 12:00+02:00'), '2020-02-01T10:00:00.000000')
  assert.equal(await modified('2020-02-01'), '2020-02-01T00:00:00.000000')
  for (const metadata_modified of ['yesterday', '2020-02-31', '9999-01-01'])
    assert.deepEqual(await refused('package_create', { name: 'brought', metadata_modified }), ['metadata_modified'])
  const { apikey } = await result('user_create', { name: 'brings', password: 'some-word' })
  assert.notEqual(await modified('2020-02-01', String(apikey)), '2020-02-01T00:00:00.000000', 'others send back what they were shown')
})

test('type and kind stay, and a word that means nothing is refused', async () => {
  await result('package_create', { name: 'typed', type: 'harvest' })
  await result('group_create', { name: 'typed-group' })
  await result('organization_create', { name: 'typed-org', is_organization: true, state: 'active' })
  for (const name of ['package_update', 'package_patch', 'package_update_rest']) {
    assert.deepEqual(await refused(name, { id: 'typed', type: 'dataset' }), ['type'])
    assert.deepEqual(await refused(name, { id: 'typed', state: 'finished' }), ['state'])
    assert.equal((await result(name, { id: 'typed', type: 'harvest', title: name }))['title'], name)
  }
  for (const name of ['group_update', 'group_patch']) {
    assert.deepEqual(await refused(name, { id: 'typed-group', type: 'other' }), ['type'])
    assert.deepEqual(await refused(name, { id: 'typed-group', state: 'finished', tags: ['x'], groups: [{ name: 'y' }] }), ['tags', 'groups', 'state'])
    await result(name, { id: 'typed-group', type: 'group', tags: [], groups: [], is_organization: false, approval_status: 'approved' })
    assert.deepEqual(await refused(name, { id: 'typed-group', approval_status: 'pending' }), ['approval_status'])
  }
  assert.deepEqual(await refused('organization_patch', { id: 'typed-org', type: 'group', is_organization: false }), ['type', 'is_organization'])
  assert.deepEqual(await refused('group_create', { name: 'no-org', type: 'organization', is_organization: true, state: 'deleted' }), [
    'type',
    'is_organization',
    'state',
  ])
})

test('new, edit and search are no new names; what has such a name keeps it', async () => {
  await result('group_create', { name: 'old-group' })
  for (const name of ['new', 'edit', 'search']) {
    for (const action of ['package_create', 'package_create_rest', 'group_create', 'organization_create'])
      assert.deepEqual(await refused(action, { name }), ['name'])
    assert.deepEqual(await refused('package_patch', { id: 'typed', name }), ['name'])
    assert.deepEqual(await refused('group_patch', { id: 'old-group', name }), ['name'])
  }
  const { db } = { db: hub.app.base.store }
  for (const [table, old] of [
    ['dataset', 'typed'],
    ['catalogue_group', 'old-group'],
  ] as const)
    await db.write((write) => write.db.updateTable(table).set({ name: 'search' }).where('name', '=', old).execute())
  const dataset = await result('package_show', { id: 'search' })
  assert.equal((await result('package_update', { ...dataset, name: 'search', title: 'Still there' }))['title'], 'Still there')
  assert.equal((await result('group_update', { id: 'search', name: 'search', title: 'Still there' }))['name'], 'search')
  assert.equal((await result('package_patch', { id: 'search', name: 'found' }))['name'], 'found')
})

test('a number that would lose digits among very many values is refused by name', async () => {
  const body = (last: string) => `{"name":"many","resources":[{"url":"http://a.example","list":[${'1.50,'.repeat(100_000)}${last}]}]}`
  const send = (last: string) =>
    fetch(`${hub.url}/api/3/action/package_create_validate`, { method: 'POST', body: body(last), headers: { authorization: key } })
  const refusal = await send('12345678901234567890')
  assert.equal(refusal.status, 413)
  assert.match(await refusal.text(), /12345678901234567890 has more digits than are kept/)
  assert.equal((await send('0.1')).status, 200)
})

test('the position of a resource must be a whole number, and the order of the list decides', async () => {
  const resources = (...positions: unknown[]) => positions.map((position, at) => ({ url: `http://a.example/${at}`, position }))
  for (const position of ['x', -1, 1.5, [1]])
    assert.deepEqual(await refused('package_create', { name: 'placed', resources: resources(position) }), ['resources'])
  const made = await result('package_create', { name: 'placed', resources: resources(1, '0', null) })
  assert.deepEqual(
    (made['resources'] as Row[]).map((one) => one['position']),
    [0, 1, 2],
  )
  const [first] = made['resources'] as Row[]
  assert.deepEqual(await refused('resource_patch', { id: first?.['id'], position: 'x' }), ['position'])
})

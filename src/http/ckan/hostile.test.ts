import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { leg } from '../../../test/store.ts'
import { actions } from './actions/actions.ts'

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())
const { db } = hub.app.base.store
await resultOf(hub, 'package_create', { body: { name: 'here', tags: ['one'], resources: [{ url: 'http://a.example' }] }, key: hub.adminKey })
await resultOf(hub, 'package_create', { body: { name: 'there' }, key: hub.adminKey })
await resultOf(hub, 'group_create', { body: { name: 'a-group', packages: ['here'] }, key: hub.adminKey })
await resultOf(hub, 'organization_create', { body: { name: 'an-org' }, key: hub.adminKey })
const here = await resultOf<{ id: string; resources: { id: string }[] }>(hub, 'package_show', { body: { id: 'here' } })

/** What a refusal leaves is looked at in seventeen tables each time, which takes a PostgreSQL several times as long. */
const runs = leg === 'sqlite' ? { write: 20, read: 10 } : { write: 6, read: 4 }

const tables = [
  'dataset',
  'dataset_folded',
  'resource',
  'tag',
  'dataset_tag',
  'dataset_extra',
  'revision',
  'version',
  'catalogue_group',
  'group_extra',
  'group_role',
  'token',
  'relationship',
  'rating',
  'user_account',
  'membership',
  'change',
] as const

/** Every row of the catalogue as one text: what a refused call must leave as it was. */
async function storedState(): Promise<string> {
  const rows = []
  for (const table of tables) rows.push(await db.selectFrom(table).selectAll().execute())
  return JSON.stringify(rows.map((one) => one.map((row) => JSON.stringify(row)).sort()))
}

const oddTexts = [
  '',
  ' ',
  'here',
  here.id,
  here.resources[0]?.id ?? '',
  'x'.repeat(5000),
  'a\u0000b',
  '\ud800',
  '\uFDD0',
  '__proto__',
  '"',
  "'",
  '%',
  '*:*',
  '(',
  'a:[1 TO',
  '-',
  'null',
  '\u202e',
  '1e999',
  '[]',
  '{"a":1}',
  "'; drop table dataset; --",
]
const oddText = fc.oneof(fc.constantFrom(...oddTexts), fc.string({ unit: 'binary', maxLength: 40 }))
const oddValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    oddText,
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, 2 ** 31),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(oddText, fc.constantFrom('id', 'name', 'key', 'value', 'url', 'deleted', 'state', 'size')), tie('value'), { maxKeys: 4 }),
  ),
})).value

/** Calls an action with a body as it comes; JSON in which `__proto__` is a key like others. */
async function send(name: string, body: string, key: string | undefined) {
  const response = await fetch(`${hub.url}/api/3/action/${name}`, { method: 'POST', body, headers: key ? { authorization: key } : {} })
  return { status: response.status, text: await response.text() }
}

let made = 0

/** A valid input of an action: odd values that are added to it reach more code than they would alone. */
const takenInputs: Readonly<Record<string, () => Record<string, unknown>>> = {
  package_create: () => ({ name: `fine-${made++}`, resources: [{ url: 'http://a.example' }] }),
  package_update: () => ({ id: 'here' }),
  resource_create: () => ({ package_id: here.id, url: 'http://a.example' }),
  resource_update: () => ({ id: here.resources[0]?.id, url: 'http://a.example' }),
  group_create: () => ({ name: `group-${made++}`, packages: ['here'] }),
  group_update: () => ({ id: 'a-group' }),
  group_create_rest: () => ({ name: `group-${made++}`, extras: { a: 1 } }),
  group_update_rest: () => ({ id: 'a-group' }),
  package_patch: () => ({ id: 'here' }),
  package_create_validate: () => ({ name: `fine-${made++}` }),
  package_update_validate: () => ({ id: 'here' }),
  package_create_rest: () => ({ name: `fine-${made++}`, tags: 'a1 b1', extras: { a: [1] } }),
  package_update_rest: () => ({ id: 'here', extras: { b: null } }),
  package_relationship_create: () => ({ id: 'here', id2: 'there', rel: 'child_of' }),
  package_relationship_update: () => ({ id: 'here', id2: 'there', rel: 'child_of' }),
  package_relationship_delete: () => ({ id: 'here', id2: 'there', rel: 'parent_of' }),
  rating_create: () => ({ package: 'here', rating: 3 }),
  user_update: () => ({ id: 'admin' }),
  group_patch: () => ({ id: 'a-group' }),
  group_member_create: () => ({ id: 'a-group', username: 'admin', role: 'editor' }),
  organization_create: () => ({ name: `org-${made++}`, users: [{ name: 'admin', capacity: 'admin' }] }),
  organization_update: () => ({ id: 'an-org' }),
  organization_patch: () => ({ id: 'an-org' }),
  organization_member_create: () => ({ id: 'an-org', username: 'admin', role: 'member' }),
  api_token_create: () => ({ user: 'admin', name: 'a token' }),
  resource_patch: () => ({ id: here.resources[0]?.id }),
}

const quoteKeys = (parameters: readonly (readonly [string, unknown])[]) =>
  `{${parameters.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`

for (const [name, action] of actions) {
  test(`${name} answers any input with a result or a refusal, and a refusal leaves nothing`, async () => {
    const known = Object.keys(action.input.properties)
    const parameter = fc.tuple(
      known.length > 0 ? fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: oddText }) : oddText,
      oddValue,
    )
    const input = fc.array(parameter, { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(input, fc.constantFrom(true, true, false), fc.boolean(), async (parameters, isKnown, isTaken) => {
        const before = action.effect === 'write' ? await storedState() : ''
        const base = isTaken ? Object.entries(takenInputs[name]?.() ?? {}) : []
        const { status, text } = await send(name, quoteKeys([...base, ...parameters]), isKnown ? hub.adminKey : undefined)
        assert.ok([200, 400, 403, 404, 409].includes(status), `${status} ${text.slice(0, 500)}`)
        const body: unknown = JSON.parse(text)
        assert.ok(typeof body === 'object' && body !== null && 'success' in body, text.slice(0, 500))
        if (body.success) return assert.deepEqual(Object.keys(body), ['help', 'success', 'result'])
        assert.deepEqual(Object.keys(body), ['help', 'success', 'error'])
        if (action.effect === 'write') assert.equal(await storedState(), before)
      }),
      { numRuns: runs[action.effect] },
    )
  })
}

test('a body that nests too deep or is too large is refused with 413', async () => {
  const deep = `{"name": ${'['.repeat(100)}${']'.repeat(100)}}`
  assert.equal((await send('package_create', deep, hub.adminKey)).status, 413)
  const large = JSON.stringify({ name: 'large', notes: 'x'.repeat(11 * 1024 * 1024) })
  assert.equal((await send('package_create', large, hub.adminKey)).status, 413)
})

test('lists with more entries than a request may bring are refused with 400 in every form, and thousands of resources are taken', async () => {
  const many = [...Array(20_000).keys()]
  const names = many.map((no) => `tag ${no}`)
  const inputs: readonly (readonly [string, object])[] = [
    ['package_create', { tags: names.map((name) => ({ name })) }],
    ['package_create', { tag_string: names.join(',') }],
    ['package_create', { extras: many.map((no) => ({ key: `key ${no}`, value: '1' })) }],
    ['package_create', { groups: many.map((no) => `group-${no}`) }],
    ['package_create', { resources: many.map((no) => ({ url: `http://a.example/${no}` })) }],
    ['package_create_rest', { tags: many.map((no) => `tag-${no}`).join(' ') }],
    ['package_create_rest', { extras: Object.fromEntries(many.slice(0, 5000).map((no) => [`key ${no}`, '1'])) }],
    ['group_create', { packages: many.map((no) => `package-${no}`) }],
    ['package_search', { fq_list: many.slice(0, 101).map((no) => `tags:t${no}`) }],
  ]
  for (const [name, input] of inputs) {
    const { status, text } = await send(name, JSON.stringify({ name: 'crowded', ...input }), hub.adminKey)
    assert.equal(status, 400, `${name} ${Object.keys(input)}: ${text.slice(0, 200)}`)
    assert.match(text, /at most \d+ entries are allowed, got \d+/)
  }
  const resources = many.slice(0, 10_000).map((no) => ({ url: `http://a.example/${no}` }))
  const { status, text } = await send('package_create', JSON.stringify({ name: 'crowded', resources }), hub.adminKey)
  assert.equal(status, 200, text.slice(0, 200))
  const more = await send('resource_create', JSON.stringify({ package_id: 'crowded', url: 'http://a.example/more' }), hub.adminKey)
  assert.deepEqual([more.status, more.text.includes('at most 10000 entries are allowed, got 10001')], [400, true])
})

test('a text to look for that no database takes is refused in every list', async () => {
  const q = 'x_'.repeat(30_000)
  for (const [action, body] of [
    ['user_list', { q }],
    ['user_autocomplete', { q }],
    ['tag_list', { query: q }],
    ['tag_list', { query: 'x '.repeat(5000) }],
    ['resource_search', { query: [`name:${q}`] }],
    ['package_search', { q: `title:${'%'.repeat(26_000)}` }],
    ['package_search', { q: `title:${'a\\ '.repeat(5000)}` }],
  ] as const) {
    const { status, text } = await send(action, JSON.stringify(body), undefined)
    assert.ok(status === 400 || status === 409, `${action}: ${status} ${text.slice(0, 200)}`)
  }
})

test('a search takes at most 1,000 words, with any characters between them', async () => {
  for (const q of ['ab,'.repeat(1001), `"${'ab '.repeat(1001)}"`, '東京'.repeat(501)]) {
    const { status, text } = await send('package_search', JSON.stringify({ q }), undefined)
    assert.deepEqual([status, text.includes('a search may have at most 1000 words')], [400, true], q.slice(0, 10))
  }
  assert.equal((await send('package_search', JSON.stringify({ q: 'ab,'.repeat(1000) }), undefined)).status, 200)
})

test('a text of a million characters is stored, shown and searched', async () => {
  const notes = `${'palimpsest '.repeat(90_000)}ultimate`
  const body = JSON.stringify({ name: 'long', notes, title: 'x '.repeat(5_000) })
  assert.equal((await send('package_create', body, hub.adminKey)).status, 200)
  const shown = await resultOf<{ notes: string }>(hub, 'package_show', { body: { id: 'long' } })
  assert.equal(shown.notes, notes)
  assert.equal((await resultOf<{ count: number }>(hub, 'package_search', { body: { q: 'palimpsests' } })).count, 1)
})

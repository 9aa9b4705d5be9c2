import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { root } from '../../../scripts/test-files.ts'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'
import { actions } from './actions/actions.ts'

const hub = await startHub({ MILLRACE_SITE_TITLE: 'The hub' }, { http: true, workers: false })
after(() => hub.close())
const maria = (await addUser(hub.app.base, { name: 'maria', password: 'secret-word' })).apiKey
const jonas = (await addUser(hub.app.base, { name: 'jonas', password: 'secret-word' })).apiKey

type Row = Record<string, unknown>
const result = <T>(name: string, body: unknown = {}, key?: string) => resultOf<T>(hub, name, key === undefined ? { body } : { body, key })
const refusal = async (name: string, body: unknown = {}, key?: string) => {
  const { status, body: answer } = await callAction(hub, name, key === undefined ? { body } : { body, key })
  return [status, answer.error?.__type]
}

await result(
  'package_create',
  {
    name: 'levels',
    resources: [
      { url: 'http://a.example/1.csv', name: 'Water Levels', format: 'CSV' },
      { url: 'http://a.example/2.json', name: 'Air', description: '100% of it' },
    ],
  },
  maria,
)

test('status_show has name, address and version of the site, and the version of the API as CKAN writes it', async () => {
  const status = await result<Row>('status_show')
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  assert.deepEqual([status['site_title'], status['site_url'], status['millrace_version']], ['The hub', hub.url, version])
  assert.match(String(status['ckan_version']), /^2\.11\.\d+$/)
  assert.ok(Array.isArray(status['extensions']))
})

test('every action has its help by name, and an unknown one none', async () => {
  for (const [name, { help }] of actions) assert.equal(await result('help_show', { name }), help)
  assert.deepEqual(await refusal('help_show', { name: 'constructor' }), [404, 'Not Found Error'])
})

test('actions that the document of 2011 does not name have real codes on both prefixes', async () => {
  const { status, body } = await callAction(hub, 'help_show', { body: { name: 'package_eat' }, prefix: '/api/action' })
  assert.deepEqual([status, body.success], [404, false])
})

test('a read without any body is fine below /api/3/action, and is refused below /api/action and of a change', async () => {
  const status = async (path: string) => (await fetch(`${hub.url}${path}`, { method: 'POST', headers: { authorization: maria } })).status
  assert.deepEqual(
    [await status('/api/3/action/package_list'), await status('/api/action/package_list'), await status('/api/3/action/package_create')],
    [200, 400, 400],
  )
})

test('a token identifies its user until it is revoked, and its text is shown once', async () => {
  const made = await result<{ token: string; id: string }>('api_token_create', { user: 'maria', name: 'harvest' }, maria)
  assert.equal((await result<Row>('user_show', {}, made.token))['name'], 'maria')
  const listed = await result<Row[]>('api_token_list', { user_id: 'maria' }, maria)
  assert.deepEqual(
    listed.map((one) => [one['id'], one['name'], typeof one['created_at'], Object.keys(one).length]),
    [[made.id, 'harvest', 'string', 5]],
  )
  assert.doesNotMatch(JSON.stringify(listed), new RegExp(made.token))
  assert.deepEqual(await refusal('api_token_revoke', { jti: made.id }, jonas), [403, 'Authorization Error'])
  assert.equal(await result('api_token_revoke', { jti: made.id }, maria), null)
  assert.deepEqual(await refusal('user_show', {}, made.token), [404, 'Not Found Error'])
  assert.deepEqual(await refusal('api_token_revoke', { jti: made.id }, maria), [404, 'Not Found Error'])
})

test('tokens of others are for sysadmins', async () => {
  for (const key of [undefined, jonas]) {
    assert.deepEqual(await refusal('api_token_create', { user: 'maria', name: 'x' }, key), [403, 'Authorization Error'])
    assert.deepEqual(await refusal('api_token_list', { user_id: 'maria' }, key), [403, 'Authorization Error'])
  }
  const { token } = await result<{ token: string }>('api_token_create', { user: 'jonas', name: 'given' }, hub.adminKey)
  assert.equal((await result<Row>('user_show', {}, token))['name'], 'jonas')
  assert.equal(await result('api_token_revoke', { token }, token), null)
  assert.deepEqual(await result('api_token_list', { user: 'jonas' }, hub.adminKey), [])
})

test('resources are found by what their fields contain', async () => {
  const names = async (body: Row) => {
    const { count, results } = await result<{ count: number; results: Row[] }>('resource_search', body)
    return [count, ...results.map((one) => one['name'])]
  }
  assert.deepEqual(await names({ query: 'name:WATER' }), [1, 'Water Levels'])
  assert.deepEqual(await names({ query: ['url:a.example', 'format:csv'] }), [1, 'Water Levels'])
  assert.deepEqual(await names({ query: 'url:a.example', order_by: 'name', limit: 1, offset: 1 }), [2, 'Water Levels'])
  assert.deepEqual(await names({ query: 'description:0% o' }), [1, 'Air'])
  assert.deepEqual(await names({ query: 'description:_' }), [0])
  for (const query of ['colour:red', 'nothing', undefined]) assert.deepEqual(await refusal('resource_search', { query }), [409, 'Validation Error'])
  await result('package_create', { name: 'hidden', state: 'draft', resources: [{ url: 'http://a.example/3', name: 'Water too' }] }, hub.adminKey)
  assert.deepEqual(await names({ query: 'name:water' }), [1, 'Water Levels'])
})

test('a resource has no views, and an unknown one is not found', async () => {
  const { resources } = await result<{ resources: Row[] }>('package_show', { id: 'levels' })
  assert.deepEqual(await result('resource_view_list', { id: resources[0]?.['id'] }), [])
  assert.deepEqual(await refusal('resource_view_list', { id: 'none' }), [404, 'Not Found Error'])
})

test('pages of other catalogues find their completions', async () => {
  await result('package_create', { name: 'river-data', title: 'Rivers', tags: ['rivers'] }, maria)
  const completed = async (path: string) => ((await (await fetch(hub.url + path)).json()) as { ResultSet: { Result: Row[] } }).ResultSet.Result
  for (const prefix of ['/api/util', '/api/2/util']) {
    assert.deepEqual(await completed(`${prefix}/dataset/autocomplete?incomplete=riv`), [
      { match_field: 'name', match_displayed: 'river-data', name: 'river-data', title: 'Rivers' },
    ])
    assert.deepEqual(await completed(`${prefix}/tag/autocomplete?incomplete=riv`), [{ Name: 'rivers' }])
    assert.deepEqual(await completed(`${prefix}/resource/format_autocomplete?incomplete=cs`), [{ Format: 'CSV' }])
    assert.deepEqual(await completed(`${prefix}/resource/format_autocomplete`), [])
  }
  assert.equal((await fetch(`${hub.url}/api/util/tag/autocomplete?incomplete=%00`)).status, 409)
})

test('users move with their ids and passwords, and only sysadmins move them', async () => {
  const made = await result<Row>('user_create', { name: 'moved', password: 'my password', email: 'm@example.org' }, hub.adminKey)
  const dumped = await result<Row>('user_show', { id: 'moved', include_password_hash: true }, hub.adminKey)
  assert.match(String(dumped['password_hash']), /^\$argon2id\$/)
  assert.equal('password_hash' in (await result<Row>('user_show', { id: 'moved', include_password_hash: true }, maria)), false)
  const id = '0a1b2c3d-0000-4000-8000-000000000001'
  const copy = { ...dumped, name: 'copied', id }
  assert.deepEqual(await refusal('user_create', copy, maria), [409, 'Validation Error'])
  assert.deepEqual(await refusal('user_create', { ...copy, id: made['id'] }, hub.adminKey), [409, 'Validation Error'])
  assert.deepEqual(await refusal('user_create', { ...copy, password_hash: 'plain' }, hub.adminKey), [409, 'Validation Error'])
  const loaded = await result<Row>('user_create', copy, hub.adminKey)
  assert.deepEqual([loaded['id'], loaded['email']], [id, 'm@example.org'])
  const login = await fetch(`${hub.url}/login`, { headers: { authorization: `Basic ${btoa('copied:my password')}` }, redirect: 'manual' })
  assert.equal(login.status, 302)
})

test('sysadmins make sysadmins and delete users, whose keys become invalid', async () => {
  const made = await result<Row>('user_create', { name: 'guest', password: 'some-word' }, maria)
  const key = String(made['apikey'])
  const { token } = await result<{ token: string }>('api_token_create', { user: 'guest', name: 'x' }, key)
  assert.equal((await result<Row>('user_update', { id: 'guest', sysadmin: true }, hub.adminKey))['sysadmin'], true)
  assert.equal((await result<Row>('user_update', { id: 'guest', sysadmin: false }, hub.adminKey))['sysadmin'], false)
  assert.deepEqual(await refusal('user_delete', { id: 'guest' }, key), [403, 'Authorization Error'])
  assert.deepEqual(await refusal('user_delete', { id: 'admin' }, hub.adminKey), [409, 'Validation Error'])
  assert.equal(await result('user_delete', { id: 'guest' }, hub.adminKey), null)
  for (const dead of [key, token]) assert.deepEqual(await refusal('package_create', { name: 'x1' }, dead), [403, 'Authorization Error'])
  assert.deepEqual(await result('user_list', { q: 'guest' }), [])
  assert.equal((await result<Row>('user_show', { id: 'guest' }, hub.adminKey))['state'], 'deleted')
})

import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { after, test } from 'node:test'
import { jwtVerify } from 'jose'
import { getJson, startSourceHub } from '../../../test/source-hub.ts'
import { issueToken } from '../../auth/service-token.ts'

const at = await startSourceHub({ MILLRACE_SOURCE_MAX_DATASETS: '7' })
after(() => at.close())
const { hub, mona } = at

interface Authorized {
  readonly userid: string
  readonly permissions: object
  readonly service: string
  readonly token: string
  readonly error: string
}

const authorize = (query: string, headers: Record<string, string> = {}) => getJson<Authorized>(`${hub.url}/auth/authorize${query}`, headers)
const tokens = { ...hub.app.base, log: hub.http.log as never }

test('an authenticated caller gets a token that the public key verifies', async () => {
  const { token, ...rest } = await authorize('?service=source', { 'auth-token': mona.apiKey })
  assert.deepEqual(rest, { userid: mona.id, permissions: { max_dataset_num: 7 }, service: 'source' })
  const key = await (await fetch(`${hub.url}/auth/public-key`)).text()
  assert.match(key, /^-----BEGIN PUBLIC KEY-----\n/)
  const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(key))
  assert.equal(protectedHeader.alg, 'RS256')
  assert.deepEqual([payload['userid'], payload['service'], payload['permissions']], [mona.id, 'source', { max_dataset_num: 7 }])
  assert.ok(payload.exp && Math.abs(payload.exp - Date.now() / 1000 - 86_400) < 60)
})

for (const [what, query, headers] of [
  ['Authorization', '?service=source', { authorization: mona.apiKey }],
  ['Authorization: Bearer', '?service=source', { authorization: `Bearer ${mona.apiKey}` }],
  ['X-CKAN-API-Key', '?service=source', { 'x-ckan-api-key': mona.apiKey }],
  ['?jwt=', `?service=source&jwt=${mona.apiKey}`, {}],
] as const) {
  test(`a caller is identified by ${what}`, async () => assert.equal((await authorize(query, headers)).userid, mona.id))
}

test("a user's own token identifies the user, a token for a service does not", async () => {
  const own = await issueToken(tokens, { userId: mona.id, service: '', permissions: {} })
  assert.equal((await authorize('?service=source', { 'auth-token': own })).userid, mona.id)
  assert.deepEqual((await authorize('?service=source', { 'auth-token': mona.token })).permissions, {})
})

for (const [what, query, headers, error] of [
  ['an anonymous caller', '?service=source', {}, /^no API key was sent/],
  ['an unknown key', '?service=source', { 'auth-token': 'no such key' }, /^the API key is not known$/],
  ['an unknown key in Authorization', '?service=source', { authorization: 'no-such-key' }, /^the API key is not known$/],
  ['an unknown key after Bearer', '?service=source', { authorization: 'Bearer no-such-key' }, /^the API key is not known$/],
  ['a text in Authorization that is no key', '?service=source', { authorization: 'Token no such key' }, /^the API key is not known$/],
  ['an unknown key without a service', '', { authorization: 'no-such-key' }, /^the API key is not known$/],
  ['a token of an unknown issuer', '?service=source', { 'auth-token': 'a.b.c' }, /^the token is not valid/],
  ['a caller who names no service', '', { 'auth-token': mona.apiKey }, /^service is missing/],
] as const) {
  test(`${what} gets no token, with the reason`, async () => {
    const { error: message, ...rest } = await authorize(query, headers)
    assert.deepEqual(rest, { permissions: {} })
    assert.match(message, error)
  })
}

test('a sysadmin has a practically unlimited quota, and an unknown service no permissions', async () => {
  assert.deepEqual((await authorize('?service=source', { authorization: hub.adminKey })).permissions, { max_dataset_num: 1_000_000 })
  const other = await authorize('?service=other', { authorization: mona.apiKey })
  assert.deepEqual([other.service, other.permissions], ['other', {}])
  assert.ok(other.token)
})

test('check returns the caller, resolve finds users by name', async () => {
  const profile = { id: mona.id, username: 'mona', name: 'mona', email: null, avatar_url: null }
  assert.deepEqual(await getJson(`${hub.url}/auth/check`, { 'auth-token': mona.apiKey }), { authenticated: true, profile })
  assert.deepEqual(await getJson(`${hub.url}/auth/check`), { authenticated: false, providers: {} })
  const unknown = { authenticated: false, providers: {}, error: 'the API key is not known' }
  assert.deepEqual(await getJson(`${hub.url}/auth/check`, { authorization: 'no-such-key' }), unknown)
  assert.deepEqual(await getJson(`${hub.url}/auth/resolve?username=mona`), { userid: mona.id })
  assert.deepEqual(await getJson(`${hub.url}/auth/resolve?username=nobody`), { userid: null })
})

import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { SignJWT } from 'jose'
import { pino } from 'pino'
import { freshStore, openTestStore } from '../../test/store.ts'
import { parseConfig } from '../config.ts'
import { openVault } from './secret.ts'
import { issueToken, publicKeyText, verifyToken } from './service-token.ts'

const { store, url, drop } = await freshStore()
after(drop)

const secret = 'a secret of enough letters'
const log = pino({ level: 'silent' })
let now = Date.now()

const contextWith = (environment: Record<string, string> = {}, own = store) => ({
  store: own,
  vault: openVault(secret),
  config: parseConfig(environment),
  clock: () => now,
  log,
})
const ctx = contextWith()

const claims = { userId: 'u1', service: 'source', permissions: { max_dataset_num: 3 } }
const hour = 3_600_000

test('a token that the hub issued is valid for a day', async () => {
  const token = await issueToken(ctx, claims)
  assert.deepEqual(await verifyToken(ctx, token), claims)
  now += 23 * hour
  assert.deepEqual(await verifyToken(ctx, token), claims)
  now += 2 * hour
  assert.equal(await verifyToken(ctx, token), undefined)
})

test('another process on the same database has the same key', async () => {
  const other = await openTestStore(url)
  after(() => other.close())
  assert.equal(await publicKeyText(contextWith({}, other)), await publicKeyText(ctx))
  assert.deepEqual(await verifyToken(ctx, await issueToken(contextWith({}, other), claims)), claims)
})

test('the private key is stored in the database in sealed form only', async () => {
  const row = await store.db.selectFrom('setting').select('value').where('name', '=', 'token_key').executeTakeFirstOrThrow()
  assert.doesNotMatch(row.value, /PRIVATE KEY/)
})

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const exp = Math.floor(now / 1000) + 10 * 86_400
const payload = { userid: 'u1', permissions: { max_dataset_num: 3 }, service: 'source' }
const sign = (body: object, alg: string, key: KeyObject | Uint8Array) => new SignJWT({ ...body }).setProtectedHeader({ alg }).sign(key)
const unsigned = (header: object, body: object) => [header, body].map((one) => Buffer.from(JSON.stringify(one)).toString('base64url')).join('.')

test('a token without an RS256 signature of the hub is invalid', async () => {
  const publicPem = await publicKeyText(ctx)
  const own = await issueToken(ctx, claims)
  const [header, , signature] = own.split('.')
  const forged = [
    '',
    'no token',
    'a.b.c',
    own.slice(0, -8),
    `${header}.${Buffer.from(JSON.stringify({ ...payload, exp, userid: 'u2' })).toString('base64url')}.${signature}`,
    `${unsigned({ alg: 'none' }, { ...payload, exp })}.`,
    `${unsigned({ alg: 'RS256' }, { ...payload, exp })}.`,
    await sign({ ...payload, exp }, 'HS256', Buffer.from(publicPem)),
    await sign({ ...payload, exp }, 'RS256', stranger.privateKey),
    await sign({ ...payload, exp }, 'RS512', stranger.privateKey),
  ]
  for (const token of forged) assert.equal(await verifyToken(ctx, token), undefined, token)
})

test('a key pair of the settings is used as it is, and a token without an end is refused even then', async () => {
  const pem = (key: KeyObject, type: 'pkcs8' | 'spki') => key.export({ type, format: 'pem' }).toString()
  const other = await openTestStore(url)
  after(() => other.close())
  const given = contextWith(
    { PRIVATE_KEY: pem(stranger.privateKey, 'pkcs8').replaceAll('\n', '\\n'), PUBLIC_KEY: pem(stranger.publicKey, 'spki') },
    other,
  )
  assert.equal(await publicKeyText(given), pem(stranger.publicKey, 'spki'))
  assert.ok(await verifyToken(given, await sign({ ...payload, exp }, 'RS256', stranger.privateKey)))
  assert.equal(await verifyToken(given, await sign(payload, 'RS256', stranger.privateKey)), undefined)
  assert.equal(await verifyToken(given, await sign({ ...payload, exp, nbf: exp - 60 }, 'RS256', stranger.privateKey)), undefined)
  for (const permissions of [undefined, null, [], 'all', 7]) {
    assert.equal(await verifyToken(given, await sign({ ...payload, exp, permissions }, 'RS256', stranger.privateKey)), undefined)
  }
})

test('an external server is asked for its key once, again when a signature does not verify, and at most once a minute', async () => {
  let [key, asked, answers] = [stranger, 0, false]
  const server = createServer((request, response) => {
    asked++
    const text = key.publicKey.export({ type: 'spki', format: 'pem' })
    response.writeHead(answers && request.url === '/auth/public-key' ? 200 : 500).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  const foreign = contextWith({ AUTH_SERVER: `127.0.0.1:${address.port}` })
  const token = await sign(payload, 'RS256', key.privateKey)

  assert.equal(await verifyToken(foreign, token), undefined)
  answers = true
  now += 6000
  const together = await Promise.all([verifyToken(foreign, token), verifyToken(foreign, token)])
  assert.deepEqual([together, asked], [[claims, claims], 2])

  key = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const newToken = await sign(payload, 'RS256', key.privateKey)
  assert.equal(await verifyToken(foreign, newToken), undefined)
  now += 61_000
  assert.deepEqual(await verifyToken(foreign, newToken), claims)
  assert.equal(await verifyToken(foreign, token), undefined)
  assert.equal(asked, 3)
})

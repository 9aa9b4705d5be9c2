import assert from 'node:assert/strict'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { startHub } from '../../test/hub.ts'
import { DomainError } from '../base/errors.ts'
import { anonymousWithKey } from '../context.ts'
import { type Credentials, findCaller, keyOf } from './caller.ts'
import { hasLoggedIn, logIn } from './login.ts'
import { hashPassword, isPasswordHash, verifyPassword } from './password.ts'
import { openVault } from './secret.ts'
import { endSession, startSession } from './session.ts'
import { addUser, checkPassword, endSessionsOf, replaceKey, setPassword } from './user.ts'

const hub = await startHub()
after(() => hub.close())
const { base } = hub.app
const nothing: Credentials = { sessionCookie: undefined, ckanKey: undefined, authorization: undefined, trustsCookie: true }

test('a sealed text opens with the same secret only', () => {
  const vault = openVault('a-secret-of-enough-length')
  const sealed = vault.seal('klüssel')
  assert.notEqual(sealed, vault.seal('klüssel'))
  assert.equal(vault.open(sealed), 'klüssel')
  assert.throws(() => openVault('another-secret-of-length').open(sealed))
})

test('a password is verified by its stored hash alone', async () => {
  const stored = await hashPassword('correct horse')
  assert.match(stored, /^\$argon2id\$/)
  assert.equal(await verifyPassword('correct horse', stored), true)
  assert.equal(await verifyPassword('battery', stored), false)
  assert.equal(await verifyPassword('x', 'no such notation'), false)
})

test('the first sysadmin is identified by the key of the settings, bare or after Bearer', async () => {
  for (const authorization of [hub.adminKey, `Bearer ${hub.adminKey}`]) {
    const actor = await findCaller(base, { ...nothing, authorization })
    assert.ok(actor.kind === 'user' && actor.sysadmin && actor.name === 'admin')
  }
  assert.equal(keyOf('Basic YWRtaW46eA=='), undefined)
})

test('an unknown key makes an anonymous caller', async () => {
  assert.equal(await findCaller(base, { ...nothing, authorization: 'made-up' }), anonymousWithKey)
})

test('a cookie takes precedence over keys, X-CKAN-API-Key over Authorization, and an untrusted cookie is ignored', async () => {
  const [one, two, three] = [
    await addUser(base, { name: 'one-user', password: 'one-password' }),
    await addUser(base, { name: 'two-user' }),
    await addUser(base, { name: 'three-user' }),
  ]
  const cookie = (await logIn(base, { name: one.user.name, password: 'one-password', address: '192.0.2.1' })) ?? ''
  const all = { sessionCookie: cookie, ckanKey: two.apiKey, authorization: three.apiKey, trustsCookie: true }
  const name = async (credentials: Credentials) => {
    const actor = await findCaller(base, credentials)
    return actor.kind === 'user' ? actor.name : actor.kind
  }
  assert.equal(await name(all), 'one-user')
  assert.equal(await name({ ...all, trustsCookie: false }), 'two-user')
  assert.equal(await name({ ...nothing, authorization: three.apiKey }), 'three-user')
  await endSession(base, cookie)
  assert.equal(await name({ ...nothing, sessionCookie: cookie }), 'anonymous')
})

test('a replaced key makes an anonymous caller from then on', async () => {
  const { apiKey } = await addUser(base, { name: 'replaced' })
  const next = await replaceKey(base, 'replaced')
  assert.equal(await findCaller(base, { ...nothing, authorization: apiKey }), anonymousWithKey)
  assert.equal((await findCaller(base, { ...nothing, authorization: next })).kind, 'user')
})

test('sixteen users of one name: one is created, the others get an error that the name is taken', async () => {
  const outcomes = await Promise.allSettled([...Array(16)].map(() => addUser(base, { name: 'wanted' })))
  const refused = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason)
  assert.equal(refused.length, 15)
  for (const error of refused) assert.ok(error instanceof DomainError && error.fields?.['name'])
})

test('sixteen users of one id: one is created, the others get an error that the id is taken', async () => {
  const id = '0a1b2c3d-0000-4000-8000-000000000002'
  const outcomes = await Promise.allSettled([...Array(16).keys()].map((at) => addUser(base, { name: `same-${at}`, id })))
  const refused = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason)
  assert.equal(refused.length, 15)
  for (const error of refused) assert.ok(error instanceof DomainError && error.fields?.['id'])
})

test('users are numbered from 1 without gaps', async () => {
  const rows = await base.store.db.selectFrom('user_account').select('no').orderBy('no').execute()
  assert.deepEqual(
    rows.map((row) => row.no),
    rows.map((_, at) => at + 1),
  )
})

test('a password check needs the right name and the right password', async () => {
  assert.equal((await checkPassword(base, 'admin', 'test-password'))?.user.name, 'admin')
  assert.equal(await checkPassword(base, 'admin', 'other'), undefined)
  assert.equal(await checkPassword(base, 'nobody', 'test-password'), undefined)
  assert.equal(await checkPassword(base, 'one-user', ''), undefined)
})

test('a password with a hash of another catalogue logs in once, and is then hashed again', async () => {
  const salt = randomBytes(16)
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '').replaceAll('+', '.')
  const passwordHash = `$pbkdf2-sha512$2500$${text(salt)}$${text(pbkdf2Sync('brought along', salt, 2500, 64, 'sha512'))}`
  const { user } = await addUser(base, { name: 'brought', passwordHash })
  assert.equal(await checkPassword(base, 'brought', 'other'), undefined)
  assert.equal((await checkPassword(base, 'brought', 'brought along'))?.user.id, user.id)
  const [row] = await base.store.db.selectFrom('user_account').select('password_hash').where('name', '=', 'brought').execute()
  assert.match(row?.password_hash ?? '', /^\$argon2id\$/)
  assert.equal((await checkPassword(base, 'brought', 'brought along'))?.user.id, user.id)
})

test('which texts are password hashes that can be verified', async () => {
  assert.equal(isPasswordHash(await hashPassword('x')), true)
  const hash = 'a'.repeat(86)
  assert.equal(isPasswordHash(`$pbkdf2-sha512$25000$${'b'.repeat(22)}$${hash}`), true)
  for (const text of [
    '',
    'plain',
    '$2b$12$abc',
    `$pbkdf2-sha512$99999999$${'b'.repeat(22)}$${hash}`,
    `$argon2id$v=19$m=9999999,t=2,p=1$${'b'.repeat(22)}$${'c'.repeat(43)}`,
  ])
    assert.equal(isPasswordHash(text), false, text)
})

test('a new password has at least 8 characters of any kind', async () => {
  const isShort = (error: unknown) => error instanceof DomainError && error.fields?.['password']?.[0] === 'Must be at least 8 characters long'
  await assert.rejects(addUser(base, { name: 'shorty', password: '1234567' }), isShort)
  await assert.rejects(addUser(base, { name: 'shorty', password: '😀'.repeat(7) }), isShort)
  await addUser(base, { name: 'shorty', password: '😀'.repeat(8) })
  await assert.rejects(setPassword(base, 'shorty', '1234567'), isShort)
  assert.equal((await checkPassword(base, 'shorty', '😀'.repeat(8)))?.user.name, 'shorty')
})

test('a password that was set under older rules still logs in', async () => {
  await addUser(base, { name: 'old-timer', passwordHash: await hashPassword('word') })
  assert.equal((await checkPassword(base, 'old-timer', 'word'))?.user.name, 'old-timer')
})

test('sessions end when the password they were started with changes', async () => {
  const { user } = await addUser(base, { name: 'session-user', password: 'first-word' })
  const [one, two] = [await enter('first-word'), await enter('first-word')]
  const isOpen = async (cookie: string | undefined) => (await findCaller(base, { ...nothing, sessionCookie: cookie })).kind === 'user'
  assert.deepEqual([await isOpen(one), await isOpen(two)], [true, true])
  const stale = await checkPassword(base, 'session-user', 'first-word')
  await setPassword(base, 'session-user', 'second-word')
  assert.deepEqual([await isOpen(one), await isOpen(two)], [false, false])
  assert.ok(stale && (await startSession(base, stale, 'x')) === undefined, 'a login that began before the change has to fail')
  const three = await enter('second-word')
  assert.equal(await isOpen(three), true)
  await endSessionsOf(base, user.name)
  assert.equal(await isOpen(three), false)
})

const enter = (password: string) => logIn(base, { name: 'session-user', password, address: '192.0.2.1' })

test('the latest hundred addresses that a user has logged in from are stored', async () => {
  const knows = (name: string, address: string) => hasLoggedIn(base, { name, address })
  const stored = await checkPassword(base, 'session-user', 'second-word')
  assert.ok(stored)
  assert.deepEqual(
    [await knows('session-user', '192.0.2.1'), await knows('session-user', '192.0.2.2'), await knows('one-user', '192.0.2.1')],
    [true, false, true],
  )
  assert.equal(await knows('old-timer', '192.0.2.1'), false)
  for (let no = 0; no < 101; no++) await startSession({ ...base, clock: () => base.clock() + no }, stored, `digest ${no}`)
  const rows = await base.store.db.selectFrom('login_address').select('address_digest').where('user_id', '=', stored.user.id).execute()
  assert.equal(rows.length, 100)
  assert.deepEqual([rows.some((row) => row.address_digest === 'digest 0'), rows.some((row) => row.address_digest === 'digest 100')], [false, true])
})

test('too many password checks at once are refused, not queued', async () => {
  const salt = 'b'.repeat(22)
  const quick = `$pbkdf2-sha512$1$${salt}$${'a'.repeat(86)}`
  const outcomes = await Promise.allSettled([...Array(100)].map(() => verifyPassword('x', quick)))
  const refused = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason)
  assert.equal(refused.length, 34)
  for (const error of refused) assert.ok(error instanceof DomainError && error.code === 'unavailable')
  assert.equal(await verifyPassword('x', quick), false)
})

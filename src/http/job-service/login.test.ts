import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startHub } from '../../../test/hub.ts'
import { holds } from '../../../test/promise.ts'
import { addUser, setPassword } from '../../auth/user.ts'

// A hub of its own: it trusts a proxy, so that each test calls from an address of its own, and failed logins are counted.
const hub = await startHub({ MILLRACE_TRUSTED_PROXIES: '127.0.0.1' }, { http: true, workers: false })
after(hub.close)

interface Reply {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
  readonly text: string
}

interface Options {
  readonly body?: unknown
  readonly raw?: string | Buffer<ArrayBuffer>
  readonly key?: string
  readonly headers?: Record<string, string>
}

async function call(method: string, path: string, options: Options = {}): Promise<Reply> {
  const { body, raw = body === undefined ? undefined : JSON.stringify(body), key } = options
  const headers = {
    ...(raw !== undefined && { 'content-type': 'application/json' }),
    ...(key !== undefined && { authorization: key }),
    ...options.headers,
  }
  const response = await fetch(hub.url + path, { method, headers, body: raw ?? null, redirect: 'manual' })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') && text !== ''
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} }
}

const basicOf = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

/** Tries to log in from an address; the answer's cookie. */
async function enter(password: string, { name = 'admin', from, headers = {} }: { name?: string; from: string; headers?: Record<string, string> }) {
  const reply = await call('POST', '/login', { body: { username: name, password }, headers: { 'x-forwarded-for': from, ...headers } })
  return { ...reply, cookie: reply.headers.get('set-cookie')?.split(';')[0] ?? '' }
}

const whoIs = async (cookie: string) => (await call('GET', '/user', { headers: { cookie } })).body['name']

test('people and programs log in by form, JSON and basic auth, and out again', async () => {
  const right = { username: 'admin', password: 'test-password' }
  const form = (fields: Record<string, string>) => ({
    raw: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  const byForm = await call('POST', '/login?next=/job', form(right))
  assert.deepEqual([byForm.status, byForm.headers.get('location')], [302, '/job'])
  const cookie = byForm.headers.get('set-cookie') ?? ''
  assert.match(cookie, /HttpOnly/)
  assert.match(cookie, /SameSite=Lax/)
  const session = { headers: { cookie: cookie.split(';')[0] ?? '' } }
  assert.deepEqual((await call('GET', '/user', session)).body, { id: 1, name: 'admin', is_active: true, is_anonymous: false })
  assert.equal((await call('POST', '/login', { body: right })).status, 302)
  const basic = `Basic ${Buffer.from('admin:test-password').toString('base64')}`
  for (const [next, target] of [
    ['/%D0%BA?a=%D0%BA', '/%D0%BA?a=%D0%BA'],
    ['/%00x', '/%00x'],
    ['/a/../../b', '/b'],
    ['/a/..//evil.example', '/user'],
    ['/.//evil.example', '/user'],
    ['/%5C/evil.example', '/user'],
    ['/%09/evil.example', '/user'],
  ])
    assert.equal((await call('GET', `/logout?next=${next}`)).headers.get('location'), target)
  assert.equal((await call('GET', '/login?next=//evil.example', { key: basic })).headers.get('location'), '/user')
  // A read takes name and password by basic authentication.
  holds('GET /login ?username', 'GET /login ?password')
  const wrong = await call('POST', '/login', form({ ...right, password: 'wrong' }))
  assert.deepEqual([wrong.status, wrong.headers.get('www-authenticate')], [401, 'Basic realm="Login Required"'])
  for (const raw of ['{"username"', 'username=admin', '[]', Buffer.from([0x22, 0xff, 0x22])]) {
    const { status, headers, text } = await call('POST', '/login', { raw })
    assert.deepEqual([status, headers.get('www-authenticate'), text.includes('Log in')], [401, 'Basic realm="Login Required"', true])
  }
  assert.equal((await call('GET', '/login')).status, 401)
  const page = await call('GET', '/login', { headers: { accept: 'text/html' } })
  assert.deepEqual([page.status, page.text.includes('action="/login?next=%2F"')], [200, true])
  assert.equal((await call('GET', '/login?next=/job', { headers: { ...session.headers, authorization: 'Basic wrong' } })).status, 302)
  assert.equal((await call('GET', '/logout', session)).status, 302)
  assert.deepEqual((await call('GET', '/user', session)).body, { id: null, name: 'Anonymous', is_active: false, is_anonymous: true })
})

test('of 300 tries at the same time from one address twenty are judged, and the owner enters from elsewhere', async () => {
  const from = { 'x-forwarded-for': '198.51.100.1' }
  const byBasic = (password: string) => call('GET', '/login', { key: basicOf('admin', password), headers: from })
  const byForm = (password: string) => enter(password, { from: '198.51.100.1' })
  const tries = await Promise.all([...Array(300)].map((_, no) => (no % 2 === 0 ? byBasic : byForm)(`wrong ${no}`)))
  const counts = Map.groupBy(tries, (one) => one.status)
  assert.deepEqual([counts.get(401)?.length, counts.get(429)?.length], [20, 280])
  const refused = counts.get(429)?.[0]
  assert.match(String(refused?.body['error']), /^too many failed logins from your address: at most 20 a minute; try again in \d+ s$/)
  assert.ok(Number(refused?.headers.get('retry-after')) > 0)
  assert.deepEqual([(await byBasic('test-password')).status, (await byForm('test-password')).status], [429, 429])
  const page = await enter('test-password', { from: '198.51.100.1', headers: { accept: 'text/html' } })
  assert.deepEqual([page.status, /role="alert">Too many failed logins/.test(page.text)], [429, true])
  assert.equal((await enter('test-password', { from: '198.51.100.2' })).status, 302)
})

test('a login is small', async () => {
  assert.equal((await enter('x'.repeat(70_000), { from: '198.51.100.5' })).status, 413)
})

const otherSite: readonly Record<string, string>[] = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { origin: 'https://evil.example' },
  { origin: 'null' },
]

test('logins and logouts that another site sends do nothing', async () => {
  const { cookie } = await enter('test-password', { from: '198.51.100.6' })
  for (const headers of otherSite) {
    const sent = await enter('test-password', { from: '198.51.100.6', headers })
    assert.deepEqual([sent.status, sent.cookie], [403, ''])
    const shown = await enter('test-password', { from: '198.51.100.6', headers: { ...headers, accept: 'text/html' } })
    assert.deepEqual([shown.status, shown.cookie, shown.text.includes('<form class="login" method="post"')], [403, '', true])
    const basic = await call('GET', '/login', { key: basicOf('admin', 'test-password'), headers })
    assert.deepEqual([basic.status, basic.headers.get('set-cookie')], [403, null])
    for (const method of ['GET', 'POST']) {
      const left = await call(method, '/logout', { headers: { ...headers, cookie } })
      assert.deepEqual([left.status, left.headers.get('set-cookie')], [302, null])
    }
  }
  assert.equal(await whoIs(cookie), 'admin')
})

test('a change that another site asks for with the cookie alone is made by nobody, one of the own pages by the user', async () => {
  const { cookie } = await enter('test-password', { from: '198.51.100.8' })
  const create = (name: string, headers: Record<string, string>) =>
    call('POST', '/api/3/action/package_create', { raw: JSON.stringify({ name }), headers: { ...headers, cookie, 'content-type': 'text/plain' } })
  for (const headers of otherSite) assert.equal((await create('asked-elsewhere', headers)).status, 403, JSON.stringify(headers))
  assert.equal((await create('asked-here', { 'sec-fetch-site': 'same-origin', origin: hub.url })).status, 200)
})

test('GET and POST /logout end the session, for programs and for pages of the hub', async () => {
  for (const [method, headers] of [
    ['GET', {}],
    ['POST', {}],
    ['POST', { 'sec-fetch-site': 'same-origin', origin: hub.url }],
    ['GET', { 'sec-fetch-site': 'none' }],
  ] as const) {
    const { cookie } = await enter('test-password', { from: '198.51.100.7' })
    const left = await call(method, '/logout?next=/', { headers: { ...headers, cookie } })
    assert.deepEqual([left.status, left.headers.get('location')], [302, '/'])
    assert.match(left.headers.get('set-cookie') ?? '', /^millrace_session=;/)
    assert.equal(await whoIs(cookie), 'Anonymous')
  }
})

test('sessions end when the password is changed, by the user, by a sysadmin, by a reset key, and when the user is deleted', async () => {
  const { user, apiKey } = await addUser(hub.app.base, { name: 'nora', password: 'word number 0' })
  const action = (name: string, body: object, key?: string) =>
    call('POST', `/api/3/action/${name}`, { body: { id: user.id, ...body }, ...(key && { key }) })
  const changes: readonly ((password: string) => Promise<unknown>)[] = [
    (password) => action('user_update', { password }, apiKey),
    (password) => action('user_update', { password }, hub.adminKey),
    async (password) => {
      const { result } = (await action('user_reset_create', {}, hub.adminKey)).body as { result: { reset_key: string } }
      return action('user_update', { password, reset_key: result.reset_key })
    },
    (password) => setPassword(hub.app.base, 'nora', password),
    () => action('user_delete', {}, hub.adminKey),
  ]
  const open = (no: number) => enter(`word number ${no}`, { name: 'nora', from: '198.51.100.8' })
  for (const [no, change] of changes.entries()) {
    const { cookie } = await open(no)
    await action('user_update', { about: 'Likes trees.' }, apiKey)
    assert.equal(await whoIs(cookie), 'nora', `before change ${no}`)
    await change(`word number ${no + 1}`)
    await action('user_update', { state: 'active' }, hub.adminKey)
    assert.equal(await whoIs(cookie), 'Anonymous', `after change ${no}`)
  }
})

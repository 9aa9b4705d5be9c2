import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

const hub = await startHub()
after(() => hub.close())

test('a hub answers /health and describes itself', async () => {
  const health = await hub.http.inject('/health')
  assert.deepEqual([health.statusCode, health.json()], [200, { status: 'ok' }])
  const description = await hub.http.inject('/openapi.json')
  assert.ok(description.json().paths['/health'])
})

test('an unknown path is 404, a wrong method 405 with Allow, a trailing slash changes nothing', async () => {
  assert.equal((await hub.http.inject('/nothing-here')).statusCode, 404)
  const wrong = await hub.http.inject({ method: 'DELETE', url: '/health' })
  assert.deepEqual([wrong.statusCode, wrong.headers.allow], [405, 'GET, HEAD'])
  assert.equal((await hub.http.inject('/health/')).statusCode, 200)
})

test('a query string has at most 1,000 parameters on every surface, and each surface refuses more in its form', async () => {
  const few = await hub.http.inject(`/api/3/action/package_search?q=x&${'a=b&'.repeat(998)}`)
  assert.equal(few.statusCode, 200)
  const many = 'a&'.repeat(1000)
  const message = 'the query string has more than 1000 parameters'
  for (const [path, body] of [
    ['/api/3/action/package_search', message],
    ['/job', { error: message }],
    ['/v6/job-types', { detail: message }],
    ['/source/a/b/latest', { error: message }],
    ['/nothing-here', { error: message }],
  ] as const) {
    const answer = await hub.http.inject(`${path}?${many}`)
    assert.deepEqual([answer.statusCode, answer.json()], [400, body], path)
  }
})

test('a list of jobs has at most 50 filters', async () => {
  const asked = (count: number) => hub.http.inject(`/job?${[...Array(count).keys()].map((no) => `k${no}=v`).join('&')}`)
  assert.equal((await asked(50)).statusCode, 200)
  const refused = await asked(51)
  assert.deepEqual([refused.statusCode, refused.json()], [409, { error: 'a list takes at most 50 filters by metadata' }])
})

/** Sends a multipart body to an action, part by part, while the hub accepts them; returns the answer. */
async function sendParts(parts: Iterable<string>) {
  const socket = connect(Number(new URL(hub.url).port), '127.0.0.1')
  const answer = text(socket)
  socket.write('POST /api/3/action/package_search HTTP/1.1\r\nhost: hub\r\nconnection: close\r\ncontent-type: multipart/form-data; boundary=b\r\n')
  socket.write('transfer-encoding: chunked\r\n\r\n')
  for (const part of parts) {
    const piece = `--b\r\ncontent-disposition: form-data; ${part}\r\n`
    if (!socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`)) await Promise.race([once(socket, 'drain'), answer])
    if (socket.readableEnded || socket.destroyed) break
  }
  socket.write('5\r\n--b--\r\n0\r\n\r\n')
  return answer
}

test('the text fields of a multipart body share one limit, whatever their type', async () => {
  const large = 'x'.repeat(4 * 1024 * 1024)
  for (const type of ['', 'content-type: application/json\r\n']) {
    const answer = await sendParts([...Array(3).keys()].map((no) => `name="field${no}"\r\n${type}\r\n${large}`))
    assert.match(answer, /^HTTP\/1\.1 413 .*"the text fields of the body have more than 10485760 bytes together"$/s)
  }
  assert.match(await sendParts(['a=b\r\n\r\n1']), /^HTTP\/1\.1 400 .*"Bad request - a part of the multipart body has no name"$/s)
  assert.match(await sendParts(Array(1001).fill('name="a"\r\n\r\n1')), /^HTTP\/1\.1 413 .*"the body has more than 1000 parts"$/s)
  assert.match(await sendParts(['name="facet.field"\r\ncontent-type: application/json\r\n\r\n["tags"]']), /"facets":\{"tags":\{\}\}/)
})

test('a page of any origin may send a preflight for any path', async () => {
  for (const url of ['/health', '/nothing-here']) {
    const answer = await hub.http.inject({
      method: 'OPTIONS',
      url,
      headers: { origin: 'http://else.where', 'access-control-request-headers': 'x-own' },
    })
    assert.deepEqual([answer.statusCode, answer.body], [200, ''])
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    assert.equal(answer.headers['access-control-allow-headers'], 'x-own')
    assert.equal(answer.headers['access-control-allow-credentials'], undefined)
  }
})

interface Feed {
  readonly changes: readonly { no: number; kind: string; id: string; what: string }[]
  readonly last: number
}

async function feedOf(query: string, key?: string, of = hub): Promise<Feed> {
  const answer = await of.http.inject({ url: `/changes?${query}`, headers: key === undefined ? {} : { authorization: key } })
  assert.equal(answer.statusCode, 200)
  return answer.json()
}

test('the change feed lists what was committed, oldest first', async () => {
  const feed = await feedOf('since=0&limit=10', hub.adminKey)
  assert.deepEqual([feed.changes[0]?.no, feed.changes[0]?.kind], [1, 'user'])
  assert.equal((await hub.http.inject('/changes?since=x')).statusCode, 400)
  assert.deepEqual(await feedOf('since=0&limit=0'), { changes: [], last: 0 })
  assert.deepEqual(await feedOf('since=1000000'), { changes: [], last: 1_000_000 })
})

test('callers who are not sysadmins read the whole change feed without accounts, flows and private datasets', async () => {
  const key = hub.adminKey
  const make = (name: string, more: object = {}) => resultOf<{ id: string }>(hub, 'package_create', { body: { name, ...more }, key })
  const { user, apiKey } = await addUser(hub.app.base, { name: 'reader', password: 'secret-word' })
  await resultOf(hub, 'organization_create', { body: { name: 'city' }, key })
  const kept = [await make('first')]
  const hidden = [await make('secret', { owner_org: 'city', private: true }), await make('shut', { owner_org: 'city' })]
  for (let no = 0; no < 5; no++) await resultOf(hub, 'package_patch', { body: { id: 'secret', notes: `${no}` }, key })
  await resultOf(hub, 'package_patch', { body: { id: 'shut', private: true }, key })
  kept.push(await make('left', { owner_org: 'city', private: true }), await make('gone', { owner_org: 'city', private: true }), await make('last'))
  await resultOf(hub, 'package_delete', { body: { id: 'left' }, key })
  await resultOf(hub, 'dataset_purge', { body: { id: 'gone' }, key })
  await hub.app.base.store.write((write) => {
    write.change('flow', 'a-flow', 'created')
    return Promise.resolve()
  })
  const whole = await feedOf('since=0&limit=1000', key)
  const ids = new Set(hidden.map((one) => one.id))
  const open = whole.changes.filter((one) => one.kind !== 'flow' && one.kind !== 'user' && !ids.has(one.id))
  assert.ok(whole.changes.some((one) => one.id === user.id) && whole.changes.at(-1)?.kind === 'flow')
  for (const one of kept) assert.ok(open.some((change) => change.id === one.id))
  for (const reader of [undefined, apiKey]) {
    assert.deepEqual(await feedOf('since=0&limit=1000', reader), { changes: open, last: whole.last })
    const paged: Feed['changes'][number][] = []
    for (let at = 0; ; ) {
      const page = await feedOf(`since=${at}&limit=2`, reader)
      paged.push(...page.changes)
      at = page.last
      if (page.changes.length < 2) break
    }
    assert.deepEqual(paged, open)
    const before = whole.changes.find((one) => one.id === hidden[0]?.id)?.no ?? 0
    assert.equal((await feedOf(`since=${before - 1}&limit=1`, reader)).changes.length, 1)
  }
})

test('a long run of hidden changes does not end the feed early', async () => {
  const { store } = hub.app.base
  const since = (await feedOf('since=0&limit=1000', hub.adminKey)).last
  await store.write((write) => {
    for (let no = 0; no < 4100; no++) write.change('user', `u${no}`, 'updated')
    write.change('job_type', 'seen', 'updated')
    write.change('user', 'one-more', 'updated')
    return Promise.resolve()
  })
  const page = await feedOf(`since=${since}&limit=1`)
  assert.deepEqual([page.changes.map((one) => one.id), page.last], [['seen'], since + 4101])
  assert.deepEqual(await feedOf(`since=${page.last}`), { changes: [], last: since + 4102 })
})

test('the change feed of a hub that is closed to the public is open to users only', async () => {
  const closed = await startHub({ MILLRACE_PUBLIC_READ: '0', MILLRACE_PUBLIC_METRICS: '1' }, { http: true, workers: false })
  try {
    assert.equal((await closed.http.inject({ url: '/metrics', remoteAddress: '192.0.2.1' })).statusCode, 200)
    const answer = await closed.http.inject('/changes')
    assert.deepEqual([answer.statusCode, answer.json()], [403, { error: 'Access denied' }])
    const { apiKey } = await addUser(closed.app.base, { name: 'reader', password: 'secret-word' })
    for (const key of [closed.adminKey, apiKey]) assert.ok((await feedOf('', key, closed)).last > 0)
  } finally {
    await closed.close()
  }
})

test('metrics for Prometheus are for sysadmins and for the machine of the hub', async () => {
  const { apiKey } = await addUser(hub.app.base, { name: 'curious', password: 'secret-word' })
  const statusOf = async (remoteAddress: string, headers: Record<string, string> = {}) =>
    (await hub.http.inject({ url: '/metrics', remoteAddress, headers })).statusCode
  assert.match((await hub.http.inject('/metrics')).body, /millrace_http_request_seconds/)
  assert.deepEqual([await statusOf('127.0.0.1'), await statusOf('192.0.2.1')], [200, 403])
  assert.deepEqual(
    [await statusOf('192.0.2.1', { authorization: `Bearer ${hub.adminKey}` }), await statusOf('192.0.2.1', { authorization: apiKey })],
    [200, 403],
  )
  const elsewhere: Record<string, string>[] = [
    { 'x-forwarded-for': '127.0.0.1' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'http://evil.example' },
  ]
  for (const headers of elsewhere) assert.equal(await statusOf('127.0.0.1', headers), 403)
})

test('a request that arrives while the hub stops is served, and its connection closed', async () => {
  const stopping = await startHub()
  const body = JSON.stringify({ job_type: 'echo', data: 'x', api_key: 'k' })
  const head = `POST /job HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`
  const socket = connect(Number(new URL(stopping.url).port), '127.0.0.1')
  const [connection] = (await Promise.all([once(stopping.http.server, 'connection'), once(socket, 'connect')]))[0]
  socket.write(head)
  // The hub would close a connection without a request.
  while (connection.bytesRead < head.length) await nextTurn()
  const closed = stopping.close()
  while (stopping.http.server.listening) await nextTurn()
  socket.write(`\r\n${body}`)
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 200 /)
  assert.match(answer, /^connection: close\r$/im)
  assert.equal(JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)).data, '>x')
  await closed
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startHub } from '../../test/hub.ts'

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

test('any page may ask any path beforehand', async () => {
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

test('the change feed lists what was committed, oldest first', async () => {
  const feed = (await hub.http.inject('/changes?since=0&limit=10')).json()
  assert.equal(feed.changes[0].no, 1)
  assert.equal(feed.changes[0].kind, 'user')
  assert.equal((await hub.http.inject('/changes?since=x')).statusCode, 400)
})

test('figures are there for Prometheus', async () => {
  assert.match((await hub.http.inject('/metrics')).body, /millrace_http_request_seconds/)
})

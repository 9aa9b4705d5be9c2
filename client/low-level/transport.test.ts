import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CkanHttpError,
  CkanLowLevelClient,
  CkanNetworkError,
  CkanRateLimitError,
  CkanRedirectError,
  CkanTimeoutError,
  CkanUnavailableError,
} from '../index.ts'
import { inOrder, refusal, type ScriptedAnswer, startScriptedServer, success } from '../testing/scripted-server.ts'
import { withServer } from '../testing/with-server.ts'

const quick = { retryBaseMs: 1 }
const busy: ScriptedAnswer = { status: 503, body: 'busy' }

const lost: [string, ScriptedAnswer][] = [
  ['502', { status: 502 }],
  ['503', busy],
  ['504', { status: 504 }],
  ['broken JSON', { body: '{"success": tr' }],
  ['a broken connection', { fault: 'reset' }],
  ['half a body', { fault: 'cut', body: { success: true, result: 'x' } }],
]

for (const [what, answer] of lost) {
  test(`${what} is tried again for an action that may be repeated`, () =>
    withServer(inOrder(answer, answer, success('done')), async ({ url, seen }) => {
      assert.equal(await new CkanLowLevelClient(url, quick).action('package_update', { id: 'x' }), 'done')
      assert.equal(seen.length, 3)
      assert.deepEqual(new Set(seen.map((request) => request.body)), new Set(['{"id":"x"}']))
    }))

  test(`${what} is final for an action that would happen twice`, () =>
    withServer(inOrder(answer, success('done')), async ({ url, seen }) => {
      await assert.rejects(new CkanLowLevelClient(url, quick).action('package_create'), { attempts: 1 })
      assert.equal(seen.length, 1)
    }))
}

test('actions that create or send something are not repeated by default, the caller may say otherwise', async () => {
  for (const name of ['package_create', 'user_invite', 'resource_upload_chunk', 'mail_send']) {
    await withServer(inOrder(busy, success(1)), async ({ url }) => {
      const client = new CkanLowLevelClient(url, quick)
      await assert.rejects(client.action(name), CkanUnavailableError)
    })
    await withServer(inOrder(busy, success(1)), async ({ url }) => {
      assert.equal(await new CkanLowLevelClient(url, quick).action(name, {}, { idempotent: true }), 1)
    })
  }
  await withServer(inOrder(busy, success(1)), async ({ url }) => {
    await assert.rejects(new CkanLowLevelClient(url, quick).action('package_show', {}, { idempotent: false }), CkanUnavailableError)
  })
})

test('other errors are final at once', async () => {
  for (const answer of [{ status: 500 }, { status: 404 }, { status: 408 }, refusal(500, { __type: 'Search Index Error', message: 'x' })]) {
    await withServer(inOrder(answer, success(1)), async ({ url, seen }) => {
      await assert.rejects(new CkanLowLevelClient(url, quick).action('package_update'), { attempts: 1, status: answer.status })
      assert.equal(seen.length, 1)
    })
  }
})

test('after the last attempt the error tells how many there were', async () => {
  await withServer(
    () => busy,
    async ({ url, seen }) => {
      await assert.rejects(new CkanLowLevelClient(url, quick).action('site_read'), { code: 'UNAVAILABLE', attempts: 5, retryAfterMs: null })
      assert.equal(seen.length, 5)
    },
  )
  await withServer(
    () => ({ status: 429 }),
    async ({ url }) => {
      await assert.rejects(new CkanLowLevelClient(url, { ...quick, retries: 1 }).action('package_create'), { code: 'RATE_LIMITED', attempts: 2 })
    },
  )
})

test('waits between attempts double, with jitter between half and the full value', () =>
  withServer(
    () => busy,
    async ({ url, seen }) => {
      await assert.rejects(new CkanLowLevelClient(url, { retryBaseMs: 40, retries: 3 }).action('site_read'), CkanUnavailableError)
      const waits = seen.slice(1).map((request, at) => request.at - (seen[at]?.at ?? 0))
      assert.deepEqual(
        waits.map((waitMs, at) => waitMs >= 20 * 2 ** at),
        [true, true, true],
        waits.join(),
      )
    },
  ))

test('429 and 503 with Retry-After are waited for, even by an action that must not be repeated', () =>
  withServer(inOrder({ status: 503, headers: { 'retry-after': '1' } }, success(1)), async ({ url, seen }) => {
    assert.equal(await new CkanLowLevelClient(url, quick).action('package_create'), 1)
    const [first, second] = seen
    assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= 990)
  }))

test('until a Retry-After is over, no request of the client or its copies starts', () =>
  withServer(inOrder({ status: 429, headers: { 'retry-after': '1' } }, success(1)), async ({ url, seen }) => {
    const client = new CkanLowLevelClient(url, { retries: 0 })
    await assert.rejects(client.action('site_read'), CkanRateLimitError)
    await Promise.all([client.action('site_read'), client.anonymous.action('site_read'), client.withApiKey('k').request('GET', '/x')])
    const [first, ...others] = seen
    assert.equal(others.length, 3)
    for (const request of others) assert.ok(request.at - (first?.at ?? 0) >= 990, `waited ${request.at - (first?.at ?? 0)} ms`)
  }))

test('a Retry-After longer than maxRetryDelayMs is an error at once, and does not hold up others', () =>
  withServer(inOrder({ status: 429, headers: { 'retry-after': '120' } }, success(1)), async ({ url, seen }) => {
    const client = new CkanLowLevelClient(url)
    await assert.rejects(client.action('site_read'), (error) => error instanceof CkanRateLimitError && error.retryAfterMs === 120_000)
    assert.equal(await client.action('site_read'), 1)
    assert.equal(seen.length, 2)
  }))

test('Retry-After may be a date', () =>
  withServer(
    () => ({ status: 503, headers: { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() } }),
    async ({ url }) => {
      await assert.rejects(new CkanLowLevelClient(url).action('site_read'), (error) => {
        assert.ok(error instanceof CkanUnavailableError)
        assert.ok(Math.abs((error.retryAfterMs ?? 0) - 3_600_000) < 10_000)
        return true
      })
    },
  ))

test('requests start evenly spaced, first come, first served', () =>
  withServer(
    () => success(1),
    async ({ url, seen }) => {
      const client = new CkanLowLevelClient(url, { requestsPerSecond: 50 })
      const names = ['a', 'b', 'c', 'd', 'e']
      const from = performance.now()
      await Promise.all(names.map((name, at) => (at % 2 ? client : client.anonymous).action(name)))
      assert.deepEqual(
        seen.map((request) => request.path.at(-1)),
        names,
      )
      assert.ok((seen.at(-1)?.at ?? 0) - from >= 75, 'five starts at 50 a second take 80 ms')
    },
  ))

test('a server that does not answer in time is a timeout, tried again if that is safe', () =>
  withServer(inOrder({ fault: 'hang' }, success(1), { fault: 'hang' }), async ({ url, seen }) => {
    const client = new CkanLowLevelClient(url, { ...quick, timeoutMs: 60 })
    assert.equal(await client.action('site_read'), 1)
    await assert.rejects(client.action('package_create'), (error) => {
      assert.ok(error instanceof CkanTimeoutError)
      assert.equal(error.status, null)
      assert.match(error.message, /60 ms/)
      return true
    })
    assert.equal(seen.length, 3)
  }))

test('a server that is not there is a network error with its cause', async () => {
  const server = await startScriptedServer(() => success(1))
  await server.close()
  await assert.rejects(new CkanLowLevelClient(server.url, { ...quick, retries: 1 }).action('site_read'), (error) => {
    assert.ok(error instanceof CkanNetworkError)
    assert.match(error.message, /ECONNREFUSED/)
    assert.equal(error.attempts, 2)
    assert.ok(error.cause instanceof Error)
    return true
  })
})

test('an abort rejects with its reason at once: before the start, while waiting for the answer, between attempts, in the queue', async () => {
  const reason = new Error('enough')
  await withServer(
    () => ({ fault: 'hang' }),
    async ({ url, seen }) => {
      const client = new CkanLowLevelClient(url)
      await assert.rejects(client.action('site_read', {}, { signal: AbortSignal.abort(reason) }), reason)
      assert.equal(seen.length, 0)
      const controller = new AbortController()
      const hanging = client.action('site_read', {}, { signal: controller.signal })
      while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      await assert.rejects(hanging, reason)
      assert.equal(seen.length, 1)
    },
  )
  await withServer(
    () => busy,
    async ({ url, seen }) => {
      const controller = new AbortController()
      const client = new CkanLowLevelClient(url, { retryBaseMs: 60_000, requestsPerSecond: 0.01, signal: controller.signal })
      const waiting = [client.action('site_read'), client.anonymous.request('GET', '/x'), client.action('other')]
      while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      for (const call of await Promise.allSettled(waiting)) assert.equal(call.status === 'rejected' && call.reason, reason)
      assert.equal(seen.length, 1)
    },
  )
})

test('a redirected POST is never sent again as a GET', async () => {
  for (const status of [301, 302, 303]) {
    await withServer(inOrder({ status, headers: { location: '/new/api/3/action/package_create' } }, success(1)), async ({ url, seen }) => {
      await assert.rejects(new CkanLowLevelClient(url).action('package_create'), (error) => {
        assert.ok(error instanceof CkanRedirectError)
        assert.equal(error.location, `${url}/new/api/3/action/package_create`)
        assert.equal(error.status, status)
        assert.ok(error.message.includes(error.location))
        return true
      })
      assert.equal(seen.length, 1)
    })
  }
})

test('redirects that keep the body are followed within the origin, with method, body and key', () =>
  withServer(
    (request) => (request.path.startsWith('/new') ? success(1) : { status: 308, headers: { location: `/new${request.path}` } }),
    async ({ url, seen }) => {
      assert.equal(await new CkanLowLevelClient(url, { apiKey: 'key' }).action('package_create', { a: 1 }), 1)
      const [, second] = seen
      assert.deepEqual([second?.method, second?.body, second?.headers.authorization], ['POST', '{"a":1}', 'key'])
    },
  ))

test('any redirect of a GET is followed within the origin', () =>
  withServer(
    inOrder({ status: 302, headers: { location: '/elsewhere' } }, { status: 301, headers: { location: 'x' } }, success(1)),
    async ({ url, seen }) => {
      assert.equal(await new CkanLowLevelClient(url).action('site_read', {}, { method: 'GET' }), 1)
      assert.deepEqual(
        seen.map((request) => `${request.method} ${request.path}`),
        ['GET /api/3/action/site_read', 'GET /elsewhere', 'GET /x'],
      )
    },
  ))

test('a redirect to another origin is an error, and the other origin hears nothing', () =>
  withServer(
    () => success(1),
    async (other) => {
      await withServer(
        () => ({ status: 307, headers: { location: `${other.url}/x` } }),
        async ({ url }) => {
          const client = new CkanLowLevelClient(url, { apiKey: 'key' })
          await assert.rejects(client.action('site_read'), { code: 'REDIRECT', location: `${other.url}/x` })
          await assert.rejects(client.request('GET', '/x'), { code: 'REDIRECT', location: `${other.url}/x` })
        },
      )
      assert.equal(other.seen.length, 0)
    },
  ))

test('redirects in a circle end after five, and one without a target at once', async () => {
  await withServer(
    (request) => ({ status: 307, headers: { location: request.path } }),
    async ({ url, seen }) => {
      await assert.rejects(new CkanLowLevelClient(url).action('site_read'), CkanRedirectError)
      assert.equal(seen.length, 6)
    },
  )
  await withServer(
    () => ({ status: 301 }),
    async ({ url }) => assert.rejects(new CkanLowLevelClient(url).request('GET', '/x'), { code: 'REDIRECT', location: null }),
  )
  await withServer(
    () => ({ status: 304 }),
    async ({ url }) => assert.rejects(new CkanLowLevelClient(url).request('GET', '/x'), CkanHttpError),
  )
})

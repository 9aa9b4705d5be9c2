import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { startHub } from './hub.ts'

// With workers: a job has to end before its result can be asked for.
const hub = await startHub()
after(() => hub.close())

type Method = NonNullable<InjectOptions['method']>
interface Answer {
  readonly statusCode: number
  readonly headers: Record<string, unknown>
}

const methods: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The required headers that an answer lacks. */
function missing(headers: Record<string, unknown>): string[] {
  const wanted: [string, RegExp][] = [
    ['access-control-allow-origin', /^\*$/],
    ['cache-control', /^(no-store|(private, )?no-cache)$/],
    ['content-security-policy', /default-src 'none'.*frame-ancestors 'none'/],
    ['referrer-policy', /^same-origin$/],
    ['x-content-type-options', /^nosniff$/],
  ]
  return wanted.filter(([name, value]) => !value.test(String(headers[name] ?? ''))).map(([name]) => name)
}

function check(answer: Answer, what: string, cache = 'no-store'): void {
  assert.deepEqual(missing(answer.headers), [], `${what} ${answer.statusCode}`)
  assert.equal(answer.headers['cache-control'], cache, what)
}

test('every route has the common headers, with every method, for every caller', async () => {
  const { paths } = (await hub.http.inject('/openapi.json')).json() as { paths: Record<string, unknown> }
  assert.ok(Object.keys(paths).length > 40)
  for (const path of Object.keys(paths)) {
    const url = path.replaceAll(/\{[^}]*\}/g, 'x')
    for (const method of methods) check(await hub.http.inject({ method, url }), `${method} ${url}`)
    check(await hub.http.inject({ url, headers: { authorization: hub.adminKey, accept: 'text/html' } }), url)
  }
})

test('errors from every part of the hub have them too', async () => {
  const key = { authorization: hub.adminKey }
  const large = JSON.stringify({ text: 'x'.repeat(11 * 1024 * 1024) })
  const faults: [InjectOptions, number][] = [
    [{ url: '/nothing' }, 404],
    [{ method: 'OPTIONS', url: '/nothing' }, 200],
    [{ url: '/job/%zz' }, 404],
    [{ url: '/%zz' }, 400],
    [{ url: `/nothing?${'a=1&'.repeat(5000)}` }, 400],
    [{ url: '/api/3/action/no_such_action' }, 400],
    [{ url: '/api/3/action/package_show?id=x&callback=f' }, 404],
    [{ url: '/api/3/action/package_list?callback=f' }, 200],
    [{ method: 'POST', url: '/job', payload: large, headers: { 'content-type': 'application/json' } }, 413],
    [{ method: 'POST', url: '/login', payload: large, headers: { 'content-type': 'application/json' } }, 413],
    [{ method: 'POST', url: '/login', payload: 'username=x&password=y', headers: { accept: 'text/html' } }, 401],
    [{ url: '/login', headers: { accept: 'text/html' } }, 200],
    [{ url: '/logout' }, 302],
    [{ url: '/dataset/nothing', headers: { accept: 'text/html', ...key } }, 404],
  ]
  for (const [request, status] of faults) {
    const answer = await hub.http.inject(request)
    assert.equal(answer.statusCode, status, `${request.url?.toString().slice(0, 80)} ${answer.body.slice(0, 200)}`)
    check(answer, `${request.method} ${request.url?.toString().slice(0, 80)}`)
  }
})

test('an invalid HTTP request is refused in JSON, with these headers', async () => {
  for (const [sent, status] of [
    ['nonsense\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nhost: hub\r\nexpect: coffee\r\ncontent-length: 2\r\n\r\n', 417],
    [`GET / HTTP/1.1\r\nhost: hub\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
  ] as const) {
    const socket = connect(Number(new URL(hub.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(sent)
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
    )
    assert.deepEqual(missing(headers), [])
    assert.equal(typeof JSON.parse(body).error, 'string')
  }
})

test('caches may keep files if they revalidate, but not results and logs of jobs', async () => {
  const form = new FormData()
  form.set('package_id', 'kept')
  form.set('upload', new Blob(['a,b\n1,2\n']), 'kept.csv')
  const call = (name: string, body: FormData | string) =>
    fetch(`${hub.url}/api/3/action/${name}`, { method: 'POST', headers: { authorization: hub.adminKey }, body })
  await call('package_create', JSON.stringify({ name: 'kept' }))
  const { result } = (await (await call('resource_create', form)).json()) as { result: { url: string } }
  const get = async (url: string, { method = 'GET', ...headers }: Record<string, string> = {}) => {
    const answer = await fetch(url, { method, headers })
    await answer.arrayBuffer()
    return { statusCode: answer.status, headers: Object.fromEntries(answer.headers) }
  }
  const whole = await get(result.url)
  const answers: [Awaited<ReturnType<typeof get>>, number, cache: string][] = [
    [whole, 200, 'no-cache'],
    [await get(result.url, { authorization: hub.adminKey }), 200, 'private, no-cache'],
    [await get(result.url, { method: 'HEAD' }), 200, 'no-cache'],
    [await get(result.url, { 'if-none-match': whole.headers['etag'] ?? '' }), 304, 'no-cache'],
    [await get(result.url, { range: 'bytes=0-1' }), 206, 'no-cache'],
    [await get(result.url, { range: 'bytes=1000-' }), 416, 'no-store'],
  ]
  const submitted = await hub.http.inject({ method: 'POST', url: '/job', payload: { job_type: 'echo', data: 'x', api_key: 'k' } })
  const { job_id: id, job_key: key } = submitted.json() as { job_id: string; job_key: string }
  for (const path of [`/job/${id}`, `/job/${id}/data`, `/job/${id}/log`])
    answers.push([await get(`${hub.url}${path}`, { authorization: key }), 200, 'no-store'])
  for (const [answer, status, cache] of answers) {
    assert.equal(answer.statusCode, status)
    check(answer, String(status), cache)
  }
})

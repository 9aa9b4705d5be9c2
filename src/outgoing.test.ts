import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { parseConfig } from './config.ts'
import { fetchWith, isAllowed, OutgoingError, type OutgoingPolicy, outgoingPolicy, sendRequest } from './outgoing.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const servers: Server[] = []
after(() => {
  for (const one of servers) {
    one.close()
    one.closeAllConnections()
  }
})

/** A real server on a free port of loopback; answers its origin. */
async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  return `http://127.0.0.1:${address.port}`
}

const open: OutgoingPolicy = { allowPrivateAddresses: true, sslVerify: true }
const closed: OutgoingPolicy = { allowPrivateAddresses: false, sslVerify: true }

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const permanent = (message: RegExp) => (error: unknown) => error instanceof OutgoingError && !error.isTransient && message.test(error.message)
const transient = (message: RegExp) => (error: unknown) => error instanceof OutgoingError && error.isTransient && message.test(error.message)

for (const [address, allowed] of [
  ['8.8.8.8', true],
  ['2606:4700::1111', true],
  ['127.0.0.1', false],
  ['127.8.9.1', false],
  ['10.0.0.1', false],
  ['172.16.0.1', false],
  ['192.168.1.1', false],
  ['169.254.169.254', false],
  ['100.64.0.1', false],
  ['0.0.0.0', false],
  ['255.255.255.255', false],
  ['224.0.0.1', false],
  ['::', false],
  ['::1', false],
  ['fe80::1', false],
  ['fd00::1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:8.8.8.8', true],
  ['64:ff9b::7f00:1', false],
  ['2002:7f00:1::', false],
] as const) {
  test(`a public hub ${allowed ? 'may' : 'may not'} reach ${address}`, () => {
    assert.equal(isAllowed(closed, address), allowed)
    assert.equal(isAllowed(open, address), true)
  })
}

for (const [environment, allowed] of [
  [{}, true],
  [{ HOST: 'localhost' }, true],
  [{ HOST: '::1' }, true],
  [{ HOST: '0.0.0.0' }, false],
  [{ HOST: '192.168.0.9' }, false],
  [{ HOST: '0.0.0.0', MILLRACE_ALLOW_PRIVATE_ADDRESSES: '1' }, true],
  [{ MILLRACE_ALLOW_PRIVATE_ADDRESSES: '0' }, false],
] as const) {
  test(`a hub with ${JSON.stringify(environment)} ${allowed ? 'may' : 'may not'} reach private addresses`, () => {
    assert.equal(outgoingPolicy(parseConfig(environment)).allowPrivateAddresses, allowed)
  })
}

test('a private address is refused by number, by name and as the target of a redirect', async () => {
  let asked = 0
  const url = await serve((_request, response) => {
    asked++
    response.end('secret')
  })
  const port = new URL(url).port
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
    await assert.rejects(sendRequest(closed, `http://${host}:${port}/`), permanent(/private address/), host)
  }
  assert.equal(asked, 0)
})

for (const url of ['file:///etc/passwd', 'ftp://127.0.0.1/x', 'data:text/plain,x', 'no url']) {
  test(`${url} is not read`, () => assert.rejects(sendRequest(open, url), permanent(/./)))
}

test('redirects are followed, and credentials do not follow to another origin', async () => {
  const seen: Record<string, string | undefined>[] = []
  const other = await serve((request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization, accept: request.headers.accept })
    response.end('there')
  })
  const first = await serve((request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization, accept: request.headers.accept })
    response.writeHead(302, { location: request.url === '/a' ? '/b' : `${other}/c` }).end()
  })
  const answer = await sendRequest(open, `${first}/a`, { headers: { authorization: 'key', accept: 'text/csv' } })
  assert.equal(await textOf(answer.body), 'there')
  assert.equal(answer.url, `${other}/c`)
  assert.deepEqual(seen, [
    { url: '/a', authorization: 'key', accept: 'text/csv' },
    { url: '/b', authorization: 'key', accept: 'text/csv' },
    { url: '/c', authorization: undefined, accept: 'text/csv' },
  ])
})

test('a redirect to a file is not followed, nor one without end', async () => {
  const url = await serve((request, response) => {
    response.writeHead(302, { location: request.url === '/file' ? 'file:///etc/passwd' : '/again' }).end()
  })
  await assert.rejects(sendRequest(open, `${url}/file`), permanent(/only http and https/))
  await assert.rejects(sendRequest(open, `${url}/again`), permanent(/too often/))
})

test('a caller that follows no redirects gets the redirect as the answer', async () => {
  const url = await serve((_request, response) => void response.writeHead(302, { location: '/x' }).end())
  const answer = await sendRequest(open, url, { maxRedirects: 0 })
  answer.discard()
  assert.equal(answer.status, 302)
})

test('a posted body arrives whole, and is dropped by a 303', async () => {
  const seen: string[] = []
  const url = await serve(async (request, response) => {
    seen.push(`${request.method} ${await textOf(request)}`)
    if (request.url === '/') response.writeHead(303, { location: '/next' })
    response.end('ok')
  })
  const answer = await sendRequest(open, url, { method: 'POST', body: 'grüße' })
  await textOf(answer.body)
  assert.deepEqual(seen, ['POST grüße', 'GET '])
})

test('a body that is too large ends in an error', async () => {
  const url = await serve((_request, response) => void response.end('x'.repeat(100_000)))
  const { body } = await sendRequest(open, url, { maxBytes: 1000 })
  await assert.rejects(textOf(body), permanent(/larger than 1000 bytes/))
})

test('a compressed body is decoded, and its size counts decoded', async () => {
  const url = await serve((_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('y'.repeat(50_000))))
  assert.equal((await textOf((await sendRequest(open, url)).body)).length, 50_000)
  await assert.rejects(textOf((await sendRequest(open, url, { maxBytes: 1000 })).body), permanent(/larger/))
})

test('silence before and within the answer ends in an error', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/half') response.write('half')
  })
  await assert.rejects(sendRequest(open, url, { timeoutMs: 30 }), transient(/silent/))
  const { body } = await sendRequest(open, `${url}/half`, { timeoutMs: 500 })
  await assert.rejects(textOf(body), transient(/silent/))
})

test('an abort ends the request with its reason', async () => {
  const controller = new AbortController()
  const url = await serve(() => controller.abort(new Error('cancelled')))
  await assert.rejects(sendRequest(open, url, { signal: controller.signal }), /cancelled/)
})

/** Answers by a list of status words; `cut` breaks off in the middle of the body. */
async function serveInTurn(answers: (number | 'cut')[]): Promise<{ url: string; asked: () => number }> {
  let asked = 0
  const url = await serve((_request, response) => {
    const answer = answers[asked++] ?? 200
    if (answer !== 'cut') return void response.writeHead(answer).end('whole')
    response.writeHead(200, { 'content-length': '100' }).write('part')
    setImmediate(() => response.destroy())
  })
  return { url, asked: () => asked }
}

const getText = (url: string) => fetchWith({ policy: open, url, waits: [1, 1, 1] }, ({ body }) => textOf(body))

test('5xx and broken connections are tried again', async () => {
  const { url, asked } = await serveInTurn([500, 'cut', 503])
  assert.equal(await getText(url), 'whole')
  assert.equal(asked(), 4)
})

test('a fourth failure is final', async () => {
  const { url, asked } = await serveInTurn([500, 500, 500, 500])
  await assert.rejects(getText(url), /answered 500/)
  assert.equal(asked(), 4)
})

test('a 4xx fails at once', async () => {
  const { url, asked } = await serveInTurn([404])
  await assert.rejects(getText(url), permanent(/answered 404/))
  assert.equal(asked(), 1)
})

test('a refused connection is tried again, then fails', async () => {
  await assert.rejects(getText('http://127.0.0.1:1/'), transient(/cannot be read/))
})

test('what the reader throws is not taken for a fault of the network', async () => {
  const { url, asked } = await serveInTurn([])
  await assert.rejects(
    fetchWith({ policy: open, url, waits: [1] }, async () => {
      throw new Error('disk full')
    }),
    /disk full/,
  )
  assert.equal(asked(), 1)
})

import assert from 'node:assert/strict'
import dns, { type LookupAddress } from 'node:dns'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { after, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { fetchWith, OutgoingError, sendRequest } from './outgoing.ts'
import type { OutgoingPolicy } from './outgoing-policy.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const servers: Server[] = []
after(() => {
  for (const one of servers) {
    one.close()
    one.closeAllConnections()
  }
})

/** A real server on a free loopback port; returns its origin. */
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

test('a private address is refused by number, by name and as the target of a redirect', async () => {
  let asked = 0
  const url = await serve((_request, response) => {
    asked++
    response.end('secret')
  })
  const port = new URL(url).port
  const hosts = ['127.0.0.1', '127.1', '127.0.0.1.', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '[::7f00:1]']
  for (const host of [...hosts, '2130706433', '0x7f.1', '0x7f000001', '0177.0.0.1', '017700000001', '0', '０x7f.1', '[64:ff9b::127.0.0.1]']) {
    await assert.rejects(sendRequest(closed, `http://${host}:${port}/`), permanent(/private address/), host)
  }
  assert.equal(asked, 0)
})

for (const url of ['file:///etc/passwd', 'ftp://127.0.0.1/x', 'data:text/plain,x', 'no url', 'http://%zz@127.0.0.1/', 'http://a:%ff@127.0.0.1/']) {
  test(`${url} is refused`, () => assert.rejects(sendRequest(open, url), permanent(/./)))
}

test('redirects are followed, and credentials are not sent to another origin', async () => {
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

/** A name that resolves to the next list of addresses at each lookup. */
function resolving(t: TestContext, ...answers: string[][]): void {
  let looks = 0
  const mocked = t.mock.method(dns, 'lookup', (_name: string, _options: object, done: (error: null, found: LookupAddress[]) => void) => {
    done(
      null,
      (answers[looks++] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  })
  syncBuiltinESMExports()
  t.after(() => {
    mocked.mock.restore()
    syncBuiltinESMExports()
  })
}

test('a name is checked by its addresses at each connection', async (t) => {
  let asked = 0
  const url = await serve((_request, response) => {
    asked++
    response.end('secret')
  })
  const { port } = new URL(url)
  const answers = [['127.0.0.1'], ['::ffff:7f00:1', '::1', '10.0.0.1'], ['::7f00:1'], []]
  resolving(t, ...answers)
  for (const _ of answers) await assert.rejects(sendRequest(closed, `http://rebound.example:${port}/`), permanent(/private address/))
  assert.equal(asked, 0)
})

test('a name that is public at first and private after a redirect to it is refused there', async (t) => {
  let asked = 0
  const url = await serve((request, response) => {
    asked++
    response.writeHead(302, { location: `http://rebound.example:${request.socket.localPort}/next` }).end()
  })
  const { port } = new URL(url)
  resolving(t, ['127.0.0.1'], ['127.0.0.1'])
  let judged = 0
  // Allows the first connection, as for a public address.
  const policy: OutgoingPolicy = {
    get allowPrivateAddresses() {
      return judged++ === 0
    },
    sslVerify: true,
  }
  await assert.rejects(sendRequest(policy, `http://rebound.example:${port}/`), permanent(/rebound\.example \(127\.0\.0\.1\) is a private address/))
  assert.equal(asked, 1)
})

test('only harmless headers are sent to another origin, and a dropped header is not sent again', async () => {
  const seen: (string | undefined)[][] = []
  const note = ({ url, headers }: IncomingMessage) =>
    seen.push([url, headers.authorization, headers['x-my-key'] as string | undefined, headers.cookie, headers.accept])
  const first = await serve((request, response) => {
    note(request)
    if (request.url === '/back') response.end('here')
    else response.writeHead(302, { location: request.url === '/a' ? 'b?c=1' : `${other}/there` }).end()
  })
  const other = await serve((request, response) => {
    note(request)
    response.writeHead(307, { location: `${first}/back` }).end()
  })
  const headers = { 'X-My-Key': 'k', cookie: 'c', accept: 'text/csv' }
  const answer = await sendRequest(open, `${first.replace('//', '//me:secret@')}/a`, { headers })
  assert.equal(await textOf(answer.body), 'here')
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`
  assert.deepEqual(seen, [
    ['/a', basic, 'k', 'c', 'text/csv'],
    ['/b?c=1', basic, 'k', 'c', 'text/csv'],
    ['/there', undefined, undefined, undefined, 'text/csv'],
    ['/back', undefined, undefined, undefined, 'text/csv'],
  ])
})

for (const [what, location, wanted] of [
  ['raw UTF-8', Buffer.from('/größe/東京.csv?ä=ü').toString('latin1'), '/gr%C3%B6%C3%9Fe/%E6%9D%B1%E4%BA%AC.csv?%C3%A4=%C3%BC'],
  ['raw Latin-1', '/gr\u00f6\u00dfe.csv', '/gr%F6%DFe.csv'],
  ['encoded letters', '/gr%C3%B6%C3%9Fe.csv', '/gr%C3%B6%C3%9Fe.csv'],
  ['a blank', '/a b.csv', '/a%20b.csv'],
  ['a relative path', '../c.csv', '/c.csv'],
  ['a query alone', '?page=2', '/deep/start?page=2'],
  ['a fragment', '/c.csv#row=4', '/c.csv'],
] as const) {
  test(`a redirect with ${what} is followed to its target`, async () => {
    const seen: (string | undefined)[] = []
    const url = await serve((request, response) => {
      seen.push(request.url)
      if (seen.length > 1) return void response.end('there')
      // Written by hand: Node itself would refuse some of these.
      response.socket?.end(Buffer.from(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`, 'latin1'))
    })
    assert.equal(await textOf((await sendRequest(open, `${url}/deep/start`)).body), 'there')
    assert.deepEqual(seen, ['/deep/start', wanted])
  })
}

test('twenty redirects are followed, the twenty-first is not; nor a circle, nor a redirect to a file', async () => {
  const url = await serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://host')
    const left = Number(searchParams.get('left'))
    const next = { '/file': 'file:///etc/passwd', '/circle': '/circle/2', '/circle/2': '/circle#x', '/nowhere': undefined }[pathname]
    if (pathname === '/count' && left === 0) return void response.end('there')
    const location = pathname === '/count' ? `/count?left=${left - 1}` : next
    response.writeHead(302, location === undefined ? {} : { location }).end()
  })
  assert.equal(await textOf((await sendRequest(open, `${url}/count?left=20`)).body), 'there')
  await assert.rejects(sendRequest(open, `${url}/count?left=21`), permanent(/\/count redirects more than 20 times/))
  await assert.rejects(sendRequest(open, `${url}/circle`), permanent(/\/circle\/2 redirects in a circle, back to .*\/circle$/))
  await assert.rejects(sendRequest(open, `${url}/file`), permanent(/use an http or https URL/))
  await assert.rejects(getText(`${url}/nowhere`), permanent(/answered 302 Found, a redirect without a Location header/))
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

test('a body that is too large fails with an error', async () => {
  const url = await serve((_request, response) => void response.end('x'.repeat(100_000)))
  const { body } = await sendRequest(open, url, { maxBytes: 1000 })
  await assert.rejects(textOf(body), permanent(/larger than 1000 bytes/))
})

test('a compressed body is decoded, and its size counts decoded', async () => {
  const url = await serve((_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('y'.repeat(50_000))))
  assert.equal((await textOf((await sendRequest(open, url)).body)).length, 50_000)
  await assert.rejects(textOf((await sendRequest(open, url, { maxBytes: 1000 })).body), permanent(/larger/))
})

test('a timeout before or within the answer fails with an error', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/half') response.write('half')
  })
  await assert.rejects(sendRequest(open, url, { timeoutMs: 30 }), transient(/sent nothing for/))
  const { body } = await sendRequest(open, `${url}/half`, { timeoutMs: 500 })
  await assert.rejects(textOf(body), transient(/sent nothing for/))
})

test('an abort rejects the request with its reason', async () => {
  const controller = new AbortController()
  const url = await serve(() => controller.abort(new Error('cancelled')))
  await assert.rejects(sendRequest(open, url, { signal: controller.signal }), /cancelled/)
})

/** Answers with a list of statuses; `cut` closes the connection in the middle of the body. */
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

test('5xx and broken connections are retried', async () => {
  const { url, asked } = await serveInTurn([500, 'cut', 503])
  assert.equal(await getText(url), 'whole')
  assert.equal(asked(), 4)
})

test('a fourth failure is final', async () => {
  const { url, asked } = await serveInTurn([500, 500, 500, 500])
  await assert.rejects(getText(url), /answered 500 Internal Server Error/)
  assert.equal(asked(), 4)
})

test('a 4xx fails at once', async () => {
  const { url, asked } = await serveInTurn([404])
  await assert.rejects(getText(url), permanent(/answered 404 Not Found$/))
  assert.equal(asked(), 1)
})

test('a refused connection is retried, then fails', async () => {
  await assert.rejects(getText('http://127.0.0.1:1/'), transient(/cannot be read: nothing listens at 127\.0\.0\.1:1/))
})

test('the error names the cause: an unknown host, an answer that is not HTTP, a server without TLS', async () => {
  const url = await serve((_request, response) => void response.socket?.end('220 mail.example ready\r\n'))
  await assert.rejects(
    sendRequest(open, 'http://no-such-host.invalid/x'),
    transient(/no-such-host\.invalid\/x cannot be read: (?:there is no host|the name) no-such-host\.invalid/),
  )
  await assert.rejects(sendRequest(open, url), transient(/the server did not answer with HTTP/))
  await assert.rejects(sendRequest(open, url.replace('http:', 'https:')), transient(/does not support TLS/))
})

test('an error of the reader is not treated as a network error', async () => {
  const { url, asked } = await serveInTurn([])
  await assert.rejects(
    fetchWith({ policy: open, url, waits: [1] }, async () => {
      throw new Error('disk full')
    }),
    /disk full/,
  )
  assert.equal(asked(), 1)
})

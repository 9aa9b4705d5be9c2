import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { HttpError } from './errors.ts'

const noPages = "default-src 'none'; frame-ancestors 'none'"

/**
 * The headers of every answer to every caller, unless a route sets another value. Pages of any origin may read the answers, without
 * credentials. Browsers may not guess types or frame answers, caches may not keep them (they depend on the caller), and other sites do not learn
 * which page a link was on.
 */
export const commonHeaders = {
  'access-control-allow-origin': '*',
  'cache-control': 'no-store',
  'content-security-policy': noPages,
  // With `no-referrer` browsers would send the forms of the hub's own pages with `Origin: null`.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const

/** The policy of pages: style sheet, icon and forms of the hub itself; no script, and nothing from other hosts. */
export const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** The policy of uploaded bytes: a browser that shows them isolates them from the hub. */
export const strangersPolicy = `sandbox; ${noPages}`

/** Sets the headers before any other hook of a request. */
export function addCommonHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(commonHeaders)
    done()
  })
}

/** Answers a preflight of any path with 200 and an empty body; every answer allows all origins (`commonHeaders`). */
export function addCors(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS') return done()
    const asked = request.headers['access-control-request-headers']
    reply.headers({
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers': typeof asked === 'string' ? asked : 'Authorization, Content-Type, X-CKAN-API-Key, Auth-Token, Idempotency-Key',
      'access-control-max-age': '86400',
    })
    reply.code(200).send('')
  })
}

const socketFaults: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers of the request are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the headers of the request did not arrive in time'],
}

/** Answers invalid HTTP requests, which no route or hook receives. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, message] = socketFaults[error.code ?? ''] ?? ['400 Bad Request', 'this is not an HTTP request']
  socket.end(lastAnswer(status, message), () => socket.destroy())
}

/** The text of an answer without a route, after which the connection is closed. */
export function lastAnswer(status: string, message: string): string {
  const body = JSON.stringify({ error: message })
  const headers = {
    ...commonHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}

/** Replaces refusals that Node would send without these headers: for an unknown `Expect`, and for a request without `Host`. */
export function addProtocolChecks(app: FastifyInstance): void {
  app.server.on('checkExpectation', ({ socket }: IncomingMessage) =>
    socket.end(lastAnswer('417 Expectation Failed', 'of Expect only 100-continue is understood')),
  )
  app.addHook('onRequest', ({ headers, raw }, _reply, done) => {
    done(headers.host === undefined && raw.httpVersion !== '1.0' ? new HttpError(400, 'a request of HTTP/1.1 has a Host header') : undefined)
  })
}

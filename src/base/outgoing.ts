import { lookup as resolve } from 'node:dns'
import { request as httpRequest, type IncomingMessage, type RequestOptions, STATUS_CODES } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { isAllowed, type OutgoingPolicy } from './outgoing-policy.ts'

export interface OutgoingRequest {
  /** GET by default. */
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** How many redirects are followed; 20 by default. With 0 the redirect itself is the answer. */
  readonly maxRedirects?: number
  /** Longest time without data, in milliseconds, before and within the answer; 60,000 by default. */
  readonly timeoutMs?: number
  /** Largest body in bytes; reading a larger one fails. No limit by default. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

/** An answer whose body is still to be read or discarded. */
export interface OutgoingAnswer {
  readonly status: number
  /** Names in lower case; of a repeated header all values, joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** The URL of the answer, after all redirects. */
  readonly url: string
  /** Decoded bytes, to be read once. Fails with an `OutgoingError` when the server closes early, sends nothing for too long or sends too much. */
  readonly body: AsyncIterable<Uint8Array>
  /** Closes the connection when the body is not needed. */
  discard(): void
}

/** A request without a usable answer. `isTransient`: whether another try may succeed. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError'
  readonly isTransient: boolean

  constructor(message: string, options: { isTransient: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.isTransient = options.isTransient
  }
}

/** Headers that are sent on after a redirect to another origin. Any other header may be a credential, whatever its name. */
const harmlessHeaders = new Set(['accept', 'accept-language', 'content-type', 'range', 'user-agent'])
const redirects = new Set([301, 302, 303, 307, 308])
const defaultMaxRedirects = 20

/**
 * Sends one request and follows its redirects. The policy checks the address of each connection. Credentials are not sent to another
 * origin. Any status is an answer. Throws an `OutgoingError` when there is no answer, and the signal's reason when aborted.
 */
export async function sendRequest(policy: OutgoingPolicy, url: string, request: OutgoingRequest = {}): Promise<OutgoingAnswer> {
  const { maxRedirects = defaultMaxRedirects } = request
  const seen = new Set<string>()
  for (let step: Step = { target: parseTarget(url), request }; ; ) {
    const answer = await sendOnce(policy, step.target, step.request)
    const location = answer.headers.location
    if (maxRedirects === 0 || location === undefined || !redirects.has(answer.statusCode ?? 0)) return presentAnswer(answer, step.target, request)
    answer.destroy()
    seen.add(stepKey(step))
    const from = shown(step.target)
    step = nextStep(step, { status: answer.statusCode ?? 0, location })
    if (seen.has(stepKey(step))) throw new OutgoingError(`${from} redirects in a circle, back to ${shown(step.target)}`, { isTransient: false })
    if (seen.size > maxRedirects)
      throw new OutgoingError(`${shown(parseTarget(url))} redirects more than ${maxRedirects} times`, { isTransient: false })
  }
}

/** One request of a chain of redirects. */
interface Step {
  readonly target: URL
  readonly request: OutgoingRequest
}

/** Identifies a step of a chain. Requests have no cookies, so equal steps get equal answers. */
const stepKey = ({ target, request }: Step) => `${request.method ?? 'GET'} ${target.href.slice(0, target.href.length - target.hash.length)}`

/** The request that follows a redirect. */
function nextStep({ target: from, request }: Step, { status, location }: { status: number; location: string }): Step {
  // Node returns each byte of a header as one character. Many servers send UTF-8 there.
  const target = parseTarget(
    location.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`),
    from,
  )
  const isSameOrigin = target.origin === from.origin
  if (isSameOrigin && target.username === '') [target.username, target.password] = [from.username, from.password]
  const { method = 'GET', body, headers = {}, ...rest } = request
  const becomesGet = method !== 'HEAD' && (status === 303 || (method === 'POST' && (status === 301 || status === 302)))
  const kept = Object.entries(headers).filter(([name]) => isSameOrigin || harmlessHeaders.has(name.toLowerCase()))
  return {
    target,
    request: {
      ...rest,
      method: becomesGet ? 'GET' : method,
      headers: Object.fromEntries(kept),
      ...(body !== undefined && !becomesGet && { body }),
    },
  }
}

function parseTarget(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw new OutgoingError(`${JSON.stringify(text)} is not a URL`, { isTransient: false })
  const url = new URL(text, base)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OutgoingError(`${url.protocol} is not supported; use an http or https URL`, { isTransient: false })
  if (decoded(url.username) === undefined || decoded(url.password) === undefined)
    throw new OutgoingError(`user name and password of ${shown(url)} are not valid percent-encoding; encode them as UTF-8`, { isTransient: false })
  return url
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The URL without its parts that may be secret. */
const shown = (url: URL) => `${url.origin}${url.pathname}`

function sendOnce(policy: OutgoingPolicy, url: URL, request: OutgoingRequest): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, timeoutMs = 60_000, signal } = request
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isAllowed(policy, host)) throw refused(host)
  signal?.throwIfAborted()
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    method,
    headers: {
      'user-agent': 'millrace',
      'accept-encoding': 'identity',
      ...headers,
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
    },
    agent: false,
    lookup: guardedLookup(policy),
    rejectUnauthorized: policy.sslVerify,
    ...(url.username && { auth: `${decoded(url.username)}:${decoded(url.password)}` }),
    ...(signal && { signal }),
  }
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const sent = send(url, options, (message) => {
      answer = message
      resolve(message)
    })
    sent.setTimeout(timeoutMs, () => {
      // If only the request were destroyed, the reader of a started body would get no reason.
      const reader = answer ?? sent
      reader.destroy(new OutgoingError(`${shown(url)} sent nothing for ${timeoutMs / 1000} s`, { isTransient: true }))
    })
    sent.on('error', (error) => reject(translate(error, url, signal)))
    sent.end(body)
  })
}

/** Translates an error of Node; an abort keeps its reason. */
function translate(error: Error, url: URL, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof OutgoingError) return error
  return new OutgoingError(`${shown(url)} cannot be read: ${reasonOf(error, url)}`, { isTransient: true, cause: error })
}

/** Why there is no answer, for people; Node's own message for other codes. */
function reasonOf(error: NodeJS.ErrnoException, { hostname, protocol, host }: URL): string {
  const code = error.code ?? ''
  if (code === 'ENOTFOUND') return `there is no host ${hostname} (${code})`
  if (code === 'EAI_AGAIN') return `the name ${hostname} cannot be resolved now (${code})`
  if (code === 'ECONNREFUSED') return `nothing listens at ${host} (${code})`
  if (code === 'ECONNRESET') return `the connection was cut (${code})`
  if (code.startsWith('HPE_')) return `the server did not answer with HTTP (${code})`
  if (code === 'EPROTO' && protocol === 'https:') return `${host} does not support TLS, or no common version of it`
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return `the certificate of ${host} is not trusted: ${error.message}`
  return error.message || code
}

const refused = (address: string) =>
  new OutgoingError(`${address} is a private address, which this hub may not reach; MILLRACE_ALLOW_PRIVATE_ADDRESSES=1 allows it`, {
    isTransient: false,
  })

/** Resolves a host name when connecting, and keeps only the allowed addresses. */
function guardedLookup(policy: OutgoingPolicy): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      const allowed = found.filter((one) => isAllowed(policy, one.address))
      const first = allowed[0]
      if (!first) return callback(refused(`${hostname} (${found[0]?.address})`), '', 0)
      if (options.all) return callback(null, allowed)
      return callback(null, first.address, first.family)
    })
  }
}

function presentAnswer(message: IncomingMessage, url: URL, request: OutgoingRequest): OutgoingAnswer {
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
  return { status: message.statusCode ?? 0, headers, url: url.href, body: readBody(message, url, request), discard: () => void message.destroy() }
}

const decoders = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress } as const

/** The decoded stream. A server may compress although the request asks it not to. */
function decompressed(message: IncomingMessage): Readable {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase() ?? ''
  if (!Object.hasOwn(decoders, encoding)) return message
  const decoder = decoders[encoding as keyof typeof decoders]()
  message.on('error', (error) => decoder.destroy(error))
  return message.pipe(decoder)
}

async function* readBody(message: IncomingMessage, url: URL, request: OutgoingRequest): AsyncGenerator<Uint8Array> {
  const { maxBytes = Number.POSITIVE_INFINITY, signal } = request
  let size = 0
  try {
    for await (const chunk of decompressed(message)) {
      size += chunk.length
      if (size > maxBytes) throw new OutgoingError(`${shown(url)} is larger than ${maxBytes} bytes`, { isTransient: false })
      yield chunk
    }
  } catch (error) {
    throw translate(error as Error, url, signal)
  } finally {
    message.destroy()
  }
}

/** Pauses before the second, third and fourth try, in milliseconds. */
const defaultWaitsMs: readonly number[] = [2000, 4000, 8000]

/**
 * Gets a URL and passes the answer to `use`. Tries again after network errors, also within the body, and after 5xx.
 * Throws an `OutgoingError` for any other status than 200 to 299, and after the last try. Errors of `use` itself are rethrown.
 */
export async function fetchWith<T>(
  get: { readonly policy: OutgoingPolicy; readonly url: string; readonly waits?: readonly number[] } & Omit<OutgoingRequest, 'method' | 'body'>,
  use: (answer: OutgoingAnswer) => Promise<T>,
): Promise<T> {
  const { policy, url, waits = defaultWaitsMs, ...request } = get
  for (let attempt = 0; ; attempt++) {
    try {
      return await use(expectSuccess(await sendRequest(policy, url, request)))
    } catch (error) {
      const wait = waits[attempt]
      if (!(error instanceof OutgoingError) || !error.isTransient || wait === undefined) throw error
      await pause(wait, undefined, request.signal && { signal: request.signal })
    }
  }
}

function expectSuccess(answer: OutgoingAnswer): OutgoingAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer
  answer.discard()
  const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim()
  const lack = redirects.has(answer.status) ? ', a redirect without a Location header' : ''
  throw new OutgoingError(`${shown(new URL(answer.url))} answered ${status}${lack}`, { isTransient: answer.status >= 500 })
}

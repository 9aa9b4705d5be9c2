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
  /** Longest silence, in milliseconds, before and within the answer; 60,000 by default. */
  readonly timeoutMs?: number
  /** Largest body in bytes; what is longer makes reading it fail. No limit by default. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

/** An answer whose body is still to be read or discarded. */
export interface OutgoingAnswer {
  readonly status: number
  /** Names in lower case; of a repeated header all values, joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** Where the answer came from in the end. */
  readonly url: string
  /** Decoded bytes, to be read once. Fails with an `OutgoingError` when the peer breaks off, falls silent or sends too much. */
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection of a body that nobody wants. */
  discard(): void
}

/** A request that brought nothing. `isTransient` tells whether another try may do better. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError'
  readonly isTransient: boolean

  constructor(message: string, options: { isTransient: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.isTransient = options.isTransient
  }
}

/** What may follow a redirect to another origin: the rest may be a credential, whatever its name is. */
const harmlessHeaders = new Set(['accept', 'accept-language', 'content-type', 'range', 'user-agent'])
const redirects = new Set([301, 302, 303, 307, 308])
const usualRedirects = 20

/**
 * Sends one request and follows its redirects; each connection is judged by the address it goes to. Credentials do not follow to another
 * origin. Any status is an answer; throws an `OutgoingError` when there is none, and the signal's reason when aborted.
 */
export async function sendRequest(policy: OutgoingPolicy, url: string, request: OutgoingRequest = {}): Promise<OutgoingAnswer> {
  const { maxRedirects = usualRedirects } = request
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

/** No answer depends on anything else: there are no cookies. */
const stepKey = ({ target, request }: Step) => `${request.method ?? 'GET'} ${target.href.slice(0, target.href.length - target.hash.length)}`

/** The request as it goes on after a redirect. */
function nextStep({ target: from, request }: Step, { status, location }: { status: number; location: string }): Step {
  // Node hands over the bytes of a header as so many letters; many servers write UTF-8 there.
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
    throw new OutgoingError(`${url.protocol} is not read, only http and https`, { isTransient: false })
  if (decoded(url.username) === undefined || decoded(url.password) === undefined)
    throw new OutgoingError(`user name and password of ${shown(url)} are not percent-encoded as they should be`, { isTransient: false })
  return url
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** The address without what may be secret in it. */
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
      // Destroying the request would tell the reader of a begun body only that it was cut off.
      const reader = answer ?? sent
      reader.destroy(new OutgoingError(`${shown(url)} was silent for ${timeoutMs / 1000} s`, { isTransient: true }))
    })
    sent.on('error', (error) => reject(translate(error, url, signal)))
    sent.end(body)
  })
}

/** What Node throws, in our words; an abort keeps its reason. */
function translate(error: Error, url: URL, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (error instanceof OutgoingError) return error
  return new OutgoingError(`${shown(url)} cannot be read: ${reasonOf(error, url)}`, { isTransient: true, cause: error })
}

/** Why there is no answer, for people: Node's own words where they say it. */
function reasonOf(error: NodeJS.ErrnoException, { hostname, protocol, host }: URL): string {
  const code = error.code ?? ''
  if (code === 'ENOTFOUND') return `there is no host ${hostname} (${code})`
  if (code === 'EAI_AGAIN') return `the name ${hostname} cannot be looked up now (${code})`
  if (code === 'ECONNREFUSED') return `nothing listens at ${host} (${code})`
  if (code === 'ECONNRESET') return `the connection was cut (${code})`
  if (code.startsWith('HPE_')) return `what came is no HTTP (${code})`
  if (code === 'EPROTO' && protocol === 'https:') return `${host} speaks no TLS that is understood`
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return `the certificate of ${host} is not trusted: ${error.message}`
  return error.message || code
}

const refused = (address: string) => new OutgoingError(`${address} is a private address, and this hub may not reach those`, { isTransient: false })

/** Resolves a host name at the moment of connecting, and leaves only addresses that may be reached. */
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

/** The decoded stream; a peer may compress even though it was asked not to. */
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
const usualWaits: readonly number[] = [2000, 4000, 8000]

/**
 * Gets a URL and hands its body to `use`, trying again after network errors and 5xx, which may come in the middle of the body too.
 * Throws an `OutgoingError` for any other status than 200 to 299, and after the last try; what `use` throws by itself passes through.
 */
export async function fetchWith<T>(
  get: { readonly policy: OutgoingPolicy; readonly url: string; readonly waits?: readonly number[] } & Omit<OutgoingRequest, 'method' | 'body'>,
  use: (answer: OutgoingAnswer) => Promise<T>,
): Promise<T> {
  const { policy, url, waits = usualWaits, ...request } = get
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
  const lack = redirects.has(answer.status) ? ', a redirect that does not say where to' : ''
  throw new OutgoingError(`${shown(new URL(answer.url))} answered ${status}${lack}`, { isTransient: answer.status >= 500 })
}

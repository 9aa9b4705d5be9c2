import { lookup as resolve } from 'node:dns'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import ipaddr from 'ipaddr.js'
import type { Config } from './config.ts'

/** Where the hub's own requests may go. */
export interface OutgoingPolicy {
  /** Whether loopback, private and other special addresses may be reached. */
  readonly allowPrivateAddresses: boolean
  readonly sslVerify: boolean
}

export interface OutgoingRequest {
  /** GET by default. */
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** How many redirects are followed; 5 by default. With 0 the redirect itself is the answer. */
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

/** A developer's machine may reach itself and its neighbours; a public hub only the public internet, unless told otherwise. */
export function outgoingPolicy(config: Pick<Config, 'allowPrivateAddresses' | 'host' | 'sslVerify'>): OutgoingPolicy {
  const isLocal = config.host === 'localhost' || (isIP(config.host) !== 0 && ipaddr.parse(config.host).range() === 'loopback')
  return { allowPrivateAddresses: config.allowPrivateAddresses ?? isLocal, sslVerify: config.sslVerify }
}

const credentialHeaders = new Set(['authorization', 'cookie', 'auth-token', 'x-ckan-api-key', 'proxy-authorization'])
const redirects = new Set([301, 302, 303, 307, 308])

/**
 * Sends one request and follows its redirects; each connection is judged by the address it goes to. Credentials do not follow to another
 * origin. Any status is an answer; throws an `OutgoingError` when there is none, and the signal's reason when aborted.
 */
export async function sendRequest(policy: OutgoingPolicy, url: string, request: OutgoingRequest = {}): Promise<OutgoingAnswer> {
  let [target, current] = [parseTarget(url), request]
  for (let left = request.maxRedirects ?? 5; ; left--) {
    const answer = await sendOnce(policy, target, current)
    const location = answer.headers.location
    if (left === 0 && request.maxRedirects !== 0 && redirects.has(answer.statusCode ?? 0)) {
      answer.destroy()
      throw new OutgoingError(`${shown(target)} redirects too often`, { isTransient: false })
    }
    if (location === undefined || left === 0 || !redirects.has(answer.statusCode ?? 0)) return presentAnswer(answer, target, request)
    answer.destroy()
    const next = parseTarget(location, target)
    current = followed(current, { status: answer.statusCode ?? 0, sameOrigin: next.origin === target.origin })
    target = next
  }
}

/** The request as it goes on after a redirect. */
function followed(request: OutgoingRequest, { status, sameOrigin }: { status: number; sameOrigin: boolean }): OutgoingRequest {
  const { method = 'GET', body, headers = {}, ...rest } = request
  const becomesGet = status === 303 || (method === 'POST' && (status === 301 || status === 302))
  const kept = Object.entries(headers).filter(([name]) => sameOrigin || !credentialHeaders.has(name.toLowerCase()))
  return {
    ...rest,
    method: becomesGet && method !== 'HEAD' ? 'GET' : method,
    headers: Object.fromEntries(kept),
    ...(body !== undefined && !becomesGet && { body }),
  }
}

function parseTarget(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw new OutgoingError(`${JSON.stringify(text)} is not a URL`, { isTransient: false })
  const url = new URL(text, base)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OutgoingError(`${url.protocol} is not read, only http and https`, { isTransient: false })
  return url
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
    ...(url.username && { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
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
  return new OutgoingError(`${shown(url)} cannot be read: ${error.message || (error as NodeJS.ErrnoException).code}`, {
    isTransient: true,
    cause: error,
  })
}

const refused = (address: string) => new OutgoingError(`${address} is a private address, and this hub may not reach those`, { isTransient: false })

/** Whether the policy lets a connection go to this IP address. */
export function isAllowed(policy: OutgoingPolicy, address: string): boolean {
  if (policy.allowPrivateAddresses) return true
  const parsed = ipaddr.parse(address)
  const plain = 'isIPv4MappedAddress' in parsed && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed
  return plain.range() === 'unicast'
}

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
function decoded(message: IncomingMessage): Readable {
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
    for await (const chunk of decoded(message)) {
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
  throw new OutgoingError(`${shown(new URL(answer.url))} answered ${answer.status}`, { isTransient: answer.status >= 500 })
}

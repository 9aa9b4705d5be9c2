import { VERSION } from '../version.ts'

/** How a client calls its server; all of it may be left out. */
export interface ClientOptions {
  /** Sent as `Authorization` to the origin of the base URL, and nowhere else. */
  apiKey?: string
  /** Instead of the global `fetch`. It must not follow redirects when told so (`redirect: 'manual'`). */
  fetch?: typeof fetch
  /** Further headers of every request. */
  headers?: Record<string, string>
  /** Default: this library's name and version. Not sent by default in browsers, where it would cost a preflight. */
  userAgent?: string
  /** Ends every call of the client when it aborts. */
  signal?: AbortSignal
  /** Time for one attempt, body included. Default 30000; 0 means none. */
  timeoutMs?: number
  /** Further attempts after the first. Default 4. */
  retries?: number
  /** First wait between attempts; it doubles, with jitter between half and the full value. Default 500. */
  retryBaseMs?: number
  /** Longest wait between attempts. A server that asks for more gets no further attempt. Default 60000. */
  maxRetryDelayMs?: number
  /** Starts of requests are spaced evenly. Default: no limit. */
  requestsPerSecond?: number
}

/** Checked options with their defaults. */
export interface Settings {
  apiKey: string | null
  fetch: typeof fetch
  headers: Record<string, string>
  signal: AbortSignal | undefined
  timeoutMs: number
  retries: number
  retryBaseMs: number
  maxRetryDelayMs: number
  requestsPerSecond: number
}

/** Fills in the defaults.
 * @throws TypeError naming the option that is of no use. The key itself is never in the text.
 */
export function parseOptions(options: ClientOptions): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError('the options must be a plain object')
  const userAgent = options.userAgent ?? (isBrowser() ? undefined : `millrace-client/${VERSION}`)
  return {
    apiKey: parseApiKey(options.apiKey),
    // The wrapper keeps a browser's fetch bound to its window, and lets a later replacement of the global take effect.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    headers: { accept: 'application/json', ...(userAgent === undefined ? {} : { 'user-agent': userAgent }), ...options.headers },
    signal: options.signal,
    timeoutMs: parseNumber(options, 'timeoutMs', 30_000),
    retries: parseNumber(options, 'retries', 4),
    retryBaseMs: parseNumber(options, 'retryBaseMs', 500),
    maxRetryDelayMs: parseNumber(options, 'maxRetryDelayMs', 60_000),
    requestsPerSecond: parseRate(options.requestsPerSecond),
  }
}

/** The base URL without trailing slashes.
 * @throws TypeError unless it is an absolute http(s) address without credentials, query and fragment.
 */
export function parseBaseUrl(text: unknown): string {
  const url = typeof text === 'string' ? tryUrl(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) throw new TypeError('the base URL must be an absolute http or https address')
  if (url.username || url.password) throw new TypeError('the base URL must not hold credentials; give the key as apiKey')
  if (url.search || url.hash) throw new TypeError(`the base URL must end before query and fragment: ${url.origin}${url.pathname}`)
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

/** The key, or null when there is none: absent, null or empty.
 * @throws TypeError if it cannot stand in a header.
 */
export function parseApiKey(key: unknown): string | null {
  if (key === undefined || key === null || key === '') return null
  if (typeof key !== 'string' || !/^[\x20-\x7e]+$/.test(key)) throw new TypeError('apiKey must be a text of printable ASCII characters')
  return key
}

function tryUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

function parseNumber(options: ClientOptions, name: 'timeoutMs' | 'retries' | 'retryBaseMs' | 'maxRetryDelayMs', byDefault: number): number {
  const value = options[name] ?? byDefault
  if (typeof value !== 'number' || !(value >= 0)) throw new TypeError(`${name} must be a number, 0 or more; got ${String(value)}`)
  return value
}

function parseRate(rate: unknown = Infinity): number {
  if (typeof rate !== 'number' || !(rate > 0)) throw new TypeError(`requestsPerSecond must be a number above 0; got ${String(rate)}`)
  return rate
}

const isBrowser = () => 'document' in globalThis || 'WorkerGlobalScope' in globalThis

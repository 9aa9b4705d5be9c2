import { createHmac } from 'node:crypto'
import { validateHeaderName, validateHeaderValue } from 'node:http'

/** How a result is posted, and when it is posted again. */

/** Milliseconds before each try; with the last one the hub gives up. */
export const usualWaits: readonly number[] = [0, 5_000, 300_000, 1_800_000, 7_200_000, 18_000_000]

/** A receiver may ask for more patience, but not for more than a day. */
const longestWaitMs = 24 * 3_600_000

/** Headers that frame the request or that the hub signs with: a submitter's key never goes by one of these names. */
const reserved =
  /^(?:host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|accept-encoding|user-agent|webhook-.*)$/i

/**
 * The header that carries the submitter's key: `Authorization`, or the one that a key of the form `header:key` names. Undefined
 * when the key cannot stand in a header at all.
 */
export function keyHeader(apiKey: unknown): Readonly<Record<string, string>> | undefined {
  const key = typeof apiKey === 'string' ? apiKey : JSON.stringify(apiKey)
  const colon = key.indexOf(':')
  const name = colon > 0 ? key.slice(0, colon) : ''
  const isNamed = isHeaderName(name) && !reserved.test(name)
  const [header, value] = isNamed ? [name, key.slice(colon + 1).trim()] : ['Authorization', key]
  try {
    validateHeaderValue(header, value)
    return { [header]: value }
  } catch {
    return undefined
  }
}

function isHeaderName(name: string): boolean {
  try {
    validateHeaderName(name)
    return true
  } catch {
    return false
  }
}

/** A secret as people see it; the bytes are what signs. */
const secretForm = /^whsec_([A-Za-z0-9+/]+=*)$/

/** The headers of Standard Webhooks: the same id for all tries, seconds since 1970, a signature for each secret. */
export function webhookHeaders(message: { id: string; at: number; body: string }, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(message.at / 1000))
  const signatures = secrets.map((secret) => {
    const bytes = Buffer.from(secretForm.exec(secret)?.[1] ?? '', 'base64')
    return `v1,${createHmac('sha256', bytes).update(`${message.id}.${timestamp}.${message.body}`).digest('base64')}`
  })
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

/** How a try to post a result went. */
export type TryResult =
  | { readonly kind: 'delivered'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string; readonly isFinal: boolean; readonly retryAfterMs: number }

/** What a receiver's answer means: 2xx is success; 429 and 5xx are worth another try, redirects and the rest are not. */
export function judgeAnswer(answer: { status: number; retryAfter: string | undefined; at: number; text: string }): TryResult {
  const { status, text } = answer
  if (status >= 200 && status < 300) return { kind: 'delivered', text }
  const isFinal = status < 500 && status !== 429
  return { kind: 'failed', text, isFinal, retryAfterMs: parseRetryAfter(answer.retryAfter, answer.at) }
}

/** Milliseconds that a `Retry-After` asks for, in seconds or as a date; 0 when it says nothing. */
function parseRetryAfter(text: string | undefined, at: number): number {
  if (text === undefined) return 0
  const wait = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - at
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), longestWaitMs) : 0
}

/** Milliseconds until the next try after `tries` of them; undefined when there is none left. A fifth more or less, so that crowds disperse. */
export function nextWaitMs(tries: number, options: { waits: readonly number[]; retryAfterMs: number; random: () => number }): number | undefined {
  const wait = options.waits[tries]
  if (wait === undefined) return undefined
  return Math.round(Math.max(wait * (0.8 + 0.4 * options.random()), options.retryAfterMs))
}

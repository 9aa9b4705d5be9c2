import { linkSignals, sleep } from '../abort.ts'
import { type CkanErrorDetails, CkanNetworkError, CkanRedirectError, CkanTimeoutError } from '../errors.ts'
import { isSuccess, isUnavailable, label, mask, parseJson, type Reply, retryAfterMs } from './answer.ts'
import type { Settings } from './options.ts'
import type { Pace } from './pace.ts'

/** One call, ready to be sent, as often as it takes. */
export interface Call {
  method: string
  url: URL
  /** Name of the action; null for `request`. */
  action: string | null
  headers: Record<string, string>
  body: string | FormData | Blob | URLSearchParams | Uint8Array<ArrayBuffer> | undefined
  signal: AbortSignal | undefined
  /** Whether it may be sent again although the server may have carried it out. */
  idempotent: boolean
}

type Outcome = { reply: Reply } | { fault: CkanTimeoutError | CkanNetworkError }

const MAX_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const TIMED_OUT = Symbol('timed out')

/** Sends calls: when their turn has come, within the time limit, again when that is safe. */
export class Transport {
  readonly #settings: Settings
  readonly #pace: Pace

  constructor(settings: Settings, pace: Pace) {
    this.#settings = settings
    this.#pace = pace
  }

  /** The last answer, whatever its status.
   * @throws CkanTimeoutError, CkanNetworkError, CkanRedirectError; the reason of the call's or the client's signal.
   */
  async send(call: Call): Promise<Reply> {
    const { controller, unlink } = linkSignals([this.#settings.signal, call.signal])
    try {
      for (let attempts = 1; ; attempts++) {
        await this.#pace.turn(controller.signal)
        const outcome = await this.#attempt(call, attempts, controller.signal)
        const waitMs = this.#waitBeforeNext(call, attempts, outcome)
        if (waitMs !== null) await sleep(waitMs, controller.signal)
        else if ('reply' in outcome) return outcome.reply
        else throw outcome.fault
      }
    } finally {
      unlink()
    }
  }

  async #attempt(call: Call, attempts: number, signal: AbortSignal): Promise<Outcome> {
    const { controller, unlink } = linkSignals([signal])
    const { timeoutMs, apiKey } = this.#settings
    const timer = timeoutMs > 0 && timeoutMs < Infinity ? setTimeout(() => controller.abort(TIMED_OUT), timeoutMs) : undefined
    try {
      const { response, url } = await this.#fetchFollowing(call, attempts, controller.signal)
      const { action, method } = call
      const { status, headers } = response
      const text = await response.text()
      const json = action !== null || !isSuccess(status) || saysJson(headers) ? parseJson(text) : undefined
      return { reply: { status, headers, text, json, url, method, action, attempts, secret: apiKey } }
    } catch (error) {
      if (error instanceof CkanRedirectError) throw error
      if (signal.aborted) throw signal.reason
      const details = { ...describe(call, apiKey), attempts }
      if (controller.signal.reason === TIMED_OUT)
        return { fault: new CkanTimeoutError(`${label(call)}no complete answer within ${timeoutMs} ms`, details) }
      return { fault: new CkanNetworkError(`${label(call)}no answer: ${causeText(error)}`, { ...details, cause: error }) }
    } finally {
      clearTimeout(timer)
      unlink()
    }
  }

  /** Milliseconds to wait for the next attempt; null if this was the last. A wait that the server asked for holds up all other calls too. */
  #waitBeforeNext(call: Call, attempts: number, outcome: Outcome): number | null {
    const { maxRetryDelayMs, retries } = this.#settings
    const askedMs = 'reply' in outcome ? askedWaitMs(outcome.reply) : null
    const tooLong = askedMs !== null && askedMs > maxRetryDelayMs
    if (askedMs !== null && !tooLong) this.#pace.pause(askedMs)
    if (tooLong || attempts > retries || !mayRetry(call, outcome)) return null
    return askedMs || this.#backoffMs(attempts)
  }

  #backoffMs(attempts: number): number {
    const { retryBaseMs, maxRetryDelayMs } = this.#settings
    const fullMs = Math.min(retryBaseMs * 2 ** (attempts - 1), maxRetryDelayMs)
    return fullMs * (0.5 + Math.random() / 2)
  }

  /** Follows redirects by itself: fetch would turn a POST into a GET, and go to other origins. */
  async #fetchFollowing(call: Call, attempts: number, signal: AbortSignal): Promise<{ response: Response; url: string }> {
    const { fetch, apiKey } = this.#settings
    const { method, headers, body } = call
    let { url } = call
    for (let hops = 0; ; hops++) {
      const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' })
      if (response.type !== 'opaqueredirect' && !REDIRECTS.has(response.status)) return { response, url: url.href }
      await response.body?.cancel()
      const target = locationOf(response, url)
      const refusal = redirectRefusal({ call, response, target, hops })
      if (refusal || !target) {
        const location = target && mask(target.href, apiKey)
        const details = { ...describe({ ...call, url }, apiKey), attempts, status: response.status || null, location }
        throw new CkanRedirectError(`${label(call)}redirected to ${location ?? 'an address that is not named'}: ${refusal}`, details)
      }
      url = target
    }
  }
}

/** Why a redirect is not followed; undefined if it is. */
function redirectRefusal({ call, response, target, hops }: { call: Call; response: Response; target: URL | null; hops: number }): string | undefined {
  if (!target) return 'use the final address as base URL'
  if (target.origin !== call.url.origin) return 'it leaves the origin of the base URL; use the final address as base URL'
  const keepsBody = response.status === 307 || response.status === 308 || call.method === 'GET' || call.method === 'HEAD'
  if (!keepsBody) return `following would lose the body of the ${call.method}; use the final address as base URL`
  return hops >= MAX_REDIRECTS ? `more than ${MAX_REDIRECTS} redirects` : undefined
}

function locationOf(response: Response, base: URL): URL | null {
  const location = response.headers.get('location')
  return location !== null && URL.canParse(location, base.href) ? new URL(location, base) : null
}

function mayRetry(call: Call, outcome: Outcome): boolean {
  if ('fault' in outcome) return call.idempotent
  const { status, headers, json } = outcome.reply
  if (status === 429 || (status === 503 && retryAfterMs(headers) !== null)) return true
  const broken = call.action !== null && isSuccess(status) && !json
  return call.idempotent && (isUnavailable(status) || broken)
}

function askedWaitMs(reply: Reply): number | null {
  return reply.status === 429 || isUnavailable(reply.status) ? retryAfterMs(reply.headers) : null
}

/** Whether the body is to be read as JSON: a CSV file that holds one number would parse as well. */
function saysJson(headers: Headers): boolean {
  const type = headers.get('content-type')
  return type === null || /\bjson\b/i.test(type)
}

function describe({ action, url, method }: Call, secret: string | null): CkanErrorDetails {
  return { action, url: mask(url.href, secret), method }
}

/** The innermost text: fetch itself only says "fetch failed". */
function causeText(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

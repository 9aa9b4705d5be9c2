import { type OutgoingAnswer, OutgoingError, type OutgoingPolicy, sendRequest } from '../outgoing.ts'
import { judgeAnswer, type TryResult } from './callback.ts'

/** One try to post a result. */
export interface CallbackPost {
  readonly policy: OutgoingPolicy
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
  /** Aborted when the process stops. */
  readonly signal: AbortSignal
}

/** Bytes of an answer that are kept; the rest is never read. */
const keptBytes = 200
/** A receiver that has given its status does not get much more time for words. */
const longestReadMs = 1_000

/** Posts a result once. Never throws for what the receiver does: that is how the try went. */
export async function postCallback(post: CallbackPost): Promise<TryResult | 'stopped'> {
  const timeout = AbortSignal.timeout(post.timeoutMs)
  try {
    const answer = await sendRequest(post.policy, post.url, {
      method: 'POST',
      headers: post.headers,
      body: post.body,
      maxRedirects: 0,
      timeoutMs: post.timeoutMs,
      signal: AbortSignal.any([timeout, post.signal]),
    })
    const words = await firstWords(answer)
    return judgeAnswer({
      status: answer.status,
      retryAfter: answer.headers['retry-after'],
      at: Date.now(),
      text: `it answered ${answer.status}${words && ` ${JSON.stringify(words)}`}`,
    })
  } catch (error) {
    if (post.signal.aborted) return 'stopped'
    if (timeout.aborted) return { kind: 'failed', text: `no answer within ${post.timeoutMs / 1000} s`, isFinal: false, retryAfterMs: 0 }
    if (error instanceof OutgoingError) return { kind: 'failed', text: error.message, isFinal: !error.isTransient, retryAfterMs: 0 }
    return { kind: 'failed', text: `it cannot be posted: ${(error as Error).message}`, isFinal: true, retryAfterMs: 0 }
  }
}

/** The beginning of an answer, whatever becomes of the rest. */
async function firstWords(answer: OutgoingAnswer): Promise<string> {
  const limit = setTimeout(() => answer.discard(), longestReadMs)
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of answer.body) {
      parts.push(part)
      size += part.length
      if (size >= keptBytes) break
    }
  } catch {
    // The status has been given; a body that breaks off changes nothing.
  } finally {
    clearTimeout(limit)
    answer.discard()
  }
  const text = Buffer.concat(parts).subarray(0, keptBytes).toString('utf8')
  return text.replaceAll(/[\p{Cc}\ufffd]+/gu, ' ').trim()
}

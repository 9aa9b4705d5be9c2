import { OutgoingError, sendRequest } from '../../base/outgoing.ts'
import type { OutgoingPolicy } from '../../base/outgoing-policy.ts'
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
    // What it says is for nobody here: a submitter could have it read out what only this hub can reach.
    answer.discard()
    return judgeAnswer({
      status: answer.status,
      retryAfter: answer.headers['retry-after'],
      at: Date.now(),
      text: `it answered ${answer.status}`,
    })
  } catch (error) {
    if (post.signal.aborted) return 'stopped'
    if (timeout.aborted) return { kind: 'failed', text: `no answer within ${post.timeoutMs / 1000} s`, isFinal: false, retryAfterMs: 0 }
    if (error instanceof OutgoingError) return { kind: 'failed', text: error.message, isFinal: !error.isTransient, retryAfterMs: 0 }
    return { kind: 'failed', text: `it cannot be posted: ${(error as Error).message}`, isFinal: true, retryAfterMs: 0 }
  }
}

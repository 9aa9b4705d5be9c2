import { DomainError, withUnknownKey } from '../../base/errors.ts'
import { type Context, hasUnknownKey } from '../../context.ts'
import { BindError } from '../../store/bind.ts'

/** An error of the protocol, before any domain function runs: unreadable body, unknown path, wrong method, too large. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, options: { headers?: Record<string, string>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = status
    this.headers = options.headers ?? {}
  }
}

/** The default status of each domain error; a surface with other rules has its own table. */
export const defaultStatus = { not_found: 404, forbidden: 403, invalid: 400, conflict: 409, unavailable: 503 } as const

/** Seconds until the next try after a 503. */
export const retryAfter = { 'retry-after': '5' } as const

/** Converts any error of a handler to one of the two kinds that surfaces can answer. For a bug, the cause is only logged. */
export function asKnownError(error: unknown): DomainError | HttpError {
  if (error instanceof DomainError || error instanceof HttpError) return error
  if (error instanceof BindError && error.isText) return new HttpError(400, 'a text has a NUL or half of a surrogate pair in it', { cause: error })
  const { statusCode, message, code } = error as { statusCode?: number; message?: string; code?: string }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new HttpError(413, 'the request body is too large', { cause: error })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new HttpError(statusCode, message ?? 'bad request', { cause: error })
  return new HttpError(500, 'internal error', { cause: error })
}

/** The error for the caller: a refusal of a caller with an unknown key says so. */
export function refusalFor<E extends DomainError | HttpError>(error: E, caller: Pick<Context, 'actor'> | undefined): E | DomainError {
  return error instanceof DomainError && caller && hasUnknownKey(caller.actor) ? withUnknownKey(error) : error
}

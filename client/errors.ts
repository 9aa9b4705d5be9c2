import type { PlainRecord } from './record.ts'
import type { SyncReport } from './sync/report.ts'

/** What is known of the call that failed. */
export interface CkanErrorDetails {
  /** HTTP status of the answer; null when there was none. */
  status?: number | null
  /** Name of the action; null for `request`. */
  action?: string | null
  url?: string | null
  method?: string | null
  /** Requests made for this call, the first one included. */
  attempts?: number
  /** Text of the answer; cut to 2000 characters. */
  body?: string | null
  cause?: unknown
}

const BODY_CHARACTERS = 2000

/** Whatever this library throws for a call that was made. Wrong arguments are TypeErrors, an abort throws the signal's reason. */
export class CkanError extends Error {
  override readonly name: string = 'CkanError'
  /** Stable short word for the class, for logs and reports. */
  readonly code: string = 'CKAN'
  readonly status: number | null
  readonly action: string | null
  readonly url: string | null
  readonly method: string | null
  readonly attempts: number
  readonly body: string | null

  constructor(message: string, details: CkanErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.status = details.status ?? null
    this.action = details.action ?? null
    this.url = details.url ?? null
    this.method = details.method ?? null
    this.attempts = details.attempts ?? 0
    this.body = details.body?.slice(0, BODY_CHARACTERS) ?? null
  }

  /** Everything but the stack, for logs; the cause as text. */
  toJSON(): PlainRecord {
    const own: PlainRecord = Object.fromEntries(Object.entries(this))
    return { name: this.name, code: this.code, message: this.message, ...own, cause: this.cause === undefined ? null : String(this.cause) }
  }
}

/** The server understood the call and refused it: `success` was false. */
export class CkanApiError extends CkanError {
  override readonly name: string = 'CkanApiError'
  override readonly code: string = 'API'
  /** `error.__type` of the answer. */
  readonly type: string | null
  /** The whole `error` object of the answer. */
  readonly error: PlainRecord

  constructor(message: string, details: CkanErrorDetails & { error: PlainRecord }) {
    super(message, details)
    this.error = details.error
    this.type = typeof details.error['__type'] === 'string' ? details.error['__type'] : null
  }
}

/** The input breaks a rule of the server. */
export class CkanValidationError extends CkanApiError {
  override readonly name = 'CkanValidationError'
  override readonly code = 'VALIDATION'
  /** What the server said of each field, nested as the input is. */
  readonly errorDict: PlainRecord
  /** The same, flat: path of the field (`resources.1.url`) to messages. */
  readonly fields: Record<string, string[]>

  constructor(message: string, details: CkanErrorDetails & { error: PlainRecord; fields: Record<string, string[]> }) {
    super(message, details)
    const { __type: _type, ...errorDict } = details.error
    this.errorDict = errorDict
    this.fields = details.fields
  }
}

/** Why there is no such object: the server said so, or one was found that is not what was asked for. */
export type NotFoundReason = 'missing' | 'id-mismatch' | 'name-mismatch' | 'deleted' | 'forbidden'

/** No such object for this caller. */
export class CkanNotFoundError extends CkanApiError {
  override readonly name = 'CkanNotFoundError'
  override readonly code = 'NOT_FOUND'
  /** True when the server answered otherwise and this library decided. */
  readonly logical: boolean
  readonly reason: NotFoundReason

  constructor(message: string, details: CkanErrorDetails & { error: PlainRecord; reason?: NotFoundReason }) {
    super(message, details)
    this.reason = details.reason ?? 'missing'
    this.logical = this.reason !== 'missing'
  }
}

/** The caller may not do this. */
export class CkanNotAuthorizedError extends CkanApiError {
  override readonly name = 'CkanNotAuthorizedError'
  override readonly code = 'NOT_AUTHORIZED'
}

/** A query that cannot be run, or an index that failed. After a write the record may have been stored all the same. */
export class CkanSearchError extends CkanApiError {
  override readonly name = 'CkanSearchError'
  override readonly code = 'SEARCH'
}

/** An unknown action, or input that the server could not decode. */
export class CkanBadRequestError extends CkanError {
  override readonly name = 'CkanBadRequestError'
  override readonly code = 'BAD_REQUEST'
}

/** An HTTP status other than 2xx that did not come from the Action API: a proxy, a firewall, a crash. */
export class CkanHttpError extends CkanError {
  override readonly name: string = 'CkanHttpError'
  override readonly code: string = 'HTTP'
}

/** Still too many requests after the last attempt. */
export class CkanRateLimitError extends CkanHttpError {
  override readonly name = 'CkanRateLimitError'
  override readonly code = 'RATE_LIMITED'
  /** What the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | null

  constructor(message: string, details: CkanErrorDetails & { retryAfterMs: number | null }) {
    super(message, details)
    this.retryAfterMs = details.retryAfterMs
  }
}

/** Still 502, 503 or 504 after the last attempt. */
export class CkanUnavailableError extends CkanHttpError {
  override readonly name = 'CkanUnavailableError'
  override readonly code = 'UNAVAILABLE'
  /** What the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | null

  constructor(message: string, details: CkanErrorDetails & { retryAfterMs: number | null }) {
    super(message, details)
    this.retryAfterMs = details.retryAfterMs
  }
}

/** A 2xx answer that no CKAN gives, a result of the wrong type, or pages that do not advance. */
export class CkanProtocolError extends CkanError {
  override readonly name = 'CkanProtocolError'
  override readonly code = 'PROTOCOL'
}

/** The server sent the call elsewhere, and following would lose its body or leave its origin. */
export class CkanRedirectError extends CkanError {
  override readonly name = 'CkanRedirectError'
  override readonly code = 'REDIRECT'
  /** Absolute address of the target; null if the answer named none, or a browser hides it. */
  readonly location: string | null

  constructor(message: string, details: CkanErrorDetails & { location: string | null }) {
    super(message, details)
    this.location = details.location
  }
}

/** No complete answer within `timeoutMs`. */
export class CkanTimeoutError extends CkanError {
  override readonly name = 'CkanTimeoutError'
  override readonly code = 'TIMEOUT'
}

/** No connection, or one that broke. */
export class CkanNetworkError extends CkanError {
  override readonly name = 'CkanNetworkError'
  override readonly code = 'NETWORK'
}

/** One field that is not as it was sent. */
export interface Difference {
  field: string
  expected: unknown
  actual: unknown
}

/** The server stored something else than was sent. The write has happened. */
export class CkanMismatchError extends CkanError {
  override readonly name = 'CkanMismatchError'
  override readonly code = 'MISMATCH'
  readonly expected: unknown
  readonly actual: unknown
  readonly differences: Difference[]

  constructor(message: string, details: CkanErrorDetails & { expected: unknown; actual: unknown; differences: Difference[] }) {
    super(message, details)
    this.expected = details.expected
    this.actual = details.actual
    this.differences = details.differences
  }
}

/** Somebody else changed the record since it was read. Nothing was written. */
export class CkanConflictError extends CkanError {
  override readonly name = 'CkanConflictError'
  override readonly code = 'CONFLICT'
}

/** Why a synchronization ended before its work was done. */
export type SyncErrorCode =
  | 'EMPTY_SOURCE'
  | 'TOO_MANY_DELETES'
  | 'SOURCE_FAILED'
  | 'CATALOGUE_FAILED'
  | 'STATE_FAILED'
  | 'INVALID_DATA'
  | 'TOO_MANY_ERRORS'
  | 'ABORTED'

/** A synchronization ended before its work was done. Nothing that it was still to delete was deleted. */
export class CkanSyncError extends CkanError {
  override readonly name = 'CkanSyncError'
  override readonly code: SyncErrorCode
  /** What was done until then. */
  readonly report: SyncReport

  constructor(message: string, details: { code: SyncErrorCode; report: SyncReport; cause?: unknown }) {
    super(message, { cause: details.cause })
    this.code = details.code
    this.report = details.report
  }
}

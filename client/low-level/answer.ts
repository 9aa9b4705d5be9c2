import {
  CkanApiError,
  CkanBadRequestError,
  type CkanError,
  type CkanErrorDetails,
  CkanHttpError,
  CkanNotAuthorizedError,
  CkanNotFoundError,
  CkanProtocolError,
  CkanRateLimitError,
  CkanSearchError,
  CkanUnavailableError,
  CkanValidationError,
} from '../errors.ts'
import { isRecord, type PlainRecord } from '../record.ts'
import { flattenErrors } from './field-errors.ts'

/** A whole HTTP answer, and the call it belongs to. */
export interface Reply {
  status: number
  headers: Headers
  text: string
  /** The text as JSON, wrapped because null is a value; undefined if it is none. */
  json: { value: unknown } | undefined
  url: string
  method: string
  action: string | null
  attempts: number
  /** The key that was sent: servers may echo it, errors must not. */
  secret: string | null
}

const MASK = '*****'
const SNIPPET_CHARACTERS = 200

/** The value of a JSON text; undefined if it is not JSON. */
export function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** Whether the status says success. */
export const isSuccess = (status: number) => status >= 200 && status < 300

/** The `result` of an action's answer.
 * @throws CkanError: by the error's `__type` first, then by status, then because it is no CKAN answer.
 */
export function parseResult(reply: Reply): unknown {
  if (!isSuccess(reply.status)) throw errorOf(reply)
  if (!reply.json) throw protocolError(reply, 'the answer is not JSON')
  const { value } = reply.json
  const refused = refusal(reply, value)
  if (refused) throw refused
  if (!isRecord(value) || value['success'] !== true || !Object.hasOwn(value, 'result')) throw protocolError(reply, 'the answer is not that of a CKAN')
  return value['result']
}

/** The error that an answer with a status other than 2xx means. */
export function errorOf(reply: Reply): CkanError {
  const { json } = reply
  const refused = json && refusal(reply, json.value)
  if (refused) return refused
  const details = detailsOf(reply)
  if (reply.status === 400 && typeof json?.value === 'string') return new CkanBadRequestError(label(reply) + mask(json.value, reply.secret), details)
  const message = `${label(reply)}HTTP status ${reply.status}: ${snippet(details.body ?? '')}`
  if (reply.status === 429) return new CkanRateLimitError(message, { ...details, retryAfterMs: retryAfterMs(reply.headers) })
  if (isUnavailable(reply.status)) return new CkanUnavailableError(message, { ...details, retryAfterMs: retryAfterMs(reply.headers) })
  return new CkanHttpError(message, details)
}

/** The answer came, but it is not what a CKAN gives. */
export function protocolError(reply: Reply, what: string): CkanProtocolError {
  const details = detailsOf(reply)
  return new CkanProtocolError(`${label(reply)}${what}: ${snippet(details.body ?? '')}`, details)
}

/** Whether a gateway or the server itself says that it cannot answer now. */
export const isUnavailable = (status: number) => status === 502 || status === 503 || status === 504

/** Milliseconds of a Retry-After header (seconds or an HTTP date; a past date is 0); null if there is none that can be read. */
export function retryAfterMs(headers: Headers): number | null {
  const text = headers.get('retry-after')?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now())
}

/** What an error tells of a call, without its key. */
function detailsOf(reply: Reply): CkanErrorDetails {
  const { status, action, method, attempts, secret } = reply
  return { status, action, url: mask(reply.url, secret), method, attempts, body: mask(reply.text, secret) }
}

/** Replaces the key wherever it stands in a text, also as JSON writes it. */
export function mask(text: string, secret: string | null): string {
  if (!secret) return text
  return text.replaceAll(secret, MASK).replaceAll(JSON.stringify(secret).slice(1, -1), MASK)
}

/** The error of an answer with `success: false` and an error object; undefined for any other answer. */
function refusal(reply: Reply, value: unknown): CkanApiError | undefined {
  if (!isRecord(value) || value['success'] !== false || !isRecord(value['error'])) return undefined
  const type = value['error']['__type']
  const known = typeof type === 'string' && Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type] : undefined
  // A gateway that speaks JSON: what it asks to wait is worth more than its unknown type.
  if (!known && (reply.status === 429 || isUnavailable(reply.status))) return undefined
  const error = maskValues(value['error'], reply.secret)
  return (known ?? otherRefusal)(reply, error)
}

const BY_TYPE: Record<string, (reply: Reply, error: PlainRecord) => CkanApiError> = {
  'Validation Error': validationError,
  'Not Found Error': (reply, error) => new CkanNotFoundError(label(reply) + messageOf(error), { ...detailsOf(reply), error }),
  'Authorization Error': (reply, error) => new CkanNotAuthorizedError(label(reply) + messageOf(error), { ...detailsOf(reply), error }),
  'Search Query Error': searchError,
  'Search Error': searchError,
  'Search Index Error': searchError,
}

function validationError(reply: Reply, error: PlainRecord): CkanValidationError {
  const { __type: _type, ...rest } = error
  const fields = flattenErrors(rest)
  const faults = Object.entries(fields).map(([field, messages]) => `${field}: ${messages.join(', ')}`)
  return new CkanValidationError(`${label(reply)}not valid: ${faults.join('; ')}`, { ...detailsOf(reply), error, fields })
}

function searchError(reply: Reply, error: PlainRecord): CkanSearchError {
  return new CkanSearchError(label(reply) + messageOf(error), { ...detailsOf(reply), error })
}

function otherRefusal(reply: Reply, error: PlainRecord): CkanApiError {
  return new CkanApiError(label(reply) + messageOf(error), { ...detailsOf(reply), error })
}

/** How messages begin: the action, or method and path. */
export function label(call: { action: string | null; method: string; url: string | URL }): string {
  return `${call.action ?? `${call.method} ${new URL(call.url).pathname}`}: `
}

function messageOf(error: PlainRecord): string {
  const { message } = error
  return typeof message === 'string' && message !== '' ? message : JSON.stringify(error)
}

function snippet(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > SNIPPET_CHARACTERS ? `${line.slice(0, SNIPPET_CHARACTERS)}…` : line || '(empty)'
}

/** A copy of an error object in which no text holds the key. */
function maskValues(error: PlainRecord, secret: string | null): PlainRecord {
  if (!secret) return error
  const copy: unknown = JSON.parse(JSON.stringify(error, (_key, value) => (typeof value === 'string' ? mask(value, secret) : value)))
  return isRecord(copy) ? copy : {}
}

import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import { isObject } from '../../../base/json.ts'
import type { Input } from '../../../catalogue/field-reader.ts'
import { parseJsonExactly } from '../../server/body.ts'
import { HttpError } from '../../server/errors.ts'
import { decodePlus, parseForm, queryOf } from '../../server/query-string.ts'

/** The text of a 400 for a body that is no JSON object. */
const jsonError = (reason: string) => new HttpError(400, `Bad request - JSON Error: ${reason}`)

/**
 * Reads the parameters of an action from a body of any content type: JSON, JSON labelled as a form (as `curl -d` sends it), JSON as the
 * name of a form field, or a form. Throws `HttpError` 400 when it has no object or is not UTF-8, 413 when it nests too deep.
 */
export async function decodeBody(body: Buffer): Promise<Input> {
  if (body.length === 0) throw jsonError('there is no body; send at least {}')
  const value = await firstJson(body)
  if (isObject(value)) return value
  if (value !== undefined) throw jsonError('the body must be an object')
  return decodeForm(body)
}

/** How JSON other than true, false and null begins, also in a form. Other bodies skip the parsing as JSON, which is slow for megabytes. */
const jsonStart = /^(?:[\s\ufeff+]|%20|%0[9AD])*(?:[{["\d-]|%[57]B|%22)/i

/** The first reading of the body that is JSON. */
async function firstJson(body: Buffer): Promise<unknown> {
  const text = body.toString('utf8')
  const isCandidate = jsonStart.test(text)
  const whole = isCandidate ? await tryJson(body) : undefined
  if (whole !== undefined) return whole
  // Invalid UTF-8 would be stored as other characters.
  if (!isUtf8(body)) throw jsonError('the body is not UTF-8')
  if (!isCandidate) return undefined
  const key = text.split('&', 1)[0]?.split('=', 1)[0] ?? ''
  const readings = [() => text.replace(/=1?$/, ''), () => decodeField(Buffer.from(key)), () => decodeField(body)]
  for (const reading of readings) {
    const read = reading()
    const value = read === undefined ? undefined : await tryJson(Buffer.from(read))
    if (value !== undefined) return value
  }
  return undefined
}

/** Returns undefined for a text that is not JSON. */
async function tryJson(bytes: Buffer): Promise<unknown> {
  try {
    return await parseJsonExactly(bytes)
  } catch (error) {
    if (error instanceof HttpError && error.status === 400) return undefined
    throw error
  }
}

/** `+` to blank, `%XX` to bytes; undefined when the bytes are not UTF-8. */
function decodeField(bytes: Buffer): string | undefined {
  try {
    return decodeURIComponent(decodePlus(bytes))
  } catch {
    return undefined
  }
}

/** The fields of a form are the parameters, if there are several fields or one with a value. */
function decodeForm(body: Buffer): Input {
  const fields = parseForm(body)
  const [only] = fields
  if (!body.includes('=') || (fields.length === 1 && (only?.[1] === '' || only?.[1] === '1'))) throw jsonError('the body is not JSON')
  return collectFields(fields)
}

/** Fields as parameters; a repeated one is a list. */
export function collectFields(fields: Iterable<readonly [string, string]>): Input {
  const collected = new Map<string, string | string[]>()
  for (const [name, value] of fields) {
    const known = collected.get(name)
    if (known === undefined) collected.set(name, value)
    else if (typeof known === 'string') collected.set(name, [known, value])
    else known.push(value)
  }
  return Object.fromEntries(collected)
}

/** Parameters of the query string; `callback` is not one. */
function queryParameters(request: FastifyRequest): Input {
  if (!request.url.includes('?')) return {}
  return collectFields([...queryOf(request.url)].filter(([name]) => name !== 'callback'))
}

const bodyOf = (request: FastifyRequest): Buffer => (Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))

/** How to read the parameters of a call. */
export interface CallRules {
  readonly effect: 'read' | 'write'
  /** Whether a read action may be called without any body; the contract of 2011 requires at least an empty object. */
  readonly mayBeEmpty: boolean
}

/**
 * All parameters of a call. Read actions also take the query string, by GET and by POST, where it wins over the body.
 * Throws `HttpError` 400 and 413.
 */
export async function readCall(request: FastifyRequest, { effect, mayBeEmpty }: CallRules): Promise<Input> {
  if (request.method === 'GET' || request.method === 'HEAD') return queryParameters(request)
  const body = bodyOf(request)
  if (effect === 'write') return decodeBody(body)
  if (!request.url.includes('?')) return body.length === 0 && mayBeEmpty ? {} : decodeBody(body)
  const query = queryParameters(request)
  const isQueryOnly = body.length === 0 && (mayBeEmpty || Object.keys(query).length > 0)
  return isQueryOnly ? query : merged(await decodeBody(body), query)
}

const merged = (one: Input, other: Input): Input => Object.fromEntries([...Object.entries(one), ...Object.entries(other)])

import { mkdirSync } from 'node:fs'
import { format } from 'node:util'
import { bareMediaType } from '../../base/media-type.ts'
import type { JobFailure, LogEntry, LogLevel, Progress } from '../job.ts'
import {
  type Catalog,
  CatalogError,
  type InputSchema,
  isRaw,
  type JobContext,
  type JobDefinition,
  JobError,
  type LogLine,
  type Raw,
} from './define.ts'
import type { StandardIssue, StandardSchemaV1 } from './standard-schema.ts'

/** What a function is run with. Texts are JSON; null: not sent. */
export interface Call {
  readonly jobId: string
  readonly jobType: string
  readonly attempt: number
  readonly data: string | null
  readonly metadata: string | null
  readonly apiKey: string | null
  readonly resultUrl: string | null
  readonly prepared: string | null
  readonly folder: string
}

/** Where the lines and the progress of a running function go. */
export interface CallEvents {
  log(entry: LogEntry): void
  progress(progress: Progress): void
}

/** What a function works with besides its call. */
export interface CallTools {
  readonly events: CallEvents
  readonly signal: AbortSignal
  readonly catalog: Catalog
}

/** What came out of it. `json` null: nothing was returned. */
export type Ran =
  | { readonly kind: 'value'; readonly json: string | null }
  | { readonly kind: 'raw'; readonly raw: Raw; readonly mediaType: string | null }
  | { readonly kind: 'failed'; readonly failure: JobFailure }

/** The clock as it was before any function could replace it: libraries that test with false times do. */
export const { now } = Date

const parse = (json: string | null): unknown => (json === null ? undefined : JSON.parse(json))

/** Runs a described function in this very process. Never throws: whatever the function does is a result. */
export async function runDefinition(definition: JobDefinition, call: Call, { events, signal, catalog }: CallTools): Promise<Ran> {
  try {
    const { options } = definition
    const input = inputOf(call)
    const data = await check(options.input, input['data'], 'data')
    const metadata = await check(options.metadata, input['metadata'] ?? {}, 'metadata')
    const value = await options.run(Object.assign(contextOf(call, events), { data, metadata, input, signal, catalog }))
    if (isRaw(value)) return { kind: 'raw', raw: value, mediaType: ownMediaType(input['metadata']) ?? bareMediaType(value.mimetype) ?? null }
    return { kind: 'value', json: toJson(value) }
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error) }
  }
}

/** The body as it was submitted: only what was sent is there. */
function inputOf(call: Call): Record<string, unknown> {
  const parts = { job_type: call.jobType, api_key: parse(call.apiKey), data: parse(call.data), metadata: parse(call.metadata) }
  const sent = Object.entries({ ...parts, result_url: call.resultUrl ?? undefined }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(sent)
}

function ownMediaType(metadata: unknown): string | undefined {
  return typeof metadata === 'object' && metadata !== null && Object.hasOwn(metadata, 'mimetype')
    ? bareMediaType(Reflect.get(metadata, 'mimetype'))
    : undefined
}

type Settled = 'data' | 'metadata' | 'input' | 'signal' | 'catalog'

function contextOf(call: Call, events: CallEvents): Omit<JobContext, Settled> {
  const line =
    (level: LogLevel): LogLine =>
    (message, ...values) =>
      events.log({ at: now(), level, message: format(message, ...values), func: null, line: null })
  return {
    jobId: call.jobId,
    jobType: call.jobType,
    attempt: call.attempt,
    apiKey: parse(call.apiKey),
    resultUrl: call.resultUrl ?? undefined,
    log: { debug: line('DEBUG'), info: line('INFO'), warn: line('WARNING'), error: line('ERROR') },
    progress: (fraction, message) =>
      events.progress({ fraction: Math.min(1, Math.max(0, Number(fraction) || 0)), message: message === undefined ? null : String(message) }),
    get folder() {
      mkdirSync(call.folder, { recursive: true })
      return call.folder
    },
    prepared: parse(call.prepared),
  }
}

/** Throws for what JSON would drop in silence. */
const refuse = (key: string, value: unknown): unknown => {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`the result holds a ${typeof value}${key && ` at ${key}`}`)
  return value
}

function toJson(value: unknown): string | null {
  return value === undefined ? null : (JSON.stringify(value, refuse) ?? null)
}

/** How whatever a function threw is told. */
export function failureOf(error: unknown): JobFailure {
  if (error instanceof CatalogError && error.code === 'unavailable') return { class: 'system', reason: 'unavailable', message: error.message }
  if (error instanceof JobError)
    return { class: 'job', reason: 'job_error', message: String(error.message), details: detailsOf(error), stack: error.stack }
  if (error instanceof InvalidInput) return { class: 'data', reason: 'invalid_input', message: error.message, details: { details: error.issues } }
  if (error instanceof Error) return { class: 'job', reason: 'exception', message: `${error.name}: ${error.message}`, stack: error.stack }
  return { class: 'job', reason: 'exception', message: format(error).slice(0, 2000) }
}

/** What stands beside the message; what a function without types has put there, wrapped. */
function detailsOf({ details }: JobError): Record<string, unknown> | undefined {
  const given: unknown = details
  return given === undefined || (typeof given === 'object' && given !== null && !Array.isArray(given))
    ? (given as Record<string, unknown> | undefined)
    : { details: given }
}

interface Issue {
  readonly path: string
  readonly message: string
}

class InvalidInput extends Error {
  readonly issues: readonly Issue[]

  constructor(what: string, issues: readonly Issue[]) {
    const [first] = issues
    super(`${what} is not valid${first ? `: ${first.path && `${first.path}: `}${first.message}` : ''}`)
    this.issues = issues
  }
}

const isStandard = (schema: InputSchema): schema is StandardSchemaV1 => '~standard' in schema

/** The value as the schema hands it back. Throws `InvalidInput`. */
async function check(schema: InputSchema | undefined, value: unknown, what: string): Promise<unknown> {
  if (!schema) return value
  if (!isStandard(schema)) return checkJsonSchema(schema, value, what)
  const result = await schema['~standard'].validate(value)
  if (result.issues) throw new InvalidInput(what, result.issues.map(toIssue))
  return result.value
}

const toIssue = ({ message, path = [] }: StandardIssue): Issue => ({
  path: path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
  message,
})

async function checkJsonSchema(schema: object, value: unknown, what: string): Promise<unknown> {
  // Most functions have no such schema, and their child process is spared the import.
  const { Errors } = await import('typebox/schema')
  const [, errors] = Errors(schema, value === undefined ? null : value)
  if (errors.length === 0) return value
  throw new InvalidInput(
    what,
    errors.map(({ instancePath, message }) => ({ path: instancePath.slice(1).replaceAll('/', '.'), message })),
  )
}

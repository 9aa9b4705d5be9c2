import type { XStatic } from 'typebox/schema'
import type { ErrorCode, FieldErrors } from '../../base/errors.ts'
import { type FunctionOptions, functionSettings } from '../../job-types/function-settings.ts'

/** An expected failure of a job: its message is the job's error, `details` stand beside it. Not tried again. */
export class JobError extends Error {
  override readonly name = 'JobError'
  readonly details: Readonly<Record<string, unknown>>

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.details = details
  }
}

/** What went wrong when an action of the catalogue was called. Not caught, it is the job's error; only `unavailable` is tried again. */
export class CatalogError extends JobError {
  readonly code: ErrorCode | 'internal'
  /** For `invalid`: what is wrong with which parameter. */
  readonly fields: FieldErrors | undefined

  constructor(code: CatalogError['code'], message: string, fields?: FieldErrors) {
    super(message, fields ? { code, fields } : { code })
    this.code = code
    this.fields = fields
  }
}

/** The catalogue of this very hub, as the job's owner sees it; as anybody sees it when the job has none. */
export interface Catalog {
  /**
   * Runs an action as `POST /api/3/action/NAME` would, and hands back its `result`. Throws a `CatalogError`. At most eight calls of
   * a job are under way at once, the others wait.
   */
  action<Result = unknown>(name: string, input?: Readonly<Record<string, unknown>>): Promise<Result>
}

const rawMark = Symbol.for('millrace.raw')

/** Bytes as they are, as the result of a job. */
export interface Raw {
  readonly [rawMark]: true
  readonly body: RawBody
  readonly mimetype: string | undefined
}

export type RawBody = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>

/**
 * Hands back bytes instead of a value. The type shown is the job's `metadata.mimetype`, else `mimetype`, else
 * `application/octet-stream`.
 */
export function raw(body: RawBody, options: { mimetype?: string } = {}): Raw {
  return { [rawMark]: true, body, mimetype: options.mimetype }
}

export const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null && rawMark in value

/** A line for the job's log; `%s`, `%d` and `%j` take the values behind. */
export type LogLine = (message: string, ...values: unknown[]) => void

/** What a function is called with. */
export interface JobContext<Data = unknown, Metadata = unknown> {
  readonly jobId: string
  readonly jobType: string
  /** This try's number, from 1. A job may run more than once: make what it does repeatable. */
  readonly attempt: number
  readonly data: Data
  /** An empty object when none was sent. */
  readonly metadata: Metadata
  /** As it was sent; usually a text. */
  readonly apiKey: unknown
  readonly resultUrl: string | undefined
  readonly log: { readonly debug: LogLine; readonly info: LogLine; readonly warn: LogLine; readonly error: LogLine }
  /** Aborted when the job is cancelled or deleted, runs out of time, or the hub stops. */
  readonly signal: AbortSignal
  /** Says how far the job is, from 0 to 1. */
  progress(fraction: number, message?: string): void
  /** The hub's own actions. */
  readonly catalog: Catalog
  /** The body as it was submitted. */
  readonly input: Readonly<Record<string, unknown>>
  /** An empty folder of this attempt, removed afterwards. */
  readonly folder: string
  /** What the type's preparation has left for the function; hub's own types only. */
  readonly prepared: unknown
}

/** What checks `data` or `metadata`: any Standard Schema validator, or a JSON Schema object (TypeBox makes those). */
export type InputSchema = object

/** The type of what a schema lets through. */
export type Checked<Schema> = Schema extends { readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined } }
  ? Output
  : Schema extends object
    ? XStatic<unknown, Schema>
    : unknown

export interface JobOptions<Data = unknown, Metadata = unknown> extends FunctionOptions {
  readonly input?: InputSchema
  readonly metadata?: InputSchema
  run(ctx: JobContext<Data, Metadata>): unknown
}

/** A described function, ready to be registered. */
export interface JobDefinition {
  readonly isJobDefinition: true
  readonly options: JobOptions
}

/** Describes a function that is run as a job. Only describes: registering it is the hub's business. Throws for a bad option. */
export function defineJob<const Input extends InputSchema = object, const Metadata extends InputSchema = object>(
  options: JobOptions<Checked<Input>, Checked<Metadata>> & { readonly input?: Input; readonly metadata?: Metadata },
): JobDefinition {
  functionSettings(options)
  return { isJobDefinition: true, options: options as JobOptions }
}

export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && 'isJobDefinition' in value
}

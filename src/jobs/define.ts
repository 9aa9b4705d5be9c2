import { type FunctionOptions, functionSettings } from '../job-types/function-settings.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'

/** An expected failure of a job: its message is the job's error, `details` stand beside it. Not tried again. */
export class JobError extends Error {
  override readonly name = 'JobError'
  readonly details: Readonly<Record<string, unknown>>

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.details = details
  }
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
  readonly metadata: Metadata
  /** As it was sent; usually a text. */
  readonly apiKey: unknown
  readonly resultUrl: string | undefined
  readonly log: { readonly debug: LogLine; readonly info: LogLine; readonly warn: LogLine; readonly error: LogLine }
  /** Aborted when the job is cancelled or deleted, runs out of time, or the hub stops. */
  readonly signal: AbortSignal
  /** Says how far the job is, from 0 to 1. */
  progress(fraction: number, message?: string): void
  /** The body as it was submitted. */
  readonly input: Readonly<Record<string, unknown>>
  /** An empty folder of this attempt, removed afterwards. */
  readonly folder: string
  /** What the type's preparation has left for the function; hub's own types only. */
  readonly prepared: unknown
}

/** A schema for `data` or `metadata`: any Standard Schema validator, or a JSON Schema object (TypeBox makes those). */
export type InputSchema<T> = StandardSchemaV1<unknown, T> | object

export interface JobOptions<Data, Metadata> extends FunctionOptions {
  readonly title?: string
  readonly input?: InputSchema<Data>
  readonly metadata?: InputSchema<Metadata>
  run(ctx: JobContext<Data, Metadata>): unknown
}

/** A described function, ready to be registered. */
export interface JobDefinition {
  readonly isJobDefinition: true
  readonly options: JobOptions<unknown, unknown>
}

/** Describes a function that is run as a job. Only describes: registering it is the hub's business. Throws for a bad option. */
export function defineJob<Data = unknown, Metadata = unknown>(options: JobOptions<Data, Metadata>): JobDefinition {
  functionSettings(options)
  return { isJobDefinition: true, options: options as JobOptions<unknown, unknown> }
}

export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && 'isJobDefinition' in value
}

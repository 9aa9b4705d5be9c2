import type { ErrorCode, FieldErrors } from '../base/errors.ts'
import type { JobFailure, LogEntry, Progress } from './job.ts'

/** What an executor carries out: one try of one job. */
export interface Attempt {
  readonly jobId: string
  readonly jobType: string
  /** From 1. */
  readonly attempt: number
  /** URL of the module, and the export made by `defineJob`. */
  readonly module: string
  readonly exportName: string
  /** JSON texts; null: none was sent. */
  readonly data: JsonSource | null
  readonly metadata: string | null
  /** JSON text: the key may have been sent as a number. */
  readonly apiKey: string | null
  readonly resultUrl: string | null
  /** JSON text of what the type's `prepare` returned. */
  readonly prepared: string | null
  /** A folder of this attempt, for what is too large to be told. Whoever needs it first makes it. */
  readonly folder: string
}

/** JSON that is at hand, or in a local file. */
export type JsonSource = { readonly json: string } | { readonly path: string }

/** What an attempt tells while it runs. */
export interface AttemptEvents {
  /** False from `log` means: hold back until `drained` resolves. */
  log(entry: LogEntry): void
  progress(progress: Progress): void
  /** Resolves when the listener can take more. */
  drained(): Promise<void> | undefined
  /** Runs an action of the catalogue as the job's owner. `input` is JSON. Never rejects. */
  call(action: string, input: string): Promise<CatalogAnswer>
}

/** What an action of the catalogue came to: the JSON text of its result, or why there is none. */
export type CatalogAnswer = { readonly json: string } | { readonly error: CatalogFault }

export interface CatalogFault {
  readonly code: ErrorCode | 'internal'
  readonly message: string
  readonly fields?: FieldErrors | undefined
}

/** How an attempt ended. A file belongs to the attempt's folder. */
export type AttemptResult =
  | { readonly kind: 'value'; readonly value: JsonSource | null }
  | { readonly kind: 'raw'; readonly path: string; readonly mediaType: string | null }
  | { readonly kind: 'failed'; readonly failure: JobFailure }
  /** The signal ended it. */
  | { readonly kind: 'aborted' }

/**
 * Carries out attempts. Never rejects for what the attempt does: that is a result. After an abort it asks the attempt to end,
 * waits for the grace time, then kills; it resolves when nothing of the attempt runs any more.
 */
export interface Executor {
  run(attempt: Attempt, events: AttemptEvents, signal: AbortSignal): Promise<AttemptResult>
  /** Kills whatever still runs and frees everything. */
  close(): Promise<void>
}

/** Why an attempt is aborted: the `reason` of its signal. */
export type AbortReason = 'cancelled' | 'timeout' | 'shutdown' | 'lost'

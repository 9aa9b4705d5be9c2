import type { ErrorCode, FieldErrors } from '../base/errors.ts'
import type { JobConfiguration } from '../job-types/configuration.ts'
import type { SeedManifest } from '../job-types/manifest/schema.ts'
import type { JobFailure, LogEntry, Progress } from './job.ts'

/** A function in a module, which a child process imports. */
export interface FunctionProgram {
  readonly kind: 'function'
  /** URL of the module, and the export that `defineJob` made. */
  readonly module: string
  readonly exportName: string
}

/** How a Seed job was registered, in the revision that the job belongs to. */
interface SeedProgram {
  readonly manifest: SeedManifest
  readonly configuration: JobConfiguration
}

/** An image that a container engine runs. */
export interface ContainerProgram extends SeedProgram {
  readonly kind: 'container'
  readonly image: string
}

/** A command of the machine that a sysadmin has allowed. */
export interface ProcessProgram extends SeedProgram {
  readonly kind: 'process'
  readonly command: string
}

/** What is run. Its kind says which executor runs it. */
export type Program = FunctionProgram | ContainerProgram | ProcessProgram
export type ProgramKind = Program['kind']

/** One try of one job, as every executor gets it. */
interface AttemptCore {
  readonly jobId: string
  readonly jobType: string
  /** The number of the try, from 1. */
  readonly attempt: number
  /** A folder of this attempt, for its inputs and outputs. It does not exist until it is needed; the worker removes it afterwards. */
  readonly folder: string
  readonly limits: AttemptLimits
  readonly inputs: AttemptInputs
}

/** The worker keeps these limits by its own timer and aborts the attempt; an executor may keep them as well. */
export interface AttemptLimits {
  readonly timeoutMs: number
}

/** What was submitted. Texts are JSON, but for `resultUrl`; null: not sent. */
export interface AttemptInputs {
  readonly data: JsonSource | null
  readonly metadata: string | null
  /** The key may have been sent as a number. */
  readonly apiKey: string | null
  readonly resultUrl: string | null
  /** What the type's `prepare` returned. */
  readonly prepared: string | null
}

/** What an executor of a kind of program runs. */
export type AttemptOf<K extends ProgramKind> = AttemptCore & Extract<Program, { readonly kind: K }>
export type Attempt = AttemptOf<'function'> | AttemptOf<'container'> | AttemptOf<'process'>

/** JSON that is at hand, or in a local file. */
export type JsonSource = { readonly json: string } | { readonly path: string }

/** What an attempt sends while it runs. */
export interface AttemptEvents {
  log(entry: LogEntry): void
  progress(progress: Progress): void
  /** A promise while too many lines are not stored yet: the executor reads no more from the attempt until it resolves. */
  drained(): Promise<void> | undefined
  /** Runs an action of the catalogue as the job's owner. `input` is JSON. Never rejects. */
  call(action: string, input: string): Promise<CatalogAnswer>
}

/** The answer to an action of the catalogue: the JSON text of its result, or the error. */
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
 * Runs attempts of one kind of program. `executors/testing/contract.ts` tests what is promised here.
 */
export interface Executor<K extends ProgramKind = ProgramKind> {
  /**
   * Runs an attempt. Never rejects for what the attempt does: that is a result. After an abort it asks the attempt to end, waits for the grace
   * time, then kills it. Resolves when nothing of the attempt runs any more.
   */
  run(attempt: AttemptOf<K>, events: AttemptEvents, signal: AbortSignal): Promise<AttemptResult>
  /** Kills whatever still runs and frees everything. Attempts that come later are aborted. */
  close(): Promise<void>
}

/** The executors of a process, by the kind of program that they run. Programs of other kinds cannot be run there. */
export type Executors = { readonly [K in ProgramKind]?: Executor<K> }

/** The kinds of programs that these executors run. */
export const programKinds = (executors: Executors): ProgramKind[] =>
  (['function', 'container', 'process'] as const).filter((kind) => executors[kind] !== undefined)

/** Why an attempt is aborted: the `reason` of its signal. */
export type AbortReason = 'cancelled' | 'timeout' | 'shutdown' | 'lost'

import type { FileStore } from '../store/files/file-store.ts'
import type { Write } from '../store/store.ts'
import type { RetryPolicy } from './backoff.ts'
import type { ClaimedJob, JobFailure, JobKind, Outcome, Pool, Progress, Result } from './job.ts'
import type { Schedule } from './schedules/schedule.ts'

/** What a type's `prepare` and `adopt` work with: they run in the worker process, before and after the child, outside of any write. */
export interface AttemptScene {
  readonly job: ClaimedJob
  /** Parsed `data` of the job; undefined when none was sent. */
  readonly data: unknown
  /** An empty folder of this attempt, from which `FileStore.adopt` is a rename; removed when the attempt is over. */
  readonly folder: string
  readonly files: FileStore
  /** Aborted on cancel, time-out, shutdown, lost claim; `reason` tells which. */
  readonly signal: AbortSignal
  readonly log: AttemptLogger
}

/** Lines for the job's log. */
export type AttemptLogger = (level: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR', message: string) => void

/**
 * Everything the engine has to know about a type of job. Functions are described by `defineJob`, inner types by their room.
 *
 * Hooks that get a `Write` run in the very commit that changes the job, before the job's row is touched, so that rows are locked
 * in the order of the store (dataset, group, flow, job). They may call `enqueueJob`. What they throw undoes that commit.
 */
export interface JobType {
  readonly name: string
  readonly title: string | undefined
  readonly kind: JobKind
  readonly mode: 'sync' | 'async'
  /** Whether anybody may submit it by name, and sees it in the list of types. */
  readonly isPublic: boolean
  /** URL of the module that the child process imports, and the export that `defineJob` made. */
  readonly module: string
  readonly exportName: string
  readonly pool: Pool
  /** Smaller runs first. */
  readonly priority: number
  /** Of one attempt, `prepare` and `adopt` included. */
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  /** Attempts of this type that all processes together run at once; undefined: as many as there are slots. */
  readonly concurrency?: number | undefined
  /** When it is run without being asked for. */
  readonly schedule?: Schedule | undefined
  /** Fetches what the function needs into the folder; what it returns (JSON) is the function's `ctx.prepared`. */
  prepare?(scene: AttemptScene): Promise<unknown>
  /** Takes over what the function left in the folder; what it returns (JSON) replaces the function's value. */
  adopt?(scene: AttemptScene, value: unknown): Promise<unknown>
  /** In a commit of its own right after the claim, before anything runs. */
  started?(write: Write, job: ClaimedJob): Promise<void>
  /** In the commit that stores the progress. */
  progressed?(write: Write, job: ClaimedJob, progress: Progress): Promise<void>
  /** In the commit that ends the job, whoever ends it: its worker, a cancel, a sweep. Not called when it is tried again. */
  settled?(write: Write, job: SettledJob, outcome: Outcome): Promise<void>
}

/** Thrown by `prepare` and `adopt` to say who is to blame, and so whether another try is worth it. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError'
  readonly failure: JobFailure

  constructor(failure: JobFailure) {
    super(failure.message)
    this.failure = failure
  }
}

/** The job that a `settled` hook is told of; `resultValue` parses a JSON result that is in the row. */
export type SettledJob = Pick<ClaimedJob, 'seq' | 'id' | 'type' | 'subject' | 'userId' | 'data'>

/** The value of a JSON result as `settled` gets it. Undefined for bytes, and for what is too large for a row. */
export const resultValue = (result: Result): unknown => (result.json === null ? undefined : JSON.parse(result.json))

import type { JobType } from '../job-types/job-type.ts'
import type { FileStore } from '../store/files/file-store.ts'
import type { Write } from '../store/store.ts'
import type { RetryPolicy } from './backoff.ts'
import type { Program } from './executor.ts'
import type { ClaimedJob, JobFailure, Outcome, Pool, Progress, Result } from './job.ts'
import type { Schedule } from './schedules/schedule.ts'

/** What a type's `prepare` and `adopt` work with: they run in the worker process, before and after the child, outside of any write. */
export interface AttemptScene {
  readonly job: ClaimedJob
  /** Parsed `data` of the job; undefined when none was sent. */
  readonly data: unknown
  /** An empty folder of this attempt, from which `FileStore.adopt` is a rename; removed when the attempt is over. */
  readonly folder: string
  readonly files: FileStore
  /** Aborted on cancel, time-out, shutdown, lost claim; its `reason` is the `AbortReason`. */
  readonly signal: AbortSignal
  readonly log: AttemptLogger
}

/** Lines for the job's log. */
export type AttemptLogger = (level: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR', message: string) => void

/**
 * A job type with what a worker needs to run its jobs. Functions are described by `defineJob`, pipelines by their room, registered containers by
 * their rows in the registry.
 *
 * Hooks that get a `Write` run in the very commit that changes the job, before the job's row is touched, so that rows are locked
 * in the order of the store (dataset, group, flow, job). They may call `enqueueJob`. What they throw undoes that commit.
 */
export interface RunnableType extends Pick<JobType, 'version' | 'revisionNum' | 'kind' | 'mode' | 'priority'> {
  /** What its jobs carry as their type: `queueOf` the job type. */
  readonly name: string
  readonly title: string | undefined
  /** Whether anybody may submit it by name, and sees it in the list of types. */
  readonly isPublic: boolean
  /** What an executor runs. */
  readonly program: Program
  readonly pool: Pool
  /** Of one attempt, `prepare` and `adopt` included. */
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  /** Attempts of this type that all processes together run at once; undefined: as many as there are slots. */
  readonly concurrency?: number | undefined
  /** When it is run without a submission. */
  readonly schedule?: Schedule | undefined
  /** Fetches what the function needs into the folder; what it returns (JSON) is the function's `ctx.prepared`. */
  prepare?(scene: AttemptScene): Promise<unknown>
  /** Takes over what the function left in the folder; what it returns (JSON) replaces the function's value. */
  adopt?(scene: AttemptScene, value: unknown): Promise<unknown>
  /** In a commit of its own right after the claim, before anything runs. */
  started?(write: Write, job: ClaimedJob): Promise<void>
  /** In the commit that stores the progress. */
  progressed?(write: Write, job: ClaimedJob, progress: Progress): Promise<void>
  /** In the commit that ends the job, by its worker, a cancel or a sweep. Not called when it is tried again. */
  settled?(write: Write, job: SettledJob, outcome: Outcome): Promise<void>
}

/** Thrown by `prepare` and `adopt`: the class of the failure decides whether the job is tried again. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError'
  readonly failure: JobFailure

  constructor(failure: JobFailure) {
    super(failure.message)
    this.failure = failure
  }
}

/** The job that a `settled` hook gets; `resultValue` parses a JSON result that is in the row. */
export type SettledJob = Pick<ClaimedJob, 'seq' | 'id' | 'type' | 'subject' | 'userId' | 'data'>

/** The value of a JSON result as `settled` gets it. Undefined for bytes, and for what is too large for a row. */
export const resultValue = (result: Result): unknown => (result.json === null ? undefined : JSON.parse(result.json))

import type { JobKind } from '../job-types/job-type.ts'

/** The state of whatever runs: of jobs, of pipelines, of flows. The last three are final: nothing leaves them. */
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** Why a queued job waits: for a slot only, for the limit of its type, for the end of a pause of its type, for its time. */
export type Lane = 'free' | 'limited' | 'paused' | 'delayed'

/** Which slots a type's attempts take: long work never takes the slots that a caller waits for. */
export type Pool = 'work' | 'sync'
export const pools: readonly Pool[] = ['work', 'sync']

/** Who is to blame: the input, the job's own code, or the machinery. Only the last is tried again unless the type says more. */
export type ErrorClass = 'data' | 'job' | 'system'

/** A JSON text in the row, or the digest of a file that holds it. */
export interface Body {
  readonly json: string | null
  readonly file: string | null
}

/** What came out of a job: JSON, or bytes with a media type of their own (`type` set, bytes in the file). */
export interface Result extends Body {
  readonly type: string | null
}

/** Why a job failed. `message` and `details` are for those who may view the job, `stack` for the server's log only. */
export interface JobFailure {
  readonly class: ErrorClass
  /** A word for programs: `exception`, `timeout`, `worker_lost`, `out_of_memory`, … */
  readonly reason: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>> | undefined
  readonly stack?: string | undefined
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL'

/** One line of a job's log. */
export interface LogEntry {
  /** Milliseconds since 1970, UTC. */
  readonly at: number
  readonly level: LogLevel
  readonly message: string
  readonly func: string | null
  readonly line: number | null
}

/** How far a running job says it is. */
export interface Progress {
  /** From 0 to 1. */
  readonly fraction: number
  readonly message: string | null
}

/** A job as it is stored; times in milliseconds since 1970, UTC. */
export interface Job {
  /** Order of writing, from 1. */
  readonly seq: number
  readonly id: string
  readonly type: string
  /** The revision of the type that all attempts run; null for jobs of hubs before revisions were stored. */
  readonly revisionNum: number | null
  readonly kind: JobKind
  readonly pool: Pool
  readonly state: JobState
  readonly lane: Lane
  readonly priority: number
  readonly runAt: number
  readonly createdAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly attempts: number
  readonly maxAttempts: number
  readonly isCancelRequested: boolean
  readonly subject: string | null
  readonly userId: string | null
  readonly progress: Progress | null
  readonly resultUrl: string | null
  /** JSON text, null when none was sent. */
  readonly metadata: string | null
  /** What was sent; null when nothing was. */
  readonly data: Body | null
  readonly result: Result | null
  /** Null unless failed or cancelled. */
  readonly error: JobError | null
  /** Lines of its log so far. */
  readonly logLines: number
  readonly keySealed: string | null
}

/** The stored form of a failure: what a viewer sees, and the two words for programs. */
export interface JobError {
  readonly message: string
  readonly reason: string
  readonly details: Readonly<Record<string, unknown>>
}

/** One claimed job: what an attempt needs to know, and the token that fences its writes. */
export interface ClaimedJob {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly revisionNum: number | null
  readonly claim: string
  /** This attempt's number, from 1. */
  readonly attempts: number
  readonly maxAttempts: number
  /** Attempts in a row whose worker vanished. */
  readonly lostLeases: number
  readonly timeoutMs: number
  readonly createdAt: number
  readonly subject: string | null
  readonly userId: string | null
  readonly resultUrl: string | null
  readonly metadata: string | null
  readonly data: Body | null
  readonly apiKeySealed: string | null
}

/** How a job ends. */
export type Outcome =
  | { readonly state: 'done'; readonly result: Result }
  | { readonly state: 'failed'; readonly failure: JobFailure }
  | { readonly state: 'cancelled'; readonly failure: JobFailure }

/** Texts that clients of the job service know. */
export const cancelled: Outcome = {
  state: 'cancelled',
  failure: { class: 'job', reason: 'cancelled', message: 'Job was cancelled' },
}

export const interrupted: JobFailure = { class: 'system', reason: 'interrupted', message: 'Job was interrupted by a restart' }

export const workerLost: JobFailure = { class: 'system', reason: 'worker_lost', message: 'The worker was lost while the job ran' }

export const isFinal = (state: JobState) => state === 'done' || state === 'failed' || state === 'cancelled'

/** JSON larger than this goes to the file store, and the row refers to it. */
export const maxInlineBytes = 1024 * 1024

import { sql } from 'kysely'
import { dueLane } from '../../job-types/queue-rules-store.ts'
import type { Dialect, RowValues } from '../../store/dialect.ts'
import { perDialect, statement } from '../../store/statement.ts'
import type { Db, Write } from '../../store/store.ts'
import type { ClaimedJob, JobState, LogEntry, Progress } from '../job.ts'

/** The columns that an ending job gets. Bodies are stored already. */
export interface Ending {
  readonly seq: number
  /** Null ends a job that is not claimed. */
  readonly claim: string | null
  readonly state: Exclude<JobState, 'queued' | 'running'>
  readonly result: string | null
  readonly resultFile: string | null
  readonly resultType: string | null
  readonly error: string | null
  /** Lines of log that the same write adds. */
  readonly addedLines: number
  /** JSON text; null leaves what is stored. */
  readonly progress: string | null
}

const endingColumns = {
  seq: 'integer',
  claim: 'text',
  state: 'text',
  result: 'text',
  result_file: 'text',
  result_type: 'text',
  error: 'text',
  added_lines: 'integer',
  progress: 'text',
} as const

/** What every job's row becomes at its end. */
const becomesEnded = (dialect: Dialect) => sql`finished_at = ${dialect.now}, claim = null, owner = null, lease_until = null, deadline_at = null,
  lost_leases = 0, api_key_sealed = case when job.result_url is null then null else job.api_key_sealed end`

const endOne = perDialect((dialect) =>
  statement<Ending, EndedRow>(
    (_, p) => sql<EndedRow>`
      update job set state = ${p.state}, result = ${p.result}, result_file = ${p.resultFile}, result_type = ${p.resultType}, error = ${p.error},
        log_lines = job.log_lines + ${p.addedLines}, progress = coalesce(${p.progress}, job.progress), ${becomesEnded(dialect)}
      where seq = ${p.seq} and state = 'running' and claim = ${p.claim} and (cancel_requested = 0 or ${p.state} = 'cancelled')
      returning seq, log_lines`,
  ),
)

/**
 * Ends jobs, each only if its claim still counts (or, without a claim, if it still waits) and its cancel was not requested, unless
 * that is its end. Returns those that it ended, with the number of the last line of their log: the claims of the others were lost.
 * The submitter's key goes with the end unless a callback still needs it.
 */
export async function endJobs(db: Db, dialect: Dialect, endings: readonly Ending[]): Promise<Map<number, number>> {
  const [only] = endings
  const rows =
    only && endings.length === 1 && only.claim !== null
      ? await endOne(dialect)(db, only)
      : await endMany(dialect)(db, { endings: endings.map(toRow) })
  return new Map(rows.map((row) => [row.seq, row.log_lines]))
}

interface EndedRow {
  seq: number
  log_lines: number
}

const endMany = perDialect((dialect) =>
  statement<{ endings: readonly RowValues[] }, EndedRow>(
    (_, p) => sql<EndedRow>`
      update job set state = v.state, result = v.result, result_file = v.result_file, result_type = v.result_type, error = v.error,
        log_lines = job.log_lines + v.added_lines, progress = coalesce(v.progress, job.progress), ${becomesEnded(dialect)}
      from ${dialect.rows('v', endingColumns, p.endings)}
      where job.seq = v.seq and (job.state = 'running' and job.claim = v.claim or job.state = 'queued' and v.claim is null)
        and (job.cancel_requested = 0 or v.state = 'cancelled')
      returning job.seq, job.log_lines`,
  ),
)

const toRow = (one: Ending): RowValues => ({
  seq: one.seq,
  claim: one.claim,
  state: one.state,
  result: one.result,
  result_file: one.resultFile,
  result_type: one.resultType,
  error: one.error,
  added_lines: one.addedLines,
  progress: one.progress,
})

/** How an attempt goes back to the queue. */
export interface Requeue {
  /** Milliseconds until it is due; 0 puts it into its lane at once. */
  readonly delayMs: number
  /** False when the worker stopped and the attempt does not count. */
  readonly isCounted: boolean
  /** The worker vanished: counts towards the cap of lost leases. */
  readonly isLost: boolean
  readonly addedLines: number
}

/**
 * Puts a claimed job back into the queue. Returns the number of the last line of its log; undefined: the claim did not count any more, or
 * the cancel of the job was requested.
 */
export async function requeueJob({ db, dialect }: Write, job: Pick<ClaimedJob, 'seq' | 'claim'>, how: Requeue): Promise<number | undefined> {
  const lane = how.delayMs > 0 ? sql`'delayed'` : dueLane
  const { rows } = await sql<{ log_lines: number }>`
    update job set state = 'queued', lane = ${lane}, run_at = case when ${how.delayMs} = 0 then run_at else ${dialect.now} + ${how.delayMs} end,
      attempts = attempts - ${how.isCounted ? 0 : 1}, lost_leases = case when ${how.isLost ? 1 : 0} = 1 then lost_leases + 1 else 0 end,
      log_lines = log_lines + ${how.addedLines}, claim = null, owner = null, lease_until = null, deadline_at = null, progress = null
    where seq = ${job.seq} and claim = ${job.claim} and state = 'running' and cancel_requested = 0 returning log_lines`.execute(db)
  return rows[0]?.log_lines
}

/** Lines of one job; the last gets the number `last`, which the job's own row counts. */
export interface NumberedLines {
  readonly seq: number
  readonly last: number
  readonly entries: readonly LogEntry[]
}

const logColumns = { job_seq: 'integer', no: 'integer', at: 'integer', level: 'text', message: 'text', func: 'text', line: 'integer' } as const

const addLines = perDialect((dialect) =>
  statement<{ lines: readonly RowValues[] }, unknown>(
    (_, p) => sql`insert into job_log (job_seq, no, at, level, message, func, line)
      select job_seq, no, at, level, message, func, line from ${dialect.rows('v', logColumns, p.lines)} where true`,
  ),
)

/** Adds lines to logs. The caller's write holds the job's claim. */
export async function insertLines(db: Db, dialect: Dialect, lines: readonly NumberedLines[]): Promise<void> {
  const rows = lines.flatMap(({ seq, last, entries }) => entries.map((entry, at) => ({ job_seq: seq, no: last - entries.length + 1 + at, ...entry })))
  if (rows.length > 0) await addLines(dialect)(db, { lines: rows })
}

/** Counts lines that a running job adds, and stores its progress. Returns the number of the last line; undefined: the claim does not count any more. */
export async function touchJob(
  db: Db,
  job: Pick<ClaimedJob, 'seq' | 'claim'>,
  change: { addedLines: number; progress: Progress | null },
): Promise<number | undefined> {
  const progress = change.progress && JSON.stringify(change.progress)
  const { rows } = await sql<{
    log_lines: number
  }>`update job set log_lines = log_lines + ${change.addedLines}, progress = coalesce(${progress}, progress)
    where seq = ${job.seq} and claim = ${job.claim} and state = 'running' returning log_lines`.execute(db)
  return rows[0]?.log_lines
}

const callbackColumns = { job_seq: 'integer', webhook_id: 'text' } as const

/** Notes that results are to be posted, in the commit that stores them. */
export async function insertCallbacks(db: Db, dialect: Dialect, callbacks: readonly { seq: number; webhookId: string }[]): Promise<void> {
  if (callbacks.length === 0) return
  const values = callbacks.map(({ seq, webhookId }) => ({ job_seq: seq, webhook_id: webhookId }))
  await sql`insert into job_callback (job_seq, webhook_id, state, tries, run_at)
    select job_seq, webhook_id, 'waiting', 0, ${dialect.now} from ${dialect.rows('v', callbackColumns, values)} where true`.execute(db)
}

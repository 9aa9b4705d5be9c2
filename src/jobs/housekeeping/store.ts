import { sql } from 'kysely'
import type { Dialect } from '../../store/dialect.ts'
import type { Db } from '../../store/store.ts'
import { isUntried } from '../callbacks/store.ts'

/** A stretch of the job table, in the order of writing. */
export interface Stretch {
  /** Jobs that may go. */
  readonly seqs: readonly number[]
  /** Where the next stretch begins; undefined: nothing behind this one can be old enough. */
  readonly next: number | undefined
}

/** Which jobs are looked at. */
export interface OldJobs {
  readonly after: number
  readonly size: number
  readonly ageMs: number
  /** Also jobs whose result is posted again and again; only a first try is waited for. */
  readonly withRetried: boolean
}

/**
 * Looks through `size` jobs behind `after` for those that ended longer than `ageMs` ago. Jobs that work for something (a flow revision)
 * stay, and those whose result is still to be posted.
 */
export async function findOld(db: Db, dialect: Dialect, range: OldJobs): Promise<Stretch> {
  const isToPost = range.withRetried ? sql`c.state = 'waiting' and ${isUntried('c')}` : sql`c.state = 'waiting'`
  const cutoff = sql`${dialect.now} - ${range.ageMs}`
  const { rows } = await sql<{ seq: number; young: number; old: number }>`select seq, case when created_at > ${cutoff} then 1 else 0 end as young,
    case when finished_at <= ${cutoff} and subject is null and not exists
      (select 1 from job_callback c where c.job_seq = job.seq and ${isToPost}) then 1 else 0 end as old
    from job where seq > ${range.after} order by seq limit ${range.size}`.execute(db)
  const isEnd = rows.length < range.size || rows.every((row) => row.young === 1)
  return { seqs: rows.filter((row) => row.old === 1).map((row) => row.seq), next: isEnd ? undefined : rows.at(-1)?.seq }
}

/** Removes ended jobs with their logs and metadata. Returns how many went. */
export async function deleteEnded(db: Db, dialect: Dialect, seqs: readonly number[]): Promise<number> {
  const { rows } = await sql`delete from job where finished_at is not null
    and seq ${dialect.among(sql`select * from ${dialect.numbers(seqs)} as listed`)} returning seq`.execute(db)
  return rows.length
}

/** Forgets idempotency keys that are older than `ageMs`. */
export async function forgetIdempotent(db: Db, dialect: Dialect, ageMs: number): Promise<void> {
  await sql`delete from job_idempotency where created_at < ${dialect.now} - ${ageMs}`.execute(db)
}

/**
 * Ids of functions that have waited for their first start longer than `waitMs`, at most a hundred. Waiting counts from when the job was due,
 * or from when its type went on after a pause.
 */
export async function listWaitedTooLong(db: Db, dialect: Dialect, waitMs: number): Promise<string[]> {
  const since = sql`${dialect.now} - ${waitMs}`
  const { rows } = await sql<{ id: string }>`select id from job where state = 'queued' and lane in ('free', 'limited') and kind = 'function'
    and started_at is null and run_at < ${since}
    and not exists (select 1 from job_queue q where q.type = job.type and (q.paused = 1 or q.resumed_at >= ${since})) limit 100`.execute(db)
  return rows.map((row) => row.id)
}

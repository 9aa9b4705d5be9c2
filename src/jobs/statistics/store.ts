import { sql } from 'kysely'
import type { Dialect } from '../../store/dialect.ts'
import type { Db } from '../../store/store.ts'
import type { ErrorClass, JobState } from '../job.ts'

/** Member of the failure that the row holds as JSON. */
const failureMember = ({ name }: Dialect, member: 'class' | 'reason') =>
  name === 'postgres' ? sql<string | null>`(error::json ->> ${sql.lit(member)})` : sql<string | null>`(error ->> ${sql.lit(member)})`

/** When the job came into its state; a job that is to be tried again counts from its last attempt. */
const changedAt = sql<number>`coalesce(finished_at, started_at, created_at)`

/** Jobs of one type in one state, failed ones by who is to blame. Times are milliseconds since 1970, UTC. */
export interface StateFigure {
  readonly type: string
  readonly state: JobState
  readonly class: ErrorClass | null
  readonly count: number
  readonly mostRecent: number
}

/** Running jobs, and those of the given types that came into their state between two times. */
export async function countByState(db: Db, dialect: Dialect, asked: { types: readonly string[]; from: number; to: number }): Promise<StateFigure[]> {
  const { rows } = await sql<StateFigure>`
    select type, state, class, count(*) as count, max(changed) as "mostRecent" from (
      select type, state, case when state = 'failed' then ${failureMember(dialect, 'class')} end as class, ${changedAt} as changed
      from job where type in ${dialect.list(asked.types)}
    ) as recent
    where state = 'running' or (changed >= ${asked.from} and changed <= ${asked.to})
    group by type, state, class order by type, state, class nulls first`.execute(db)
  return rows
}

/** Jobs of one type that wait or run, and the time from which the first of them does. */
export interface OpenFigure {
  readonly type: string
  readonly count: number
  readonly since: number
}

/** Types with waiting jobs, the longest wait first. */
export async function countWaiting(db: Db): Promise<OpenFigure[]> {
  const { rows } = await sql<OpenFigure>`select type, count(*) as count, min(created_at) as since
    from job where finished_at is null and state = 'queued' group by type order by since, type`.execute(db)
  return rows
}

/** Types with running jobs, the longest run first. */
export async function countRunning(db: Db): Promise<OpenFigure[]> {
  const { rows } = await sql<OpenFigure>`select type, count(*) as count, min(started_at) as since
    from job where state = 'running' group by type order by since, type`.execute(db)
  return rows
}

/** Jobs of one type that the system has failed for one reason. */
export interface FailureFigure {
  readonly type: string
  readonly reason: string
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/** The condition of the index over ended jobs is repeated, for SQLite uses such an index only when it finds its very words. */
export async function countSystemFailures(db: Db, dialect: Dialect): Promise<FailureFigure[]> {
  const { rows } = await sql<FailureFigure>`
    select type, reason, count(*) as count, min(finished_at) as "firstAt", max(finished_at) as "lastAt" from (
      select type, finished_at, ${failureMember(dialect, 'class')} as class, ${failureMember(dialect, 'reason')} as reason
      from job where state in ('failed', 'cancelled') and state = 'failed'
    ) as failed
    where class = 'system' group by type, reason order by "lastAt" desc, type, reason`.execute(db)
  return rows
}

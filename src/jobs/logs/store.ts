import type { Db } from '../../store/store.ts'
import type { JobState, LogEntry, LogLevel, Progress } from '../job.ts'

/** How much a job has told by now. */
export interface Told {
  readonly state: JobState
  readonly progress: Progress | null
  /** The number of the last line of its log; 0 without one. */
  readonly lines: number
}

export async function findTold(db: Db, seq: number): Promise<Told | undefined> {
  const row = await db.selectFrom('job').select(['state', 'progress', 'log_lines']).where('seq', '=', seq).executeTakeFirst()
  return row && { state: row.state as JobState, progress: row.progress === null ? null : JSON.parse(row.progress), lines: row.log_lines }
}

/** A line and its number in the job's log, from 1. */
export interface NumberedEntry {
  readonly no: number
  readonly entry: LogEntry
}

/** The lines of a job's log behind number `after` up to number `to`. A range with both ends is cheap whatever the planner knows of the table. */
export async function listLogRange(db: Db, seq: number, range: { after: number; to: number }): Promise<NumberedEntry[]> {
  const rows = await db
    .selectFrom('job_log')
    .select(['no', 'at', 'level', 'message', 'func', 'line'])
    .where('job_seq', '=', seq)
    .where('no', '>', range.after)
    .where('no', '<=', range.to)
    .orderBy('no')
    .execute()
  return rows.map(({ no, ...entry }) => ({ no, entry: { ...entry, level: entry.level as LogLevel } }))
}

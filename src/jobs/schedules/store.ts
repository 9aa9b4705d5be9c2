import { sql } from 'kysely'
import type { Dialect } from '../../store/dialect.ts'
import type { Db } from '../../store/store.ts'

/** Notes when a type is due first; what is noted stays while the rule does. */
export async function saveSchedule(db: Db, { type, rule, nextAt }: { type: string; rule: string; nextAt: number }): Promise<void> {
  await db
    .insertInto('job_schedule')
    .values({ type, rule, next_at: nextAt })
    .onConflict((conflict) =>
      conflict.column('type').doUpdateSet({ rule, next_at: nextAt }).whereRef('job_schedule.rule', '<>', sql.ref('excluded.rule')),
    )
    .execute()
}

/** Forgets the schedules of these types. */
export async function dropSchedules(db: Db, dialect: Dialect, types: readonly string[]): Promise<void> {
  await sql`delete from job_schedule where type in ${dialect.list(types)}`.execute(db)
}

/** A type that is due, by the clock of the database. */
export interface DueSchedule {
  readonly type: string
  readonly plannedAt: number
  readonly now: number
}

/** Which of these types are due. */
export async function listDueSchedules(db: Db, dialect: Dialect, types: readonly string[]): Promise<DueSchedule[]> {
  const { rows } = await sql<{ type: string; next_at: number; now: number }>`select type, next_at, ${dialect.now} as now from job_schedule
    where next_at <= ${dialect.now} and type in ${dialect.list(types)} order by next_at, type`.execute(db)
  return rows.map((row) => ({ type: row.type, plannedAt: row.next_at, now: row.now }))
}

/** Milliseconds until the first of these types is due; undefined when none has a schedule. */
export async function nextScheduleMs(db: Db, dialect: Dialect, types: readonly string[]): Promise<number | undefined> {
  const { rows } = await sql<{ wait: number | null }>`select min(next_at) - ${dialect.now} as wait from job_schedule
    where type in ${dialect.list(types)}`.execute(db)
  const wait = rows[0]?.wait ?? undefined
  return wait === undefined ? undefined : Math.max(0, wait)
}

/** Moves on what stands at `from`. False: another process was first. */
export async function moveSchedule(db: Db, type: string, { from, to }: { from: number; to: number }): Promise<boolean> {
  const row = await db
    .updateTable('job_schedule')
    .set({ next_at: to })
    .where('type', '=', type)
    .where('next_at', '=', from)
    .returning('type')
    .executeTakeFirst()
  return row !== undefined
}

/** Notes that a planned time is dealt with. False: it was before. */
export async function insertScheduleRun(db: Db, run: { type: string; plannedAt: number }): Promise<boolean> {
  const row = await db
    .insertInto('job_schedule_run')
    .values({ type: run.type, planned_at: run.plannedAt })
    .onConflict((conflict) => conflict.doNothing())
    .returning('type')
    .executeTakeFirst()
  return row !== undefined
}

/** Forgets runs that were planned before. */
export async function forgetScheduleRuns(db: Db, type: string, before: number): Promise<void> {
  await db.deleteFrom('job_schedule_run').where('type', '=', type).where('planned_at', '<', before).execute()
}

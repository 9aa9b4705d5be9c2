import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../store/dialect.ts'
import type { Db, Write } from '../store/store.ts'

// The rules of the queue for each type: `job_queue` has a row for each type that is paused, limited or waits apart. The lane of a waiting job follows
// from that row, and changes in the same write as the row.

/** The condition that a text column has one of the values. */
export const oneOf = (dialect: Dialect, values: readonly string[]) => dialect.among(sql`select * from ${dialect.list(values)} as listed`)

/** The words of the column `lane`: the lane of paused types is stored as `held`. Literals, which the partial indexes ask for. */
export const storedLane = { free: sql.lit('free'), limited: sql.lit('limited'), paused: sql.lit('held'), delayed: sql.lit('delayed') } as const

/** The lane of a due job of this type, by the row of the type. */
export const laneOf = (type: RawBuilder<unknown>) => sql<string>`coalesce((select case when q.paused = 1 then ${storedLane.paused}
  when q.max_running is not null or q.apart = 1 then 'limited' end from job_queue q where q.type = ${type}), 'free')`

/** The lane of a waiting job that is due. */
export const dueLane = laneOf(sql.ref('job.type'))

/** How many jobs of a type may run at the same time. `maxRunning` null: no limit. */
export interface QueueLimit {
  readonly type: string
  readonly maxRunning: number | null
}

/** Stores the limits of types, and leaves their pauses unchanged. `moveLanes` then moves waiting jobs. */
export async function saveLimits(db: Db, dialect: Dialect, limits: readonly QueueLimit[]): Promise<void> {
  const values = limits.map(({ type, maxRunning }) => ({ type, max_running: maxRunning }))
  const rows = dialect.rows('v', { type: 'text', max_running: 'integer' }, values)
  await sql`insert into job_queue (type, max_running, paused) select type, max_running, 0 from ${rows} where true order by type
    on conflict (type) do update set max_running = excluded.max_running where coalesce(job_queue.max_running, -1) <> coalesce(excluded.max_running, -1)`.execute(
    db,
  )
}

/** The types whose jobs wait in the limited lane: types with a limit, and types that wait apart. */
export async function listLimited(db: Db): Promise<string[]> {
  const { rows } = await sql<{ type: string }>`select type from job_queue where max_running is not null or apart = 1 order by type`.execute(db)
  return rows.map((row) => row.type)
}

/** Pauses or unpauses a type. `moveLanes` then moves its waiting jobs. */
export async function setPaused({ db, dialect }: Pick<Write, 'db' | 'dialect'>, type: string, isPaused: boolean): Promise<void> {
  const paused = isPaused ? 1 : 0
  await sql`insert into job_queue (type, max_running, paused) values (${type}, null, ${paused})
    on conflict (type) do update set paused = excluded.paused,
      resumed_at = case when job_queue.paused > excluded.paused then ${dialect.now} else job_queue.resumed_at end`.execute(db)
}

const lanes = ['free', 'limited', 'paused'] as const

/**
 * Moves waiting jobs that are in the wrong lane for their type, at most `limit` from each lane. Returns how many.
 * Runs with each pause and each new limit, and periodically in workers for jobs that were submitted at the same moment.
 */
export async function moveLanes(db: Db, dialect: Dialect, limit: number): Promise<number> {
  let moved = 0
  for (const lane of lanes) {
    const rightType = {
      free: sql`(paused = 1 or max_running is not null or apart = 1)`,
      limited: sql`(paused = 1 or (max_running is null and apart = 0))`,
      paused: sql`paused = 0`,
    }[lane]
    const { rows: types } = await sql<{ type: string }>`select type from job_queue where ${rightType}`.execute(db)
    if (types.length === 0) continue
    const wrong = sql`select seq from job where state = 'queued' and lane = ${storedLane[lane]}
      and type ${oneOf(
        dialect,
        types.map((row) => row.type),
      )} limit ${limit}`
    const { rows } = await sql`with pick as materialized (${wrong} ${dialect.skipLocked})
      update job set lane = ${dueLane} where seq ${dialect.among(sql`select seq from pick`)} returning seq`.execute(db)
    moved += rows.length
  }
  return moved
}

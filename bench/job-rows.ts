import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { RunnableType } from '../src/jobs/runnable-type.ts'
import type { Store } from '../src/store/store.ts'

/** Jobs that wait while others are measured. */
export const backlog = 100_000

/** What a job of the benchmarks is given, as JSON text. */
export const jobData = JSON.stringify('x'.repeat(60))

/** Leaves so many waiting jobs of a type, or of that type and a paused one by turns, and nothing else. */
export async function fillJobs(store: Store, type: RunnableType, count: number, { isHalfPaused = false } = {}): Promise<void> {
  const isSqlite = store.dialect.name === 'sqlite'
  await store.write(async ({ db, dialect }) => {
    const series = isSqlite
      ? sql`(with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count}) select i from n) as n`
      : sql`(select i from generate_series(1, ${count}::int) as i) as n`
    const prefix = randomUUID()
    await sql.raw(isSqlite ? 'delete from job' : 'truncate job cascade').execute(db)
    const [name, lane] = isHalfPaused
      ? [sql`case i % 2 when 0 then ${type.name} else 'paused' end`, sql`case i % 2 when 0 then 'free' else 'held' end`]
      : [sql`${type.name}`, sql`'free'`]
    await sql`insert into job (id, type, kind, pool, state, lane, priority, run_at, created_at, attempts, max_attempts, lost_leases, timeout_ms,
      cancel_requested, log_lines, data)
      select ${prefix} || cast(i as text), ${name}, 'function', ${type.pool}, 'queued', ${lane}, ${type.priority}, ${dialect.now}, ${dialect.now},
      0, 3, 0, 60000, 0, 0, ${jobData} from ${series}`.execute(db)
  })
  if (!isSqlite) await sql`vacuum analyze job`.execute(store.db)
}

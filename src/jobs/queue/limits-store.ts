import { type RawBuilder, sql } from 'kysely'
import { storedLane } from '../../job-types/queue-rules-store.ts'
import type { Db } from '../../store/store.ts'

/** How many jobs wait; each part is answered by a small index of its own, which the literal words select. */
export async function countWaiting(db: Db): Promise<number> {
  const { rows } = await sql<{ n: number }>`select (select count(*) from job where state = 'queued' and lane = 'free')
    + (select count(*) from job where state = 'queued' and lane = 'limited') + (select count(*) from job where state = 'queued' and lane = ${storedLane.paused})
    + (select count(*) from job where state = 'queued' and lane = 'delayed') as n`.execute(db)
  return rows[0]?.n ?? 0
}

/** How many jobs of a type wait. Walks the waiting jobs. */
export async function countWaitingOf(db: Db, type: string): Promise<number> {
  const lane = (name: RawBuilder<unknown>) => sql`(select count(*) from job where state = 'queued' and lane = ${name} and type = ${type})`
  const { rows } = await sql<{ n: number }>`select ${sql.join(Object.values(storedLane).map(lane), sql` + `)} as n`.execute(db)
  return rows[0]?.n ?? 0
}

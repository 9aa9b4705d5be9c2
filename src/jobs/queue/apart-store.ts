import { sql } from 'kysely'
import type { Write } from '../../store/store.ts'
import type { Pool } from '../job.ts'
import { listHeads } from './waiting-store.ts'

/**
 * Has the jobs of a type wait in the limited lane when the first job of a caller in the free lane is of a type that this process does not know: each of
 * its claims would pass over all of them. Processes that know the type find them there. Returns whether a type was set apart.
 */
export async function setForeignApart(write: Write, { pool, types }: { pool: Pool; types: readonly string[] }): Promise<boolean> {
  const { db, dialect } = write
  const heads = await listHeads(db, dialect, { lane: { pool }, each: 1 })
  const foreign = heads.find((head) => !types.includes(head.type))
  if (!foreign) return false
  await sql`insert into job_queue (type, max_running, paused, apart) values (${foreign.type}, null, 0, 1)
    on conflict (type) do update set apart = 1`.execute(db)
  write.wake('jobs')
  return true
}

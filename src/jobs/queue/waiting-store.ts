import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../store/dialect.ts'
import { statement } from '../../store/statement.ts'
import type { Db } from '../../store/store.ts'
import type { Pool } from '../job.ts'

/** Where a waiting job stands in the queue. */
export interface Head {
  readonly seq: number
  readonly type: string
  readonly caller: string
  readonly priority: number
  readonly run_at: number
}

export const inOrder = (a: Omit<Head, 'type' | 'caller'>, b: Omit<Head, 'type' | 'caller'>) =>
  a.priority - b.priority || a.run_at - b.run_at || a.seq - b.seq

/** A part of the queue whose jobs have an index of their own: by caller, and for each caller in order. */
export type Lane = { readonly pool: Pool; readonly types?: readonly string[] } | { readonly type: string }

/** So many callers are looked at for a slot. Of more, so many at random. */
export const maxCallers = 100

/**
 * The condition that a job is of one of the types: a row of comparisons, which needs no table of its own. An expression instead of the column,
 * for PostgreSQL, which else may find the types so rare that it reads the whole table instead of the index in its order.
 */
export const isOfTypes = (types: readonly string[]) =>
  sql<boolean>`(${sql.join(
    types.map((type) => sql`type || '' = ${sql.lit(type)}`),
    sql` or `,
  )})`

/** The jobs that wait in a pool's free lane; these very words select the index. */
export const isReady = (pool: Pool | RawBuilder<unknown>) => sql<boolean>`state = 'queued' and lane = 'free' and pool = ${pool}`

const isLimited = (type: unknown) => sql<boolean>`state = 'queued' and lane = 'limited' and type = ${type}`

interface Look {
  /** The pool or the type. */
  readonly key: string
  /** The first caller that counts, in the order of the index. */
  readonly from: string
  readonly callers: number
  /** Jobs of each caller. */
  readonly each: number
}

type HeadStatement = (db: Db, values: Look) => Promise<(Head & { no: number })[]>

/** Goes from caller to caller by the index, however many jobs each of them has, and takes the first jobs of each. */
function headStatement(dialect: Dialect, isWaiting: (key: unknown) => RawBuilder<boolean>, types: readonly string[] | undefined): HeadStatement {
  return statement<Look, Head & { no: number }>((_, p) => {
    const first = sql`select seq from job where ${isWaiting(p.key)} and job.caller = found.caller ${types ? sql`and ${isOfTypes(types)}` : sql``}
      order by priority, run_at, seq limit ${p.each}`
    return sql<Head & { no: number }>`
      with recursive found(caller, no) as (
        select (select job.caller from job where ${isWaiting(p.key)} and job.caller >= ${p.from} order by job.caller limit 1), 1
        union all
        select (select job.caller from job where ${isWaiting(p.key)} and job.caller > found.caller order by job.caller limit 1), no + 1
          from found where found.caller is not null and no < ${p.callers})
      select head.seq, head.type, head.caller, head.priority, head.run_at, found.no
        from found cross join job as head where found.caller is not null and head.seq ${dialect.among(first)}`
  })
}

const kept = new Map<string, HeadStatement>()

function statementOf(dialect: Dialect, lane: Lane): HeadStatement {
  const types = 'pool' in lane ? lane.types : undefined
  const key = 'pool' in lane ? `${dialect.name} ${lane.types?.join() ?? ''}` : dialect.name + ' limited'
  const known = kept.get(key) ?? headStatement(dialect, 'pool' in lane ? (pool) => isReady(pool as RawBuilder<unknown>) : isLimited, types)
  kept.set(key, known)
  return known
}

/** The first waiting jobs of each caller of a lane, at most `each`; of more than a hundred callers of a hundred, others at each look. Nothing is locked. */
export async function listHeads(db: Db, dialect: Dialect, { lane, each }: { lane: Lane; each: number }): Promise<Head[]> {
  const look = { key: 'pool' in lane ? lane.pool : lane.type, each }
  const run = statementOf(dialect, lane)
  const all = await run(db, { ...look, from: '', callers: maxCallers + 1 })
  if (all.every((head) => head.no <= maxCallers)) return all
  // Callers are random texts, so this may be any of them.
  const later = await run(db, { ...look, from: Math.random().toString(16).slice(2), callers: maxCallers })
  const rest = maxCallers - new Set(later.map((head) => head.caller)).size
  return rest > 0 ? [...later, ...all.filter((head) => head.no <= rest)] : later
}

/** How many jobs of a pool run of each caller. */
export async function countRunning(db: Db, pool: Pool): Promise<Map<string, number>> {
  return new Map((await running(db, { pool })).map((row) => [row.caller, row.n]))
}

const running = statement<{ pool: Pool }, { caller: string; n: number }>(
  (_, p) => sql`select caller, count(*) as n from job where state = 'running' and pool = ${p.pool} group by caller`,
)

import { sql } from 'kysely'
import { dueLane, oneOf } from '../../job-types/queue-rules-store.ts'
import type { Dialect } from '../../store/dialect.ts'
import type { Db, Write } from '../../store/store.ts'
import type { ClaimedJob, Pool } from '../job.ts'
import { type ClaimedRow, claimedColumns, toClaimed } from './claim-store.ts'

/** How long after its deadline an attempt is taken from an owner that does not end it. */
const deadlineGraceMs = 60_000

/** The limit of a type that waits in the limited lane and has none. */
const noLimit = 1_000_000_000

/**
 * Locks the queue rows of limited types that have jobs waiting, then counts what runs of them, and answers how many more of each may start, those
 * with no room left out. Two statements on purpose: in one, the count would not see what the lock has waited for.
 */
export async function lockLimited(db: Db, dialect: Dialect, types: readonly string[]): Promise<Map<string, number>> {
  const { rows: locked } = await sql<{ type: string; max_running: number }>`
    select type, coalesce(max_running, ${sql.lit(noLimit)}) as max_running from job_queue
      where type ${oneOf(dialect, types)} and paused = 0 and (max_running is not null or apart = 1)
      and exists (select 1 from job where job.type = job_queue.type and state = 'queued' and lane = 'limited')
    order by type ${dialect.forUpdate}`.execute(db)
  const rooms = new Map<string, number>()
  for (const { type, max_running } of locked) {
    const running = await sql<{ n: number }>`select count(*) as n from job where state = 'running' and type = ${type}`.execute(db)
    const room = max_running - (running.rows[0]?.n ?? 0)
    if (room > 0) rooms.set(type, room)
  }
  return rooms
}

/** Any numbers of our own: the advisory locks under which slots are shared out. */
const shareLocks: Readonly<Record<Pool, number>> = { work: 7_235_003, sync: 7_235_004 }

/** Lets one process at a time share out the slots of a pool, so that each sees what the others have taken. On SQLite every write does so. */
export async function lockShares(db: Db, dialect: Dialect, pool: Pool): Promise<void> {
  if (dialect.name === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(shareLocks[pool])})`.execute(db)
}

/** Moves delayed jobs whose time has come to their lane, at most a thousand. Returns how many. */
export async function promoteDue(db: Db, dialect: Dialect): Promise<number> {
  const due = sql`select seq from job where state = 'queued' and lane = 'delayed' and run_at <= ${dialect.now} order by run_at, seq limit 1000`
  const { rows } = await sql`with pick as materialized (${due} ${dialect.skipLocked})
    update job set lane = ${dueLane} where seq ${dialect.among(sql`select seq from pick`)} returning seq`.execute(db)
  return rows.length
}

/** Milliseconds until the next delayed job is due, undefined when there is none. */
export async function nextDueMs(db: Db, dialect: Dialect): Promise<number | undefined> {
  const { rows } = await sql<{ wait: number }>`select run_at - ${dialect.now} as wait from job
    where state = 'queued' and lane = 'delayed' order by run_at, seq limit 1`.execute(db)
  return rows[0] && Math.max(0, rows[0].wait)
}

/** A claim that was renewed, and whether its cancel was requested. */
export interface Renewed {
  readonly seq: number
  readonly claim: string
  readonly isCancelRequested: boolean
}

interface RenewedRow {
  seq: number
  claim: string
  cancel_requested: number
}

const toRenewed = (row: RenewedRow): Renewed => ({ seq: row.seq, claim: row.claim, isCancelRequested: row.cancel_requested === 1 })

/** What of a process's claims it knows of. */
interface Known {
  readonly owner: string
  /** Jobs by `seq`. */
  readonly known: readonly number[]
}

const isKnown = (dialect: Dialect, known: readonly number[]) =>
  sql<boolean>`(seq ${dialect.among(sql`select * from ${dialect.numbers(known)} as listed`)})`

/** How claims are renewed. */
interface Renewal extends Known {
  readonly leaseMs: number
  /** The clock was set: time limits count anew here. The owner's own timer keeps them exactly, by a clock that cannot be set. */
  readonly hasJumped: boolean
}

/** Renews the claims of a process that it knows of. What runs there and is not in the answer has been lost. */
export async function renewLeases(db: Db, dialect: Dialect, { owner, known, leaseMs, hasJumped }: Renewal): Promise<Renewed[]> {
  const deadline = hasJumped ? sql`${dialect.now} + timeout_ms` : sql`deadline_at`
  const { rows } = await sql<RenewedRow>`
    update job set lease_until = ${dialect.now} + ${leaseMs}, deadline_at = ${deadline} where state = 'running' and owner = ${owner}
      and ${isKnown(dialect, known)}
    returning seq, claim, cancel_requested`.execute(db)
  return rows.map(toRenewed)
}

/** Puts back what a process has claimed without learning of it: the answer to the commit was lost. Nothing of it ran, so nothing is counted. */
export async function returnUnknown(write: Write, { owner, known }: Known): Promise<void> {
  const { db, dialect } = write
  const { rows } = await sql`
    update job set state = 'queued', lane = ${dueLane}, attempts = attempts - 1, claim = null, owner = null, lease_until = null, deadline_at = null
    where state = 'running' and owner = ${owner} and not ${isKnown(dialect, known)}
    returning seq`.execute(db)
  if (rows.length > 0) write.wake('jobs')
}

/** The claims of a process, without renewing them. */
export async function listClaims(db: Db, owner: string): Promise<Renewed[]> {
  const { rows } = await sql<RenewedRow>`select seq, claim, cancel_requested from job where state = 'running' and owner = ${owner}`.execute(db)
  return rows.map(toRenewed)
}

/** A claim whose holder is gone, or has let its deadline pass. */
export interface Expired {
  readonly job: ClaimedJob
  readonly isCancelRequested: boolean
  /** The lease still counts; the attempt has only run too long. */
  readonly isOverdue: boolean
}

/** Claims to take back, at most a hundred: expired leases, missed deadlines, and whatever owners hold that are known to be dead. */
export async function listExpired(db: Db, dialect: Dialect, deadOwners: readonly string[]): Promise<Expired[]> {
  const isLost = sql`(lease_until < ${dialect.now} or owner ${oneOf(dialect, deadOwners)})`
  const { rows } = await sql<ClaimedRow & { overdue: number }>`select ${claimedColumns}, case when ${isLost} then 0 else 1 end as overdue from job
    where state = 'running' and (${isLost} or deadline_at + ${sql.lit(deadlineGraceMs)} < ${dialect.now}) limit 100`.execute(db)
  return rows.map((row) => ({ job: toClaimed(row), isCancelRequested: row.cancel_requested === 1, isOverdue: row.overdue === 1 }))
}

/** Every process that holds a claim. */
export async function listOwners(db: Db): Promise<string[]> {
  const { rows } = await sql<{ owner: string }>`select distinct owner from job where state = 'running'`.execute(db)
  return rows.map((row) => row.owner)
}

/** Whether a job is as its holder knows it: claimed by it, or waiting; and whether its cancel was requested since. Nothing is locked. */
export async function findHeld(db: Db, job: { seq: number; claim: string | null }): Promise<{ isCancelRequested: boolean } | undefined> {
  const { rows } = await sql<{ cancel_requested: number }>`select cancel_requested from job where seq = ${job.seq}
    and ${job.claim === null ? sql`state = 'queued'` : sql`state = 'running' and claim = ${job.claim}`}`.execute(db)
  return rows[0] && { isCancelRequested: rows[0].cancel_requested === 1 }
}

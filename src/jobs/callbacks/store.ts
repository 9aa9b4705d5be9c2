import { sql } from 'kysely'
import type { Dialect } from '../../store/dialect.ts'
import type { Db, Write } from '../../store/store.ts'

/** A result that one process is posting now. */
export interface ClaimedCallback {
  readonly jobSeq: number
  readonly webhookId: string
  /** The token that fences what the try writes. */
  readonly claim: string
  /** This try's number, from 1. */
  readonly tries: number
  /** Whom it goes to. */
  readonly origin: string
}

/** First tries come before all others, so that a crowd of retries does not hold them up. */
const queues = {
  first: sql<boolean>`state = 'waiting' and tries = 0`,
  again: sql<boolean>`state = 'waiting' and tries > 0`,
} as const

/** How much of each kind a process takes, and for how long its claim counts. */
export interface CallbackClaim {
  readonly claim: string
  readonly leaseMs: number
  readonly first: number
  readonly again: number
  /** Origins (`http://host:port`) of receivers that have enough under way: nothing is taken for them. */
  readonly busy: readonly string[]
}

/** What of an address tells one receiver from another: `http://host:port`, as it was written. */
const originOf = (url: string) => /^[^/]*\/\/[^/?#]*/.exec(url)?.[0] ?? url

/** The condition that a result does not go to one of these origins. */
function goesElsewhere(busy: readonly string[]) {
  if (busy.length === 0) return sql``
  const starts = busy.map((origin) => {
    const begin = sql`substr(job.result_url, 1, ${sql.lit(origin.length + 1)})`
    return sql`${begin} in (${sql.join(['', '/', '?', '#'].map((next) => origin + next))})`
  })
  return sql`and not exists (select 1 from job where job.seq = job_seq and (${sql.join(starts, sql` or `)}))`
}

/** Takes what is due. A claimed row is due again when its lease has run out; the try counts from the claim on. */
export async function claimCallbacks({ db, dialect }: Write, wanted: CallbackClaim): Promise<ClaimedCallback[]> {
  const claimed: ClaimedCallback[] = []
  for (const queue of ['first', 'again'] as const) {
    if (wanted[queue] <= 0) continue
    const due = sql`select job_seq from job_callback where ${queues[queue]} and run_at <= ${dialect.now} ${goesElsewhere(wanted.busy)}
      order by run_at, job_seq limit ${wanted[queue]} ${dialect.skipLocked}`
    const { rows } = await sql<{ job_seq: number; webhook_id: string; tries: number; url: string | null }>`
      update job_callback set claim = ${wanted.claim}, tries = tries + 1, run_at = ${dialect.now} + ${wanted.leaseMs}
      where job_seq ${dialect.among(due)} returning job_seq, webhook_id, tries,
        (select result_url from job where job.seq = job_callback.job_seq) as url`.execute(db)
    for (const { job_seq: jobSeq, webhook_id: webhookId, tries, url } of rows) {
      claimed.push({ jobSeq, webhookId, tries, claim: wanted.claim, origin: originOf(url ?? '') })
    }
  }
  return claimed
}

/** Milliseconds until something is due, undefined when nothing waits. */
export async function nextCallbackMs(db: Db, dialect: Dialect): Promise<number | undefined> {
  const waits: number[] = []
  for (const queue of [queues.first, queues.again]) {
    const { rows } = await sql<{ wait: number }>`select run_at - ${dialect.now} as wait from job_callback where ${queue}
      order by run_at, job_seq limit 1`.execute(db)
    if (rows[0]) waits.push(Math.max(0, rows[0].wait))
  }
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/** What a try needs to know of its job beside the job itself. */
export async function findCallbackJob(db: Db, jobSeq: number): Promise<{ id: string; apiKeySealed: string | null } | undefined> {
  const row = await db.selectFrom('job').select(['id', 'api_key_sealed']).where('seq', '=', jobSeq).executeTakeFirst()
  return row && { id: row.id, apiKeySealed: row.api_key_sealed }
}

/** How a claimed callback goes on. The submitter's key goes with its end. */
export type CallbackEnd =
  | { readonly state: 'delivered' }
  | { readonly state: 'failed'; readonly error: string }
  | { readonly state: 'waiting'; readonly error: string; readonly delayMs: number }

/** Stores how a try ended. False: the claim does not count any more, and nothing must be stored. */
export async function endTry({ db, dialect }: Write, callback: ClaimedCallback, how: CallbackEnd): Promise<boolean> {
  // The job first: whoever deletes it locks it before the callback.
  if (how.state !== 'waiting') await db.updateTable('job').set({ api_key_sealed: null }).where('seq', '=', callback.jobSeq).execute()
  const runAt = how.state === 'waiting' ? sql`${dialect.now} + ${how.delayMs}` : sql`run_at`
  const { rows } = await sql`update job_callback set state = ${how.state}, claim = null, run_at = ${runAt},
    last_error = ${how.state === 'delivered' ? null : how.error}
    where job_seq = ${callback.jobSeq} and claim = ${callback.claim} and state = 'waiting' returning job_seq`.execute(db)
  return rows.length > 0
}

/** Gives a claimed callback back as if it had not been tried: its process stops. */
export async function releaseCallback({ db, dialect }: Write, callback: ClaimedCallback): Promise<void> {
  await sql`update job_callback set claim = null, tries = tries - 1, run_at = ${dialect.now}
    where job_seq = ${callback.jobSeq} and claim = ${callback.claim} and state = 'waiting'`.execute(db)
}

/** Every claim that is held now. */
export async function listCallbackClaims(db: Db): Promise<string[]> {
  const { rows } = await sql<{ claim: string }>`select distinct claim from job_callback where ${queues.again} and claim is not null`.execute(db)
  return rows.map((row) => row.claim)
}

/** Makes callbacks due whose claims belong to processes that are gone. Their tries stay counted: they may have been made. */
export async function freeCallbacks({ db, dialect }: Write, claims: readonly string[]): Promise<void> {
  await sql`update job_callback set claim = null, run_at = ${dialect.now} where state = 'waiting'
    and claim ${dialect.among(sql`select * from ${dialect.list(claims)} as listed`)}`.execute(db)
}

/** The condition that the first try has not ended: it counts from its claim on. */
export const isUntried = (table: string) =>
  sql<boolean>`(${sql.ref(`${table}.tries`)} = 0 or ${sql.ref(`${table}.tries`)} = 1 and ${sql.ref(`${table}.claim`)} is not null)`

/** Which of these jobs have had a try to post their result, or need none. */
export async function listPosted(db: Db, dialect: Dialect, jobIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select job.id from job join job_callback on job_callback.job_seq = job.seq
    where job.id in ${dialect.list(jobIds)} and job_callback.state = 'waiting'
    and ${isUntried('job_callback')}`.execute(db)
  const untried = new Set(rows.map((row) => row.id))
  return jobIds.filter((id) => !untried.has(id))
}

/** How the posting of a result goes. */
export interface Posting {
  readonly state: 'waiting' | 'delivered' | 'failed'
  /** Those that were made, and one that is under way. */
  readonly tries: number
  /** Why the last try failed; null when it did not, or there was none. */
  readonly error: string | null
  /** When the next try is due, milliseconds since 1970, UTC; null when there is none, or one is under way. */
  readonly nextAt: number | null
}

/** How the posting of a job's result goes; undefined when it has none to post, or none yet. */
export async function findPosting(db: Db, jobSeq: number): Promise<Posting | undefined> {
  const columns = ['state', 'tries', 'claim', 'run_at', 'last_error'] as const
  const row = await db.selectFrom('job_callback').select(columns).where('job_seq', '=', jobSeq).executeTakeFirst()
  if (!row) return undefined
  const state = row.state === 'waiting' || row.state === 'delivered' ? row.state : 'failed'
  return { state, tries: row.tries, error: row.last_error, nextAt: state === 'waiting' && row.claim === null ? row.run_at : null }
}

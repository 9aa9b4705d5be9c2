import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../store/dialect.ts'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'
import type { ClaimedJob, Pool } from './job.ts'

/** The columns of a claim as they come from the database. */
export interface ClaimedRow {
  seq: number
  id: string
  type: string
  claim: string
  priority: number
  run_at: number
  attempts: number
  max_attempts: number
  lost_leases: number
  timeout_ms: number
  created_at: number
  subject: string | null
  user_id: string | null
  result_url: string | null
  metadata: string | null
  data: string | null
  data_file: string | null
  api_key_sealed: string | null
  cancel_requested: number
}

export const claimedColumns = sql.raw(
  `seq, id, type, claim, priority, run_at, attempts, max_attempts, lost_leases, timeout_ms, created_at,
   subject, user_id, result_url, metadata, data, data_file, api_key_sealed, cancel_requested`,
)

export const toClaimed = (row: ClaimedRow): ClaimedJob => ({
  seq: row.seq,
  id: row.id,
  type: row.type,
  claim: row.claim,
  attempts: row.attempts,
  maxAttempts: row.max_attempts,
  lostLeases: row.lost_leases,
  timeoutMs: row.timeout_ms,
  createdAt: row.created_at,
  subject: row.subject,
  userId: row.user_id,
  resultUrl: row.result_url,
  metadata: row.metadata,
  data: row.data === null && row.data_file === null ? null : { json: row.data, file: row.data_file },
  apiKeySealed: row.api_key_sealed,
})

/** What a claim is made with: the claimant, and the token that fences everything it writes. */
export interface Claim {
  readonly owner: string
  readonly token: string
  /** How long the claim counts without a renewal. */
  readonly leaseMs: number
  /** At most so many jobs. */
  readonly count: number
}

type ClaimStatement<From> = (db: Db, values: Claim & From) => Promise<ClaimedRow[]>

/** The statement that claims what `pick` selects. For one job the subquery is a plain value: a set costs SQLite ten times as much. */
function claimStatement<From extends object>(
  dialect: Dialect,
  isOne: boolean,
  waiting: (values: Claim & From) => RawBuilder<unknown>,
): ClaimStatement<From> {
  return statement<Claim & From, ClaimedRow>((_, p) => {
    const first = sql`select seq from job where state = 'queued' and ${waiting(p)}
      order by priority, run_at, seq limit ${p.count} ${dialect.skipLocked}`
    return sql<ClaimedRow>`
      update job set state = 'running', claim = ${p.token}, owner = ${p.owner}, attempts = attempts + 1,
        started_at = coalesce(started_at, ${dialect.now}), lease_until = ${dialect.now} + ${p.leaseMs}, deadline_at = ${dialect.now} + timeout_ms
      where seq ${isOne ? sql`= (${first})` : dialect.among(first)}
      returning ${claimedColumns}`
  })
}

const kept = new Map<string, ClaimStatement<never>>()

/** The same statement for the same text: claims are made thousands of times a second. */
function keep<From extends object>(key: string, make: () => ClaimStatement<From>): ClaimStatement<From> {
  const known = kept.get(key) as ClaimStatement<From> | undefined
  const used = known ?? make()
  if (!known) kept.set(key, used as ClaimStatement<never>)
  return used
}

/**
 * The condition that a job is of one of the types: a row of comparisons, which needs no table of its own. An expression instead of the column,
 * for PostgreSQL, which else may find the types so rare that it reads the whole table instead of the index in its order.
 */
export const isOfTypes = (types: readonly string[]) =>
  sql<boolean>`(${sql.join(
    types.map((type) => sql`type || '' = ${sql.lit(type)}`),
    sql` or `,
  )})`

const inOrder = (a: ClaimedRow, b: ClaimedRow) => a.priority - b.priority || a.run_at - b.run_at || a.seq - b.seq

/** Takes the first jobs of the free lane, in order. Types that this process does not know are passed over. */
export async function claimFree(
  db: Db,
  dialect: Dialect,
  { pool, types, ...claim }: Claim & { pool: Pool; types: readonly string[] },
): Promise<ClaimedJob[]> {
  const isOne = claim.count === 1
  const run = keep<{ pool: string }>(`${dialect.name} ${isOne} ${types.join()}`, () =>
    claimStatement(dialect, isOne, (p) => sql`lane = 'free' and pool = ${p.pool} and ${isOfTypes(types)}`),
  )
  return (await run(db, { ...claim, pool })).sort(inOrder).map(toClaimed)
}

/** Takes the first jobs of one limited type. The caller holds the type's lock and has counted what runs. */
export async function claimLimited(db: Db, dialect: Dialect, { type, ...claim }: Claim & { type: string }): Promise<ClaimedJob[]> {
  const isOne = claim.count === 1
  const run = keep<{ type: string }>(`${dialect.name} ${isOne} limited`, () =>
    claimStatement(dialect, isOne, (p) => sql`lane = 'limited' and type = ${p.type}`),
  )
  return (await run(db, { ...claim, type })).sort(inOrder).map(toClaimed)
}

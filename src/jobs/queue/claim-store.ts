import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../../store/dialect.ts'
import { statement } from '../../store/statement.ts'
import type { Db } from '../../store/store.ts'
import type { ClaimedJob, Pool } from '../job.ts'
import { inOrder, isOfTypes, isReady } from './waiting-store.ts'

/** The columns of a claim as they come from the database. */
export interface ClaimedRow {
  seq: number
  id: string
  type: string
  revision_num: number | null
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
  `seq, id, type, revision_num, claim, priority, run_at, attempts, max_attempts, lost_leases, timeout_ms, created_at,
   subject, user_id, result_url, metadata, data, data_file, api_key_sealed, cancel_requested`,
)

export const toClaimed = (row: ClaimedRow): ClaimedJob => ({
  seq: row.seq,
  id: row.id,
  type: row.type,
  revisionNum: row.revision_num,
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

/** The statement that claims what a subquery picks. For one job that is a plain value: a set costs SQLite ten times as much. */
function claimStatement<From extends object>(
  dialect: Dialect,
  isOne: boolean,
  pick: (values: Claim & From) => RawBuilder<unknown>,
): ClaimStatement<From> {
  return statement<Claim & From, ClaimedRow>((_, p) => {
    const picked = sql`${pick(p)} ${dialect.skipLocked}`
    return sql<ClaimedRow>`
      update job set state = 'running', claim = ${p.token}, owner = ${p.owner}, attempts = attempts + 1,
        started_at = coalesce(started_at, ${dialect.now}), lease_until = ${dialect.now} + ${p.leaseMs}, deadline_at = ${dialect.now} + timeout_ms
      where seq ${isOne ? sql`= (${picked})` : dialect.among(picked)}
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
 * Takes the first jobs of the free lane, in order, where only one caller's jobs wait: the usual case, which costs one statement. With several
 * callers it takes nothing. Types that this process does not know are passed over.
 */
export async function claimOfOneCaller(
  db: Db,
  dialect: Dialect,
  { pool, types, ...claim }: Claim & { pool: Pool; types: readonly string[] },
): Promise<ClaimedJob[]> {
  const isOne = claim.count === 1
  const run = keep<{ pool: Pool }>(`${dialect.name} ${isOne} ${types.join()}`, () =>
    claimStatement(dialect, isOne, (p) => pickOfOneCaller({ pool: p.pool, types, count: p.count })),
  )
  return (await run(db, { ...claim, pool })).sort(inOrder).map(toClaimed)
}

/** Both ends of the index by caller are the same where only one waits; with several the comparison below is with null, and nothing is read. */
export function pickOfOneCaller({ pool, types, count }: { pool: Pool; types: readonly string[]; count: number }): RawBuilder<unknown> {
  const end = (direction: 'asc' | 'desc') => sql`(select caller from job where ${isReady(pool)} order by caller ${sql.raw(direction)} limit 1)`
  return sql`select seq from job where ${isReady(pool)} and caller = (select nullif(${end('asc')}, nullif(${end('asc')}, ${end('desc')})))
    and ${isOfTypes(types)} order by priority, run_at, seq limit ${count}`
}

/** Takes these jobs, as far as they still wait and no other process is taking them. */
export async function claimThese(db: Db, dialect: Dialect, { seqs, ...claim }: Claim & { seqs: readonly number[] }): Promise<ClaimedJob[]> {
  const isOne = seqs.length === 1
  const run = keep<{ seqs: readonly number[]; one: number }>(`${dialect.name} ${isOne} these`, () =>
    claimStatement(dialect, isOne, (p) => {
      const chosen = isOne ? sql`= ${p.one}` : dialect.among(sql`select * from ${dialect.numbers(p.seqs)} as listed`)
      return sql`select seq from job where seq ${chosen} and state = 'queued'`
    }),
  )
  return (await run(db, { ...claim, seqs, one: seqs[0] ?? 0 })).sort(inOrder).map(toClaimed)
}

import { createHash } from 'node:crypto'
import { type Selectable, sql } from 'kysely'
import type { JobKind } from '../job-types/job-type.ts'
import { laneOf, storedLane } from '../job-types/queue-rules-store.ts'
import type { Dialect } from '../store/dialect.ts'
import { perDialect, statement } from '../store/statement.ts'
import type { Db, Write } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'
import type { Body, Job, JobError, JobState, Lane, LogEntry, LogLevel, Pool } from './job.ts'

/** What a new row says; times come from the database. */
export interface NewJob {
  readonly id: string
  readonly type: string
  readonly revisionNum: number
  readonly kind: JobKind
  readonly pool: Pool
  readonly priority: number
  /** Milliseconds from now until it may run. */
  readonly delayMs: number
  readonly maxAttempts: number
  readonly timeoutMs: number
  readonly dedupeKey: string | null
  readonly subject: string | null
  readonly userId: string | null
  /** See `NewRequest`. */
  readonly caller: string
  readonly keySealed: string | null
  readonly apiKeySealed: string | null
  readonly resultUrl: string | null
  readonly metadata: string | null
  readonly data: Body | null
  /** What it is claimed with while it is stored. */
  readonly claim: { readonly owner: string; readonly token: string; readonly leaseMs: number } | undefined
}

/** A new job as it was stored. */
export interface Inserted {
  readonly job: Job
  /** It was claimed with the token that came along. */
  readonly isClaimed: boolean
}

const insertion = perDialect((dialect) =>
  statement<NewJob & Body & Nulled<NonNullable<NewJob['claim']>>, Row>((_, p) => {
    const lane = sql`case when ${p.delayMs} > 0 then 'delayed' else ${laneOf(sql`${p.type}`)} end`
    const token = sql`cast(${p.token} as text)`
    const ifClaimed = (value: unknown) => sql`case when starts = 1 then ${value} end`
    return sql<Row>`
      insert into job (id, type, revision_num, kind, pool, priority, run_at, created_at, attempts, max_attempts, lost_leases, timeout_ms, cancel_requested,
        dedupe_key, subject, user_id, caller, log_lines, key_sealed, api_key_sealed, result_url, metadata, data_file, data,
        state, lane, claim, owner, started_at, lease_until, deadline_at)
      select ${p.id}, ${p.type}, ${p.revisionNum}, ${p.kind}, ${p.pool}, ${p.priority}, ${dialect.now} + ${p.delayMs}, ${dialect.now}, starts, ${p.maxAttempts}, 0,
        ${p.timeoutMs}, 0, ${p.dedupeKey}, ${p.subject}, ${p.userId}, ${p.caller}, 0, ${p.keySealed}, ${p.apiKeySealed}, ${p.resultUrl}, ${p.metadata},
        ${p.file}, ${p.json}, case when starts = 1 then 'running' else 'queued' end, lane, ${ifClaimed(token)}, ${ifClaimed(p.owner)},
        ${ifClaimed(dialect.now)}, ${ifClaimed(sql`${dialect.now} + ${p.leaseMs}`)}, ${ifClaimed(sql`${dialect.now} + ${p.timeoutMs}`)}
      from (select lane, case when lane = 'free' and ${token} is not null then 1 else 0 end as starts from (select ${lane} as lane) as wanted) as placed
      where true
      on conflict (type, dedupe_key) where dedupe_key is not null and state in ('queued', 'running') do nothing
      returning *`
  }),
)

const noClaim = { owner: null, token: null, leaseMs: null }

/**
 * Puts a job into the queue, in the lane that its type has now; with a claim it is running at once, if that is the free lane.
 * Undefined: an open job of the type has the same dedupe key.
 */
export async function insertJob(db: Db, dialect: Dialect, job: NewJob): Promise<Inserted | undefined> {
  const { owner, token, leaseMs } = job.claim ?? noClaim
  const [row] = await insertion(dialect)(db, { ...job, ...(job.data ?? noBody), owner, token, leaseMs })
  return row && { job: toJob(row), isClaimed: row.claim !== null }
}

/** The id of the open job of a type that has this dedupe key. */
export async function findOpenDuplicate(db: Db, type: string, dedupeKey: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select id from job where type = ${type} and dedupe_key = ${dedupeKey}
    and dedupe_key is not null and state in ('queued', 'running')`.execute(db)
  return rows[0]?.id
}

const digestOf = (value: string) => createHash('sha256').update(value).digest('hex')

/** Makes a job findable by its metadata; values are texts as a filter gives them. */
export async function insertMetadata({ db, dialect }: Write, seq: number, entries: readonly (readonly [string, string])[]): Promise<void> {
  if (entries.length === 0) return
  const values = entries.map(([key, value]) => ({ job_seq: seq, key, value_digest: digestOf(value) }))
  const rows = dialect.rows('v', { job_seq: 'integer', key: 'text', value_digest: 'text' }, values)
  await sql`insert into job_metadata (job_seq, key, value_digest) select job_seq, key, value_digest from ${rows} where true`.execute(db)
}

type Nulled<T> = { readonly [Key in keyof T]: T[Key] | null }
const noBody: Body = { json: null, file: null }

type Row = Selectable<Schema['job']>

const toBody = (json: string | null, file: string | null): Body | null => (json === null && file === null ? null : { json, file })

function toJob(row: Row): Job {
  const result = toBody(row.result, row.result_file)
  return {
    seq: row.seq,
    id: row.id,
    type: row.type,
    revisionNum: row.revision_num,
    kind: parseWord(row.kind),
    pool: parseWord(row.pool),
    state: parseWord(row.state),
    lane: row.lane === 'held' ? 'paused' : parseWord(row.lane),
    priority: row.priority,
    runAt: row.run_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    isCancelRequested: row.cancel_requested === 1,
    subject: row.subject,
    userId: row.user_id,
    progress: row.progress === null ? null : JSON.parse(row.progress),
    resultUrl: row.result_url,
    metadata: row.metadata,
    data: toBody(row.data, row.data_file),
    result: result && { ...result, type: row.result_type },
    error: parseError(row.error),
    logLines: row.log_lines,
    keySealed: row.key_sealed,
  }
}

/** Words of a closed list that only this room writes. */
const parseWord = <T extends JobState | JobKind | Lane | LogLevel | Pool>(word: string) => word as T

function parseError(text: string | null): JobError | null {
  if (text === null) return null
  const { message, reason, details } = JSON.parse(text) as JobError
  return { message, reason, details }
}

/** Asked whenever a client looks whether its job has ended. */
const rowsById = statement((db, p: { id: string }) => db.selectFrom('job').selectAll().where('id', '=', p.id))

export async function findJobById(db: Db, id: string): Promise<Job | undefined> {
  const [row] = await rowsById(db, { id })
  return row && toJob(row)
}

/** A job and its claim, if it is claimed. Nothing is locked. */
export async function findClaimed(db: Db, id: string): Promise<(Job & { claim: string | null }) | undefined> {
  const row = await db.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst()
  return row && { ...toJob(row), claim: row.claim }
}

const openIds = perDialect((dialect) =>
  statement<{ ids: readonly string[] }, { id: string }>((_, p) => sql`select id from job where finished_at is null and id in ${dialect.list(p.ids)}`),
)

/** Which of these jobs have ended (or are gone). */
export async function listEnded(db: Db, dialect: Dialect, ids: readonly string[]): Promise<string[]> {
  const open = new Set((await openIds(dialect)(db, { ids })).map((row) => row.id))
  return ids.filter((id) => !open.has(id))
}

/** A page of the job list. */
export interface JobFilter {
  readonly status: 'pending' | 'complete' | 'error' | undefined
  /** Metadata keys and values that all have to match. */
  readonly metadata: readonly (readonly [string, string])[]
  /** Whose jobs are shown beside those that everybody may see; null shows all. */
  readonly viewer: { readonly kinds: readonly JobKind[]; readonly userId: string | undefined } | null
  readonly limit: number
  readonly offset: number
}

const statusIs = {
  // By the small indexes of open jobs: hundreds of thousands of finished ones may lie behind the newest open one.
  pending: sql<boolean>`seq in (select seq from job where state = 'queued' and lane = 'free'
    union all select seq from job where state = 'queued' and lane = 'limited' union all select seq from job where state = 'queued' and lane = ${storedLane.paused}
    union all select seq from job where state = 'queued' and lane = 'delayed' union all select seq from job where state = 'running')`,
  complete: sql<boolean>`state = 'done'`,
  error: sql<boolean>`state in ('failed', 'cancelled')`,
} as const

/** Ids of jobs, the newest submission first. */
export async function listJobIds(db: Db, filter: JobFilter): Promise<string[]> {
  let query = db.selectFrom('job').select('id').orderBy('seq', 'desc').limit(filter.limit).offset(filter.offset)
  if (filter.status) query = query.where(statusIs[filter.status])
  const { viewer } = filter
  if (viewer) {
    query = query.where((eb) =>
      eb.or([eb('kind', 'in', [...viewer.kinds]), ...(viewer.userId === undefined ? [] : [eb('user_id', '=', viewer.userId)])]),
    )
  }
  for (const [key, value] of filter.metadata) {
    query = query.where('seq', 'in', (eb) =>
      eb.selectFrom('job_metadata').select('job_seq').where('key', '=', key).where('value_digest', '=', digestOf(value)),
    )
  }
  return (await query.execute()).map((row) => row.id)
}

/** How many stored jobs are open, done, and ended badly. */
export interface JobCounts {
  readonly pending: number
  readonly complete: number
  readonly error: number
}

/** Each part is answered by a small index of its own, which the literal words select. */
const openCount = sql<number>`((select count(*) from job where state = 'queued' and lane = 'free')
  + (select count(*) from job where state = 'queued' and lane = 'limited') + (select count(*) from job where state = 'queued' and lane = ${storedLane.paused})
  + (select count(*) from job where state = 'queued' and lane = 'delayed') + (select count(*) from job where state = 'running'))`

/** Open and failed jobs are counted by their indexes; the rest is done. */
export async function countJobs(db: Db): Promise<JobCounts> {
  const { rows } = await sql<{ total: number; pending: number; error: number }>`select
    (select count(*) from job) as total,
    ${openCount} as pending,
    (select count(*) from job where state in ('failed', 'cancelled')) as error`.execute(db)
  const { total, pending, error } = rows[0] ?? { total: 0, pending: 0, error: 0 }
  return { pending, complete: total - pending - error, error }
}

/** Asks for the end of a running job. False: it does not run. */
export async function requestCancel(db: Db, seq: number): Promise<boolean> {
  const { rows } = await sql`update job set cancel_requested = 1 where seq = ${seq} and state = 'running' returning seq`.execute(db)
  return rows.length > 0
}

/** Removes a job with its log and metadata. */
export async function deleteJobRow(db: Db, seq: number): Promise<void> {
  await db.deleteFrom('job').where('seq', '=', seq).execute()
}

/** The log of a job in the order of writing; with `newest`, only so many of the last lines, the last one first. */
export async function listLog(db: Db, seq: number, newest?: number): Promise<LogEntry[]> {
  const base = db.selectFrom('job_log').select(['at', 'level', 'message', 'func', 'line']).where('job_seq', '=', seq)
  const rows = await (newest === undefined ? base.orderBy('no') : base.orderBy('no', 'desc').limit(newest)).execute()
  return rows.map((row) => ({ ...row, level: parseWord(row.level) }))
}

/** The first answer to an idempotency key, if one is remembered. */
export async function findIdempotent(db: Db, scope: string, key: string): Promise<{ requestDigest: string; jobId: string } | undefined> {
  const row = await db
    .selectFrom('job_idempotency')
    .select(['request_digest', 'job_id'])
    .where('scope', '=', scope)
    .where('key', '=', key)
    .executeTakeFirst()
  return row && { requestDigest: row.request_digest, jobId: row.job_id }
}

export async function insertIdempotent(
  db: Db,
  dialect: Dialect,
  entry: { scope: string; key: string; requestDigest: string; jobId: string },
): Promise<void> {
  await sql`insert into job_idempotency (scope, key, request_digest, job_id, created_at)
    values (${entry.scope}, ${entry.key}, ${entry.requestDigest}, ${entry.jobId}, ${dialect.now})`.execute(db)
}

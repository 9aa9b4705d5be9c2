import type { Dialect } from '../dialect.ts'
import type { Migration } from '../migrate.ts'

/** Every attempt writes its row twice, so PostgreSQL has to clean up sooner than it would by itself. */
const jobTableOptions = (dialect: Dialect) => (dialect.name === 'postgres' ? 'with (autovacuum_vacuum_scale_factor = 0.02)' : dialect.tableOptions)

const jobTable = (dialect: Dialect) => {
  const t = dialect.types
  const counted = dialect.name === 'sqlite' ? 'integer primary key autoincrement' : 'bigint generated always as identity primary key'
  return `create table job (
    seq ${counted},
    id ${t.text} not null unique,
    type ${t.text} not null,
    kind ${t.text} not null,
    pool ${t.text} not null,
    state ${t.text} not null check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    lane ${t.text} not null check (lane in ('free', 'limited', 'held', 'delayed')),
    priority ${t.integer} not null,
    run_at ${t.integer} not null,
    created_at ${t.integer} not null,
    started_at ${t.integer},
    finished_at ${t.integer},
    attempts ${t.integer} not null,
    max_attempts ${t.integer} not null,
    lost_leases ${t.integer} not null,
    timeout_ms ${t.integer} not null,
    claim ${t.text},
    owner ${t.text},
    lease_until ${t.integer},
    deadline_at ${t.integer},
    cancel_requested ${t.integer} not null,
    dedupe_key ${t.text},
    subject ${t.text},
    user_id ${t.text},
    log_lines ${t.integer} not null,
    progress ${t.text},
    key_sealed ${t.text},
    api_key_sealed ${t.text},
    result_url ${t.text},
    metadata ${t.text},
    error ${t.text},
    data_file ${t.text},
    result_file ${t.text},
    result_type ${t.text},
    data ${t.text},
    result ${t.text}
  ) ${jobTableOptions(dialect)}`
}

/** Each index holds only the rows that its statement asks for, in the order in which it asks for them. */
const jobIndexes = [
  "create index job_ready on job (pool, priority, run_at, seq) where state = 'queued' and lane = 'free'",
  "create index job_limited on job (type, priority, run_at, seq) where state = 'queued' and lane = 'limited'",
  "create index job_held on job (type, seq) where state = 'queued' and lane = 'held'",
  "create index job_delayed on job (run_at, seq) where state = 'queued' and lane = 'delayed'",
  "create index job_running on job (type, owner) where state = 'running'",
  "create index job_failed on job (seq) where state in ('failed', 'cancelled')",
  "create unique index job_dedupe on job (type, dedupe_key) where dedupe_key is not null and state in ('queued', 'running')",
  'create index job_subject on job (subject, seq) where subject is not null',
  'create index job_user on job (user_id, seq) where user_id is not null',
]

export const jobs: Migration = {
  name: '0005-jobs',
  statements: (dialect) => {
    const { types: t, tableOptions } = dialect
    return [
      jobTable(dialect),
      ...jobIndexes,
      `create table job_queue (
        type ${t.text} primary key,
        max_running ${t.integer},
        paused ${t.integer} not null,
        resumed_at ${t.integer}
      ) ${tableOptions}`,
      `create table job_log (
        job_seq ${t.integer} not null references job (seq) on delete cascade,
        no ${t.integer} not null,
        at ${t.integer} not null,
        level ${t.text} not null,
        message ${t.text} not null,
        func ${t.text},
        line ${t.integer},
        primary key (job_seq, no)
      ) ${tableOptions}`,
      `create table job_metadata (
        job_seq ${t.integer} not null references job (seq) on delete cascade,
        key ${t.text} not null,
        value_digest ${t.text} not null,
        primary key (job_seq, key)
      ) ${tableOptions}`,
      'create index job_metadata_value on job_metadata (key, value_digest, job_seq)',
      `create table job_callback (
        job_seq ${t.integer} primary key references job (seq) on delete cascade,
        webhook_id ${t.text} not null unique,
        state ${t.text} not null check (state in ('waiting', 'delivered', 'failed')),
        tries ${t.integer} not null,
        run_at ${t.integer} not null,
        claim ${t.text},
        last_error ${t.text}
      ) ${tableOptions}`,
      "create index job_callback_first on job_callback (run_at, job_seq) where state = 'waiting' and tries = 0",
      "create index job_callback_again on job_callback (run_at, job_seq) where state = 'waiting' and tries > 0",
      `create table job_idempotency (
        scope ${t.text} not null,
        key ${t.text} not null,
        request_digest ${t.text} not null,
        job_id ${t.text} not null,
        created_at ${t.integer} not null,
        primary key (scope, key)
      ) ${tableOptions}`,
      'create index job_idempotency_age on job_idempotency (created_at)',
    ]
  },
}

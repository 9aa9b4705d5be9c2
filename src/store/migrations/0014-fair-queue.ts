import type { Migration } from '../migrate.ts'

/** Who waits: slots are shared among callers, so that the jobs of each of them stand together in the indexes of the queue. */
export const fairQueue: Migration = {
  name: '0014-fair-queue',
  statements: ({ types: t }) => [
    `alter table job add column caller ${t.text} not null default ''`,
    "update job set caller = user_id where state in ('queued', 'running') and user_id is not null",
    'drop index job_ready',
    "create index job_ready on job (pool, caller, priority, run_at, seq) where state = 'queued' and lane = 'free'",
    'drop index job_limited',
    "create index job_limited on job (type, caller, priority, run_at, seq) where state = 'queued' and lane = 'limited'",
  ],
}

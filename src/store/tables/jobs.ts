import type { Generated } from 'kysely'

/** One request to run something. Its columns are narrow ones first: what a claim reads never touches the bodies at the end. */
interface JobTable {
  /** Order of writing; also the integer id where an API wants one. */
  seq: Generated<number>
  id: string
  type: string
  kind: string
  pool: string
  state: string
  lane: string
  priority: number
  run_at: number
  created_at: number
  started_at: number | null
  finished_at: number | null
  attempts: number
  max_attempts: number
  lost_leases: number
  timeout_ms: number
  /** Random value of the current claim: the fencing token. */
  claim: string | null
  owner: string | null
  lease_until: number | null
  deadline_at: number | null
  cancel_requested: number
  dedupe_key: string | null
  /** What the job works for, a flow id for one. */
  subject: string | null
  user_id: string | null
  /** The revision of its type that all attempts run; null: the job was made before revisions were stored. */
  revision_num: Generated<number | null>
  /** Whose slots it takes: the user, else what stands for the address that it came from; empty for the hub's own. Slots are shared among callers. */
  caller: Generated<string>
  log_lines: number
  progress: string | null
  key_sealed: string | null
  api_key_sealed: string | null
  result_url: string | null
  metadata: string | null
  error: string | null
  /** Digest in the file store of `data`, when it is too large for the row. */
  data_file: string | null
  result_file: string | null
  /** Set for bytes that are the result themselves: their media type. */
  result_type: string | null
  data: string | null
  result: string | null
}

/** What all processes agree on about a type: its limit and whether it is paused. Locked while the limit is counted. */
interface JobQueueTable {
  type: string
  max_running: number | null
  paused: number
  /** When it last went on after a pause: waiting counts from then. */
  resumed_at: number | null
  /** 1: some process does not know the type, so its jobs wait in the lane that is read by type, without a limit. */
  apart: Generated<number>
}

interface JobLogTable {
  job_seq: number
  /** From 1 for each job, over all attempts. */
  no: number
  at: number
  level: string
  message: string
  func: string | null
  line: number | null
}

/** For the metadata filters of the job list. Values may be long, so their digest is indexed. */
interface JobMetadataTable {
  job_seq: number
  key: string
  value_digest: string
}

/** Outbox: the result is to be posted, written in the commit of the result. */
interface JobCallbackTable {
  job_seq: number
  webhook_id: string
  state: string
  tries: number
  /** When it is due; of a claimed one, when the claim ceases to count. */
  run_at: number
  claim: string | null
  /** Why the last try failed; null before the first try and after success. */
  last_error: string | null
}

/** A submission that may be sent again with the same key, kept beyond the end of its job. */
interface JobIdempotencyTable {
  scope: string
  key: string
  request_digest: string
  job_id: string
  created_at: number
}

export interface JobTables {
  job: JobTable
  job_queue: JobQueueTable
  job_log: JobLogTable
  job_metadata: JobMetadataTable
  job_callback: JobCallbackTable
  job_idempotency: JobIdempotencyTable
}

import { exactJson } from '../../base/json.ts'
import { bareMediaType } from '../../base/media-type.ts'
import { readJson } from '../../jobs/body.ts'
import type { Posting } from '../../jobs/callbacks/store.ts'
import type { Body, Job, JobState, Lane, LogEntry } from '../../jobs/job.ts'
import type { FileStore } from '../../store/files/file-store.ts'

const status: Readonly<Record<JobState, 'pending' | 'complete' | 'error'>> = {
  queued: 'pending',
  running: 'pending',
  done: 'complete',
  failed: 'error',
  cancelled: 'error',
}

/** The job service's word for where a job stands. */
export const presentStatus = (state: JobState) => status[state]

const waits: Readonly<Record<Lane, string>> = { free: 'slots', limited: 'limit', paused: 'paused', delayed: 'delayed' }

/** A time as old clients take it apart: UTC without a zone, always six digits behind the point. */
const presentTime = (at: number) => `${new Date(at).toISOString().slice(0, -1)}000`

const presentTimeOrNull = (at: number | null) => (at === null ? null : presentTime(at))

/** The error as it is shown: always an object with a `message`. */
export function presentError({ error }: Job): Record<string, unknown> | null {
  if (!error) return null
  const shown: Record<string, unknown> = { message: '', ...error.details }
  shown['message'] = error.message
  return shown
}

export function presentLog(entry: LogEntry, job: Job) {
  return {
    timestamp: presentTime(entry.at),
    message: entry.message,
    level: entry.level,
    module: job.type,
    funcName: entry.func ?? job.type,
    lineno: entry.line ?? 0,
  }
}

/** What is told of a job beside the job itself. */
interface JobNews {
  readonly logs: readonly LogEntry[]
  /** The result could not be posted to the job's `result_url`. */
  readonly isUnposted?: boolean
}

const unposted = { message: 'Process completed but unable to post to result_url' }

/** The job dict. Bodies that lie in the file store are read for it. */
export async function presentJob(job: Job, { logs, isUnposted = false }: JobNews, files: FileStore) {
  return {
    job_id: job.id,
    job_type: job.type,
    status: status[job.state],
    data: job.state === 'done' && job.result && job.result.type === null ? JSON.parse(await readJson(files, job.result)) : null,
    error: presentError(job) ?? (isUnposted ? unposted : null),
    requested_timestamp: presentTime(job.createdAt),
    finished_timestamp: presentTimeOrNull(job.finishedAt),
    sent_data: (job.data && (await sentValue(job.data, files))) ?? {},
    aps_job_id: job.pool === 'sync' ? null : job.id,
    result_url: job.resultUrl,
    metadata: job.metadata === null ? {} : exactJson(job.metadata),
    logs: logs.map((entry) => presentLog(entry, job)),
    progress: job.progress,
    waiting: job.state === 'queued' ? waits[job.lane] : null,
  }
}

/** How the posting of a result goes; of a job that has not ended, nothing yet. */
export const presentPosting = (posting: Posting | undefined) => ({
  status: postingStatus[posting?.state ?? 'waiting'],
  tries: posting?.tries ?? 0,
  error: posting?.error ?? null,
  next_try: presentTimeOrNull(posting?.nextAt ?? null),
})

const postingStatus: Readonly<Record<Posting['state'], 'pending' | 'complete' | 'error'>> = {
  waiting: 'pending',
  delivered: 'complete',
  failed: 'error',
}

/** What was submitted, as it was: numbers too, but in data of megabytes, where that would take too long. */
const sentValue = async (data: Body, files: FileStore): Promise<unknown> =>
  data.json === null ? JSON.parse(await readJson(files, data)) : exactJson(data.json)

const ownType = (job: Job): unknown => {
  const metadata: unknown = job.metadata === null ? null : JSON.parse(job.metadata)
  return typeof metadata === 'object' && metadata !== null && Object.hasOwn(metadata, 'mimetype') ? Reflect.get(metadata, 'mimetype') : undefined
}

const withCharset = (type: string) => (/^text\//i.test(type) ? `${type}; charset=utf-8` : type)

/** The media type of a job's raw result: what its metadata says, what its function says, else what it is. */
export function mediaTypeOf(job: Job, fallback: string): string {
  return withCharset(bareMediaType(ownType(job)) ?? bareMediaType(job.result?.type) ?? fallback)
}

import { Type } from 'typebox'
import { limits } from '../../base/limits.ts'
import type { JobFilter } from '../../jobs/job-store.ts'
import { maxDays } from '../../jobs/manage.ts'
import { HttpError } from '../server/errors.ts'
import { queryOf } from '../server/query-string.ts'

const defaultLimit = 100
const maxLimit = 1000

/** What `GET /job` takes. */
export const JobsQuery = Type.Object(
  {
    _limit: Type.Optional(Type.Integer({ minimum: 0, default: defaultLimit, description: `more than ${maxLimit} counts as ${maxLimit}` })),
    _offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
    _status: Type.Optional(Type.String({ description: '`pending`, `complete` or `error`; another word finds nothing' })),
  },
  { additionalProperties: Type.String({ description: 'a value of the metadata' }) },
)
export const DaysQuery = Type.Object({
  days: Type.Optional(Type.Integer({ minimum: 0, description: 'jobs that ended more days ago; MILLRACE_KEEP_JOBS_DAYS unless given' })),
})
export const JobQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0, description: 'so many of the newest lines of the log, the newest first' })),
})

const refused = (message: string) => new HttpError(409, message)

/** What `GET /job` asks for; undefined when nothing can match. Every parameter but three is a filter by metadata. */
export function parseListQuery(url: string): Omit<JobFilter, 'viewer'> | undefined {
  const parameters = queryOf(url)
  const status = parameters.get('_status') ?? undefined
  const filter = {
    limit: Math.min(parseWhole(parameters, '_limit', defaultLimit), maxLimit),
    offset: parseWhole(parameters, '_offset', 0),
    metadata: [...parameters].filter(([key]) => key !== '_limit' && key !== '_offset' && key !== '_status'),
  }
  if (filter.metadata.length > limits.filters) throw refused(`a list takes at most ${limits.filters} filters by metadata`)
  if (filter.metadata.some(([key, value]) => `${key}${value}`.includes('\0'))) return undefined
  if (status === undefined || status === 'pending' || status === 'complete' || status === 'error') return { ...filter, status }
  return undefined
}

function parseWhole(parameters: URLSearchParams, name: string, fallback: number): number {
  const text = parameters.get(name)
  if (text === null) return fallback
  const value = Number(text)
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value)) throw refused(`${name} has to be a whole number that is not negative`)
  return value
}

/** `days` of `DELETE /job`; undefined for what is no number of days. */
export function parseDays(url: string, fallback: number): number | undefined {
  const text = queryOf(url).get('days')
  if (text === null) return fallback
  const value = Number(text)
  return /^\d+$/.test(text) && value <= maxDays ? value : undefined
}

/** How many of the newest log lines are wanted: undefined for all of them, in order. Throws `HttpError` 409. */
export function parseLogLimit(url: string): number | undefined {
  const parameters = queryOf(url)
  return parameters.has('limit') ? parseWhole(parameters, 'limit', 0) : undefined
}

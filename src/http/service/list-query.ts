import type { JobFilter } from '../../jobs/job-store.ts'
import { maxDays } from '../../jobs/manage.ts'
import { limits } from '../../limits.ts'
import { HttpError } from '../errors.ts'
import { queryOf } from '../form.ts'

const defaultLimit = 100
const maxLimit = 1000

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

/** How many of the newest log lines are wanted: undefined for all of them, in order. */
export function parseLogLimit(url: string): number | undefined {
  const text = queryOf(url).get('limit') ?? ''
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined
}

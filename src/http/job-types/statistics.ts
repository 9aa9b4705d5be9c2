import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Page, PageRequest } from '../../job-types/job-type.ts'
import type { ErrorRecord } from '../../jobs/error-record.ts'
import {
  listPending,
  listRunning,
  listSystemFailures,
  listTypeStatus,
  type TypeFailures,
  type TypeStatus,
} from '../../jobs/statistics/type-statistics.ts'
import { queryOf } from '../server/query-string.ts'
import { contextOf } from '../server/session.ts'
import type { Hub } from '../server/surface.ts'
import { presentShort, presentTime } from './present.ts'
import { PageQuery, parseActive, parsePage, presentPage, StatusQuery } from './query.ts'
import { endOfTime, parseMoment } from './time.ts'

const defaultWindow = 'PT3H0M0S'

/** The job states in the words of the wire. */
const stateWords = { queued: 'QUEUED', running: 'RUNNING', done: 'COMPLETED', failed: 'FAILED', cancelled: 'CANCELED' } as const
const categories = { system: 'SYSTEM', job: 'ALGORITHM', data: 'DATA' } as const

/** Counts of waiting, running and ended jobs by type. */
export function addStatistics(app: FastifyInstance, hub: Hub): void {
  const { config } = hub.base
  const answer = <T>(request: FastifyRequest, page: Page<T>, { asked, present }: { asked: PageRequest; present: (item: T) => unknown }) =>
    presentPage(page, { url: request.url, siteUrl: config.siteUrl, size: asked.size }, present)
  const about = (summary: string, querystring: object = PageQuery) => ({ schema: { summary, tags: ['job types'], querystring } })
  app.get('/v6/job-types/status', about('Jobs of each type, by state', StatusQuery), async (request) => {
    const query = queryOf(request.url)
    const asked = parsePage(query)
    const page = await listTypeStatus(contextOf(request), { filter: parseActive(query), ...parseWindow(query, hub.base.clock()), page: asked })
    return answer(request, page, { asked, present: presentStatus })
  })
  app.get('/v6/job-types/pending', about('Types with waiting jobs, the longest wait first'), async (request) => {
    const asked = parsePage(queryOf(request.url))
    const present = presentLoad('longest_pending')
    return answer(request, await listPending(contextOf(request), asked), { asked, present })
  })
  app.get('/v6/job-types/running', about('Types with running jobs, the longest run first'), async (request) => {
    const asked = parsePage(queryOf(request.url))
    const present = presentLoad('longest_running')
    return answer(request, await listRunning(contextOf(request), asked), { asked, present })
  })
  app.get('/v6/job-types/system-failures', about('Jobs that failed by a system error, by type and error'), async (request) => {
    const asked = parsePage(queryOf(request.url))
    return answer(request, await listSystemFailures(contextOf(request), asked), { asked, present: presentFailures })
  })
}

function parseWindow(query: URLSearchParams, now: number) {
  const ended = query.get('ended')
  return {
    from: parseMoment('started', query.get('started') ?? defaultWindow, now),
    to: ended === null ? endOfTime : parseMoment('ended', ended, now),
  }
}

const presentStatus = ({ jobType, states }: TypeStatus) => ({
  job_type: presentShort(jobType),
  job_counts: states.map((entry) => ({
    status: stateWords[entry.state],
    count: entry.count,
    most_recent: presentTime(entry.mostRecent),
    category: entry.class && categories[entry.class],
  })),
})

const presentLoad =
  (word: 'longest_pending' | 'longest_running') =>
  ({ jobType, count, since }: { jobType: TypeStatus['jobType']; count: number; since: number }) => ({
    job_type: presentShort(jobType),
    count,
    [word]: presentTime(since),
  })

const presentFailures = ({ jobType, error, count, firstAt, lastAt }: TypeFailures) => ({
  job_type: presentShort(jobType),
  error: presentError(error),
  count,
  first_error: presentTime(firstAt),
  last_error: presentTime(lastAt),
})

/** The built-in errors are part of the program, so all have the date of their list. */
const errorsMadeAt = presentTime(Date.UTC(2026, 0, 1))

const presentError = (error: ErrorRecord) => ({
  id: error.id,
  name: error.name,
  title: error.title,
  description: error.description,
  job_type_name: null,
  category: error.category,
  is_builtin: true,
  should_be_retried: error.shouldBeRetried,
  created: errorsMadeAt,
  last_modified: errorsMadeAt,
})

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { DomainError } from '../../base/errors.ts'
import { hasUnknownKey } from '../../context.ts'
import { editJobType, registerJobType, requireJobType } from '../../job-types/edit.ts'
import { listRevisions, showJobType, showRevision } from '../../job-types/job-type.ts'
import { listJobTypeNames, listJobTypes } from '../../job-types/list.ts'
import { type Unchecked, validateJobType } from '../../job-types/manifest/check.ts'
import { demand } from '../../job-types/policy.ts'
import { parseJson } from '../server/body.ts'
import { defaultStatus, HttpError } from '../server/errors.ts'
import { queryOf } from '../server/query-string.ts'
import { contextOf } from '../server/session.ts'
import type { Answer, Hub, Surface } from '../server/surface.ts'
import { presentDetails, presentJobType, presentName, presentRevision, presentRevisionDetails, presentVerdict } from './present.ts'
import {
  ListQuery,
  notFoundText,
  PageQuery,
  parseActive,
  parseNameQuery,
  parsePage,
  parseRef,
  parseRevisionNum,
  parseVersionQuery,
  presentPage,
  VersionsQuery,
} from './query.ts'
import { collectFields, EditBody, FieldsQuery, NewBody, parseEdit, parseNew, parseValidation, ValidationBody, warningsAbout } from './schema.ts'
import { addStatistics } from './statistics.ts'

/** The registry of versioned job types, with the routes of Scale's v6 API. */
export const jobTypesSurface: Surface = {
  name: 'job-types',
  paths: ['v6'],
  routes(app, hub) {
    addLists(app, hub)
    addStatistics(app, hub)
    addRevisions(app, hub)
    addChanges(app, hub)
  },
  fault(error, request): Answer {
    if (error instanceof HttpError) return { status: error.status, body: { detail: error.message } }
    if (error.code === 'not_found') return { status: 404, body: { detail: notFoundText } }
    if (isUnknownCaller(error, request)) return { status: 401, body: { detail: missingCredentials(request) } }
    return { status: defaultStatus[error.code], body: { detail: error.message } }
  },
}

/** Anonymous callers get 401; known ones without the right get 403. */
const isUnknownCaller = (error: DomainError, request: FastifyRequest) => error.code === 'forbidden' && request.context?.actor.kind !== 'user'

const missingCredentials = ({ context }: FastifyRequest) =>
  context && hasUnknownKey(context.actor) ? 'The API key is not known.' : 'Authentication credentials were not provided.'

const about = (summary: string, more: object = {}) => ({ schema: { summary, tags: ['job types'], ...more } })

interface VersionPath {
  Params: { name: string; version: string }
}
interface RevisionPath {
  Params: { name: string; version: string; revision: string }
}

function addLists(app: FastifyInstance, hub: Hub): void {
  const { config } = hub.base
  app.get('/v6/job-type-names', about('Names of job types, with their versions', { querystring: ListQuery }), async (request) => {
    const query = parseNameQuery(queryOf(request.url))
    const page = await listJobTypeNames(contextOf(request), query)
    return presentPage(page, { url: request.url, siteUrl: config.siteUrl, size: query.page.size }, presentName)
  })
  app.get('/v6/job-types', about('All versions of all job types', { querystring: ListQuery }), async (request) => {
    const query = parseVersionQuery(queryOf(request.url))
    const page = await listJobTypes(contextOf(request), query)
    return presentPage(page, { url: request.url, siteUrl: config.siteUrl, size: query.page.size }, presentJobType)
  })
  app.get<{ Params: { name: string } }>(
    '/v6/job-types/:name',
    about('All versions of one job type, newest first', { querystring: VersionsQuery }),
    async (request) => {
      const { name } = parseRef({ ...request.params, version: '0' })
      const parameters = queryOf(request.url)
      const query = { filter: { ...parseActive(parameters), name }, order: [], page: parsePage(parameters) }
      const page = await listJobTypes(contextOf(request), query)
      return presentPage(page, { url: request.url, siteUrl: config.siteUrl, size: query.page.size }, presentJobType)
    },
  )
  app.get<VersionPath>('/v6/job-types/:name/:version', about('One version of a job type, with manifest and configuration'), async (request) => {
    return presentDetails(await showJobType(contextOf(request), parseRef(request.params)))
  })
}

function addRevisions(app: FastifyInstance, hub: Hub): void {
  const { config } = hub.base
  app.get<VersionPath>(
    '/v6/job-types/:name/:version/revisions',
    about('The revisions of a version, newest first', { querystring: PageQuery }),
    async (request) => {
      const wanted = parsePage(queryOf(request.url))
      const { jobType, page } = await listRevisions(contextOf(request), parseRef(request.params), wanted)
      return presentPage(page, { url: request.url, siteUrl: config.siteUrl, size: wanted.size }, (revision) => presentRevision(jobType, revision))
    },
  )
  app.get<RevisionPath>('/v6/job-types/:name/:version/revisions/:revision', about('One revision, with its manifest'), async (request) => {
    const { jobType, revision } = await showRevision(contextOf(request), parseRef(request.params), parseRevisionNum(request.params.revision))
    return presentRevisionDetails(jobType, revision)
  })
}

function addChanges(app: FastifyInstance, hub: Hub): void {
  app.post(
    '/v6/job-types',
    about('Registers a job type, a version, or a new revision of a known one', { body: NewBody, querystring: FieldsQuery }),
    async (request, reply) => {
      const ctx = contextOf(request)
      demand(ctx.actor, 'change')
      const given = collectFields(await readObject(request), queryOf(request.url))
      const input = parseNew(given)
      const { outcome, jobType, warnings } = await registerJobType(ctx, input)
      if (outcome === 'edited') return presentVerdict({ faults: [], warnings: [...warnings, ...warningsAbout(given)] })
      const location = `${hub.base.config.siteUrl}/v6/job-types/${jobType.name}/${encodeURIComponent(jobType.version)}/`
      return reply.code(201).header('location', location).send(presentDetails(jobType))
    },
  )
  app.post(
    '/v6/job-types/validation',
    about('Checks a manifest and a configuration and stores nothing', { body: ValidationBody, querystring: FieldsQuery }),
    async (request) => {
      const ctx = contextOf(request)
      demand(ctx.actor, 'validate')
      const given = collectFields(await readObject(request), queryOf(request.url))
      const { faults, warnings } = validateJobType(ctx, parseValidation(given))
      return presentVerdict({ faults, warnings: [...warnings, ...warningsAbout(given)] })
    },
  )
  app.patch<VersionPath>(
    '/v6/job-types/:name/:version',
    about('Edits a version of a job type', { body: EditBody, querystring: FieldsQuery }),
    async (request) => {
      const ctx = contextOf(request)
      demand(ctx.actor, 'change')
      const ref = parseRef(request.params)
      await requireJobType(ctx, ref)
      const given = collectFields(await readObject(request), queryOf(request.url))
      const warnings = await editJobType(ctx, ref, parseEdit(given))
      return presentVerdict({ faults: [], warnings: [...warnings, ...warningsAbout(given)] })
    },
  )
}

/** The JSON object of a body; a missing body is an empty object. The parser's message is not shown, since it may quote a secret. */
async function readObject(request: FastifyRequest): Promise<Unchecked> {
  const body = request.body
  if (!(body instanceof Uint8Array) || body.length === 0) return {}
  const value = await parseQuietly(Buffer.from(body))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new HttpError(400, 'the body must be a JSON object')
  return value as Unchecked
}

async function parseQuietly(body: Buffer): Promise<unknown> {
  try {
    return await parseJson(body)
  } catch (error) {
    if (error instanceof HttpError && error.status === 400) throw new HttpError(400, 'JSON parse error: the body is not JSON')
    throw error
  }
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { keyOf } from '../../auth/caller.ts'
import { type Context, hasUnknownKey } from '../../context.ts'
import { readJson } from '../../jobs/body.ts'
import type { Job } from '../../jobs/job.ts'
import { clearJobs, countJobsByStatus, deleteJob, findPostingOf, getJob, getLog, isUnposted, listJobs, stopJob } from '../../jobs/manage.ts'
import { type Limits, QueueLimits } from '../../jobs/queue/limits.ts'
import { ResultWaiter } from '../../jobs/submit/result-waiter.ts'
import { getSubmitted, submitJob } from '../../jobs/submit/submit.ts'
import { strangersPolicy } from '../server/answer-headers.ts'
import { callerAddress } from '../server/caller-address.ts'
import { HttpError, retryAfter } from '../server/errors.ts'
import { contextOf } from '../server/session.ts'
import type { Answer, Hub, Surface } from '../server/surface.ts'
import { DaysQuery, JobQuery, JobsQuery, parseDays, parseListQuery, parseLogLimit } from './list-query.ts'
import { LastEventHeader, logStreamer } from './log-stream.ts'
import { addLogin } from './login.ts'
import { mediaTypeOf, presentError, presentJob, presentPosting } from './present.ts'
import { IdempotencyHeader, parseSubmission, publicNames, SubmissionBody } from './schema.ts'
import { SubmissionRate } from './submission-rate.ts'

/** Beyond which submissions are refused; what is not given is as usual. */
interface ServiceLimits {
  readonly perSecond?: ConstructorParameters<typeof SubmissionRate>[0]
  readonly queue?: Limits
}

/** Functions as synchronous and asynchronous jobs, as CKAN Service Provider has them. */
export function makeServiceSurface(limits: ServiceLimits): Surface {
  return {
    name: 'job service',
    paths: ['job', 'status', 'login', 'logout', 'user'],
    routes(app, hub) {
      app.addHook('onSend', async (_request, reply) => {
        if (reply.getHeader('content-type') === 'application/json; charset=utf-8') reply.header('content-type', jsonType)
      })
      addStatus(app, hub)
      addSubmit(app, hub, limits)
      addJobs(app, hub)
      addPosting(app)
      addLogStream(app, hub)
      addManage(app, hub)
      addLogin(app, hub)
    },
    fault,
  }
}

/** Clients of the old service compare the bare type. */
const jsonType = 'application/json'

const fault: Surface['fault'] = (error, request): Answer => {
  const { status, body, headers } = faultOf(error, request)
  return { status, body: Buffer.from(JSON.stringify(body)), headers: { ...headers, 'content-type': jsonType } }
}

const faultOf: Surface['fault'] = (error, request): Answer => {
  if (isUndecodable(error)) return undecodable(request)
  if (error instanceof HttpError) return { status: error.status, body: { error: error.message } }
  if (error.code === 'not_found') return { status: 404, body: { error: 'job_id not found' } }
  if (error.code === 'forbidden') return { status: 403, body: { error: isKeyUnknown(request) ? unknownKey : 'not authorized' } }
  if (error.code === 'unavailable') return { status: 503, body: { error: error.message }, headers: retryAfter }
  return { status: 409, body: { error: error.message } }
}

const unknownKey = "not authorized: the key is neither an API key that is known nor this job's own"
const isKeyUnknown = ({ context }: FastifyRequest) => context !== undefined && hasUnknownKey(context.actor)

const isUndecodable = ({ cause }: Error) => (cause as { code?: string } | undefined)?.code === 'FST_ERR_BAD_URL'

/** An id that is no percent-encoded UTF-8 is no job's, and cannot become one's. */
function undecodable({ method, url }: FastifyRequest): Answer {
  const isSubmission = method === 'POST' && /^\/job\/[^/?]+\/?(?:\?|$)/.test(url)
  if (isSubmission) return { status: 409, body: { error: 'job_id has to be percent-encoded UTF-8' } }
  return { status: 404, body: { error: 'job_id not found' } }
}

/** The job service with its usual limits. */
export const serviceSurface: Surface = makeServiceSurface({})

const about = (summary: string, more: object = {}) => ({ schema: { summary, tags: ['job service'], ...more } })

interface JobPath {
  Params: { id: string }
}

/** What was asked for, and the text that may be the job's own key. */
function askedFor(request: FastifyRequest<JobPath>): { id: string; presentedKey: string | undefined } {
  const header = request.headers['x-ckan-api-key']
  const ckanKey = (Array.isArray(header) ? header[0] : header)?.trim()
  return { id: request.params.id, presentedKey: ckanKey || keyOf(request.headers.authorization) }
}

/** The job dict with what is told of the job: all of its log, or so many of the newest lines. */
async function showJob(ctx: Context, job: Job, newest?: number) {
  return presentJob(job, { logs: await getLog(ctx, job, newest), isUnposted: await isUnposted(ctx, job) }, ctx.files)
}

function addStatus(app: FastifyInstance, hub: Hub): void {
  app.get('/status', about('Version, job types and name of the service, and its jobs by status'), async () => ({
    version: 0.1,
    job_types: publicNames(hub.types),
    name: hub.base.config.siteTitle,
    stats: await countJobsByStatus(hub.base),
  }))
}

function addSubmit(app: FastifyInstance, hub: Hub, { perSecond, queue }: ServiceLimits): void {
  const { store, config } = hub.base
  const results = new ResultWaiter(store, { callbackTimeoutMs: config.callbackTimeout * 1000 })
  const [rate, limits] = [new SubmissionRate(perSecond), new QueueLimits(store, queue)]
  app.addHook('onClose', async () => results.close())
  const submit = async (request: FastifyRequest<{ Params: { id?: string } }>, reply: FastifyReply) => {
    const ctx = contextOf(request)
    const { type, ...submission } = await parseSubmission(
      {
        id: request.params.id,
        body: request.body as Buffer | undefined,
        contentType: request.headers['content-type'],
        address: callerAddress(request, config),
        idempotency: idempotencyOf(request),
      },
      hub,
    )
    rate.admit(submission, ctx.clock())
    const submitted = await submitJob(ctx, { type, ...submission }, { limits, runner: hub.jobs })
    await results.waitFor(submitted, { type, resultUrl: submission.resultUrl })
    // A job that was not waited for is shown as it was stored.
    const { job, jobKey } = (type.mode === 'async' && submitted.made) || (await getSubmitted(ctx, submitted))
    if (type.mode === 'sync' && job.result && job.result.type !== null)
      return sendRaw(reply.headers({ 'x-job-id': encodeURI(submitted.id), 'x-job-key': jobKey }), job, hub)
    return { ...(await showJob(ctx, job)), job_key: jobKey }
  }
  app.post('/job', about('Submits a job', { body: SubmissionBody, headers: IdempotencyHeader }), submit)
  app.post('/job/:id', about('Submits a job under an id of your own', { body: SubmissionBody, headers: IdempotencyHeader }), submit)
}

function idempotencyOf(request: FastifyRequest<{ Params: { id?: string } }>) {
  const header = request.headers['idempotency-key']
  const key = Array.isArray(header) ? header[0] : header
  if (key === undefined) return undefined
  if (key === '' || key.length > 255) throw new HttpError(409, 'Idempotency-Key has to have 1 to 255 characters')
  const body = Buffer.isBuffer(request.body) ? request.body.toString('latin1') : ''
  return { key, requestDigest: contextOf(request).vault.digest(`${request.params.id ?? ''}\n${body}`) }
}

function addJobs(app: FastifyInstance, hub: Hub): void {
  app.get(
    '/job',
    about('Addresses of jobs, the newest first; every other parameter filters by metadata', { querystring: JobsQuery }),
    async (request) => {
      const query = parseListQuery(request.url)
      const ids = query ? await listJobs(contextOf(request), query) : []
      return { list: ids.map((id) => `/job/${encodeURIComponent(id)}`) }
    },
  )
  app.get<JobPath>('/job/:id', about('One job, with its log', { querystring: JobQuery }), async (request) => {
    const ctx = contextOf(request)
    const job = await getJob(ctx, askedFor(request).id, askedFor(request).presentedKey)
    return showJob(ctx, job, parseLogLimit(request.url))
  })
  app.get<JobPath>('/job/:id/data', about('The raw result of a job'), async (request, reply) => {
    const asked = askedFor(request)
    const job = await getJob(contextOf(request), asked.id, asked.presentedKey)
    if (job.error) return reply.code(409).send({ error: presentError(job) })
    if (job.state !== 'done') throw new HttpError(409, 'job is pending')
    return sendRaw(reply, job, hub)
  })
}

/** The result as bytes: what the function produced, the text that it returned, or the JSON of anything else. */
async function sendRaw(reply: FastifyReply, job: Job, { base }: Hub): Promise<FastifyReply> {
  reply.header('content-security-policy', strangersPolicy)
  if (job.result?.file && job.result.type !== null) {
    return reply.type(mediaTypeOf(job, 'application/octet-stream')).send(await base.files.open(job.result.file))
  }
  const json = job.result ? await readJson(base.files, job.result) : 'null'
  const value: unknown = json.startsWith('"') ? JSON.parse(json) : undefined
  if (typeof value === 'string') return reply.type(mediaTypeOf(job, 'text/plain')).send(Buffer.from(value))
  return reply.type(mediaTypeOf(job, 'application/json')).send(Buffer.from(json))
}

function addPosting(app: FastifyInstance): void {
  app.get<JobPath>('/job/:id/callback', about('How the posting of the result to `result_url` goes'), async (request) => {
    const ctx = contextOf(request)
    const asked = askedFor(request)
    const job = await getJob(ctx, asked.id, asked.presentedKey)
    if (job.resultUrl === null) throw new HttpError(404, 'the job has no result_url')
    return presentPosting(await findPostingOf(ctx, job))
  })
}

function addLogStream(app: FastifyInstance, hub: Hub): void {
  const stream = logStreamer(app, hub)
  app.get<JobPath>(
    '/job/:id/log',
    about('The log of a job as server-sent events, while it runs', { headers: LastEventHeader }),
    async (request, reply) => {
      const asked = askedFor(request)
      return stream(request, reply, await getJob(contextOf(request), asked.id, asked.presentedKey))
    },
  )
}

function addManage(app: FastifyInstance, hub: Hub): void {
  app.delete('/job', about('Clears away jobs that ended long ago', { querystring: DaysQuery }), async (request) => {
    await clearJobs(contextOf(request), parseDays(request.url, hub.base.config.keepJobsDays))
    return { success: true }
  })
  app.delete<JobPath>('/job/:id', about('Deletes a job with its log and metadata'), async (request) => {
    await deleteJob(contextOf(request), hub.types, askedFor(request))
    return { success: true }
  })
  app.post<JobPath>('/job/:id/cancel', about('Stops a job without deleting it'), async (request) => {
    const ctx = contextOf(request)
    await stopJob(ctx, hub.types, askedFor(request))
    const job = await getJob(ctx, askedFor(request).id, askedFor(request).presentedKey)
    return showJob(ctx, job)
  })
}

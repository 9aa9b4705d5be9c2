import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import multipart from '@fastify/multipart'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type HTTPMethods,
  LogController,
} from 'fastify'
import { limits } from '../../base/limits.ts'
import { addCommonHeaders, addCors, addProtocolChecks, answerClientError, commonHeaders } from './answer-headers.ts'
import { multipartOptions } from './body.ts'
import { addBodyWatch } from './body-watch.ts'
import { asKnownError, HttpError, refusalFor, retryAfter, usualStatus } from './errors.ts'
import { addHubRoutes } from './hub-routes.ts'
import { addNegotiation } from './negotiation.ts'
import { addOpenApi } from './openapi.ts'
import { addQueryCheck } from './query-check.ts'
import { hasLongQuery } from './query-string.ts'
import { addSessions } from './session.ts'
import type { Answer, Hub, Surface } from './surface.ts'

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

const mediaType = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/

/** Builds the HTTP server of all surfaces; it does not listen. */
export async function buildServer(hub: Hub, surfaces: readonly Surface[]): Promise<FastifyInstance> {
  const answerFault = faultAnswerer(surfaces)
  const app: FastifyInstance = fastify({
    loggerInstance: hub.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: hub.base.config.maxBody,
    // Headers have their time; that of a body depends on its size, see `addBodyWatch`.
    http: { headersTimeout: 60_000, connectionsCheckingInterval: 5_000, requireHostHeader: false },
    requestTimeout: 0,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2000 },
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    // What comes while the hub stops is served, and its connection closed.
    return503OnClosing: false,
    frameworkErrors: answerFault,
    clientErrorHandler: answerClientError,
  })
  await app.register(cookie)
  await addNegotiation(app)
  // Each surface reads bodies by its own rules (a form may hold JSON, a bad body has its own answer), so all come as bytes.
  app.removeAllContentTypeParsers()
  await app.register(multipart, multipartOptions(hub.base.config))
  // The usual types stand beside `*` because a type that is known by its text is not taken apart for every request.
  for (const type of ['application/json', 'application/x-www-form-urlencoded', '*']) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  }
  // Schemas describe routes for the OpenAPI page; a surface that wants them to validate sets a compiler of its own.
  app.setValidatorCompiler(() => () => true)
  addCommonHeaders(app)
  addProtocolChecks(app)
  addQueryLimit(app)
  addBodyWatch(app)
  addContentTypes(app)
  addCors(app)
  addSessions(app, hub)
  addQueryCheck(app)
  addRequestLog(app)
  app.setErrorHandler(answerFault)
  app.setNotFoundHandler((request, reply) => answerFault(new HttpError(404, 'there is nothing here'), request, reply))
  const offered = collectRoutes(app)
  await addOpenApi(app, hub)
  addHubRoutes(app, hub)
  for (const surface of surfaces) await app.register(async (scope) => surface.routes(scope, hub))
  addWrongMethods(app, offered)
  return app
}

/** A query string has an end; what is wrong with it is said in the form of the surface. */
function addQueryLimit(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    done(hasLongQuery(request.url) ? new HttpError(400, `the query string has more than ${limits.fields} parameters`) : undefined)
  })
}

/** A content type that is none counts as bytes: what they are good for is said by the surface, in its form. */
function addContentTypes(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const type = request.headers['content-type']
    if (type && !mediaType.test(type)) request.headers['content-type'] = 'application/octet-stream'
    done()
  })
}

/** One line for each request. */
function addRequestLog(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    const path = request.url.split('?', 1)[0]
    request.log.info({ method: request.method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'request')
    done()
  })
}

/** Answers whatever goes wrong in the form of the surface whose path it is. */
function faultAnswerer(surfaces: readonly Surface[]) {
  const owner = new Map(surfaces.flatMap((surface) => surface.paths.map((path) => [path, surface])))
  return (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const known = refusalFor(asKnownError(error), request.context)
    if (known instanceof HttpError && known.status >= 500) request.log.error({ err: known.cause ?? known }, 'a bug or a broken peer')
    const surface = owner.get(request.url.slice(1).split(/[/?]/, 1)[0] ?? '') ?? owner.get('')
    const answer: Answer = surface?.fault(known, request) ?? plainFault(known)
    const own = known instanceof HttpError ? known.headers : known.code === 'unavailable' ? retryAfter : {}
    // What is no path of ours has met no hook, and a route may have set headers for another answer.
    return reply
      .code(answer.status)
      .headers({ ...commonHeaders, ...own, ...answer.headers })
      .send(answer.body)
  }
}

/** Which methods each URL pattern offers; filled while routes are added. */
function collectRoutes(app: FastifyInstance): Map<string, Set<HTTPMethods>> {
  const offered = new Map<string, Set<HTTPMethods>>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = offered.get(url) ?? new Set()
    for (const one of [method].flat()) known.add(one as HTTPMethods)
    offered.set(url, known)
  })
  return offered
}

/** Every method that a URL does not offer answers 405 with `Allow`. */
function addWrongMethods(app: FastifyInstance, offered: ReadonlyMap<string, ReadonlySet<HTTPMethods>>): void {
  for (const [url, known] of [...offered]) {
    const missing = methods.filter((method) => !known.has(method) && !(method === 'HEAD' && known.has('GET')))
    if (missing.length === 0) continue
    const allow = [...known].join(', ')
    const handler = async (request: FastifyRequest) => {
      throw new HttpError(405, `${request.method} is not offered here; use ${allow}`, { headers: { allow } })
    }
    app.route({ method: missing, url, handler, schema: { hide: true } as object })
  }
}

/** The form of errors outside of every surface. */
function plainFault(error: ReturnType<typeof asKnownError>): Answer {
  return { status: error instanceof HttpError ? error.status : usualStatus[error.code], body: { error: error.message } }
}

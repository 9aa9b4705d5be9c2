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
import { asKnownError, defaultStatus, HttpError, refusalFor, retryAfter } from './errors.ts'
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
    // The time limit of headers; that of a body depends on its size, see `addBodyWatch`.
    http: { headersTimeout: 60_000, connectionsCheckingInterval: 5_000, requireHostHeader: false },
    requestTimeout: 0,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2000 },
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    // Requests that arrive while the hub stops are served, and their connections closed.
    return503OnClosing: false,
    frameworkErrors: answerFault,
    clientErrorHandler: answerClientError,
  })
  await app.register(cookie)
  await addNegotiation(app)
  // Each surface parses bodies by its own rules (a form may hold JSON, errors have its own form), so all bodies are read as bytes.
  app.removeAllContentTypeParsers()
  await app.register(multipart, multipartOptions(hub.base.config))
  // Common types are listed besides `*`, since Fastify finds a type that is listed literally without parsing it.
  for (const type of ['application/json', 'application/x-www-form-urlencoded', '*']) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  }
  // Schemas describe routes for OpenAPI. A surface that validates by them sets its own compiler.
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

/** Limits the parameters of a query string; the surface answers the error in its form. */
function addQueryLimit(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    done(hasLongQuery(request.url) ? new HttpError(400, `the query string has more than ${limits.fields} parameters`) : undefined)
  })
}

/** An invalid Content-Type is treated as application/octet-stream; the surface decides whether it accepts such a body. */
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

/** Answers every error in the form of the surface that owns the path. */
function faultAnswerer(surfaces: readonly Surface[]) {
  const owner = new Map(surfaces.flatMap((surface) => surface.paths.map((path) => [path, surface])))
  return (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const known = refusalFor(asKnownError(error), request.context)
    if (known instanceof HttpError && known.status >= 500) request.log.error({ err: known.cause ?? known }, 'request failed with an internal error')
    const surface = owner.get(request.url.slice(1).split(/[/?]/, 1)[0] ?? '') ?? owner.get('')
    const answer: Answer = surface?.fault(known, request) ?? plainFault(known)
    const own = known instanceof HttpError ? known.headers : known.code === 'unavailable' ? retryAfter : {}
    // An unmatched path has run no hook, and a route may have set headers for another answer.
    return reply
      .code(answer.status)
      .headers({ ...commonHeaders, ...own, ...answer.headers })
      .send(answer.body)
  }
}

/** The methods of each URL pattern; filled while routes are added. */
function collectRoutes(app: FastifyInstance): Map<string, Set<HTTPMethods>> {
  const offered = new Map<string, Set<HTTPMethods>>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = offered.get(url) ?? new Set()
    for (const one of [method].flat()) known.add(one as HTTPMethods)
    offered.set(url, known)
  })
  return offered
}

/** Answers 405 with `Allow` for every method that a URL does not support. */
function addWrongMethods(app: FastifyInstance, offered: ReadonlyMap<string, ReadonlySet<HTTPMethods>>): void {
  for (const [url, known] of [...offered]) {
    const missing = methods.filter((method) => !known.has(method) && !(method === 'HEAD' && known.has('GET')))
    if (missing.length === 0) continue
    const allow = [...known].join(', ')
    const handler = async (request: FastifyRequest) => {
      throw new HttpError(405, `${request.method} is not supported here; use ${allow}`, { headers: { allow } })
    }
    app.route({ method: missing, url, handler, schema: { hide: true } as object })
  }
}

/** The form of errors outside of all surfaces. */
function plainFault(error: ReturnType<typeof asKnownError>): Answer {
  return { status: error instanceof HttpError ? error.status : defaultStatus[error.code], body: { error: error.message } }
}

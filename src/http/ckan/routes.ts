import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DomainError, notFound } from '../../base/errors.ts'
import type { Input } from '../../catalogue/field-reader.ts'
import { requireSite } from '../../catalogue/policy.ts'
import { anonymous, type Context } from '../../context.ts'
import { HttpError, refusalFor } from '../server/errors.ts'
import { queryOf } from '../server/query-string.ts'
import { contextOf } from '../server/session.ts'
import type { Answer, Surface } from '../server/surface.ts'
import type { Action, Call } from './action.ts'
import { actions } from './actions/actions.ts'
import { failure, failureText, jsonType, success } from './envelope.ts'
import { readCall } from './input/body.ts'
import { readMultipart } from './input/multipart.ts'
import { parseParameters } from './input/parameter.ts'
import { toJson } from './json-text.ts'
import { addUtilRoutes } from './util-routes.ts'

const prefixes: readonly Call['prefix'][] = ['/api/action', '/api/3/action']

/** CKAN's Action API. */
export const actionSurface: Surface = {
  name: 'action',
  paths: ['api'],
  routes(app) {
    for (const version of ['', '/1', '/2', '/3']) {
      const answer = { version: version.slice(1) || '1' }
      app.get(`/api${version}`, { schema: { summary: 'Version of the API', tags: ['catalogue'] } }, async () => answer)
    }
    addUtilRoutes(app)
    for (const prefix of prefixes) {
      for (const [name, action] of actions) addAction(app, { name, action, call: { prefix } })
      app.route({ method: ['GET', 'POST'], url: `${prefix}/:name`, schema: { hide: true } as object, handler: unknownAction })
    }
  },
  /** Faults of the protocol; `answerRefusals` answers the errors of actions. */
  fault(error): Answer {
    if (error instanceof DomainError) return failure(error, { help: null, isLenient: false })
    if (error.status < 500) return { status: error.status, body: JSON.stringify(error.message), headers: jsonType }
    return { status: error.status, body: failureText(null, 'Internal Server Error', { message: 'Internal Server Error' }), headers: jsonType }
  },
}

interface NamedAction {
  readonly name: string
  readonly action: Action
  readonly call: Call
}

function addAction(app: FastifyInstance, { name, action, call }: NamedAction): void {
  const url = `${call.prefix}/${name}`
  const handler = (request: FastifyRequest, reply: FastifyReply) => answerAction(request, reply, { name, action, call })
  app.post(url, { schema: { summary: action.help, tags: ['catalogue'], body: action.input } }, handler)
  app.get(url, { schema: { hide: true } as object }, handler)
}

async function unknownAction(request: FastifyRequest): Promise<never> {
  requireSite(contextOf(request), 'read')
  const { name } = request.params as { name: string }
  throw new HttpError(400, `Bad request - Action name not known: ${name}`)
}

async function answerAction(request: FastifyRequest, reply: FastifyReply, named: NamedAction): Promise<FastifyReply> {
  const { action, call } = named
  const { effect } = action
  const callback = callbackOf(request)
  const ctx = callback === undefined ? contextOf(request) : { ...contextOf(request), actor: anonymous }
  requireSite(ctx, 'read')
  if (effect === 'write' && request.method !== 'POST') throw new HttpError(400, `Bad request - ${named.name} changes something: use POST`)
  const mayBeEmpty = call.prefix === '/api/3/action'
  const answer = await answerRefusals(ctx, named, async () => {
    if (request.isMultipart()) return runMultipart(ctx, request, named)
    return runAction(ctx, { action, call }, await readCall(request, { effect, mayBeEmpty }))
  })
  reply.code(answer.status).headers(answer.headers ?? jsonType)
  if (callback === undefined || answer.status !== 200) return reply.send(answer.body)
  reply.header('content-type', 'application/javascript;charset=utf-8')
  return reply.send(`${callback}(${answer.body});`)
}

async function runMultipart(ctx: Context, request: FastifyRequest, { action, call }: NamedAction): Promise<unknown> {
  const { input, upload } = await readMultipart(ctx, request, action.upload)
  if (!upload) return runAction(ctx, { action, call }, input)
  try {
    return await runAction(ctx, { action, call: { ...call, upload } }, input)
  } finally {
    await ctx.files.discard(upload.file)
  }
}

/** Runs an action on unchecked parameters; returns the `result` of its answer. */
async function runAction(ctx: Context, { action, call }: Omit<NamedAction, 'name'>, input: Input): Promise<unknown> {
  const result = await action.run(ctx, parseParameters(action.input, input), call)
  return action.present ? action.present(result, ctx) : result
}

/**
 * Runs an action for a caller within the hub, as `POST /api/3/action/NAME` would, and returns its `result` as JSON text.
 * Throws the errors of the domain, also `not_found` for an unknown action.
 */
export async function callAction(ctx: Context, name: string, input: Input): Promise<string> {
  requireSite(ctx, 'read')
  const action = actions.get(name)
  if (!action) throw notFound('action', name)
  return toJson(await runAction(ctx, { action, call: { prefix: '/api/3/action' } }, input))
}

async function answerRefusals(ctx: Context, { action, call }: NamedAction, run: () => Promise<unknown>): Promise<Answer> {
  try {
    return { status: 200, body: success(action.successHead, await run()) }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const isLenient = call.prefix === '/api/action' && action.era === 2011
    return failure(refusalFor(error, ctx), { help: action.help, isLenient, asSearch: action.isSearch && error.code === 'invalid' })
  }
}

const callbackName = /^[A-Za-z_$][A-Za-z0-9_$.]{0,127}$/

/** The function that a JSONP call names. Such a call counts as anonymous, because pages of other sites make it. */
function callbackOf(request: FastifyRequest): string | undefined {
  if (!request.url.includes('callback=')) return undefined
  const callback = queryOf(request.url).get('callback')
  if (callback === null) return undefined
  if (!callbackName.test(callback)) throw new HttpError(400, 'Bad request - callback must be the name of a function')
  return callback
}

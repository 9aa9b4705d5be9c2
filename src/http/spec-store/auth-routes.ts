import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Authorization, authorizeFor, findUserBy, findUserId } from '../../auth/authorize.ts'
import { publicKeyText } from '../../auth/service-token.ts'
import type { User } from '../../auth/user-store.ts'
import { notFound, unknownKeyText } from '../../base/errors.ts'
import { type Context, hasUnknownKey } from '../../context.ts'
import { HttpError } from '../server/errors.ts'
import { contextOf } from '../server/session.ts'
import type { Hub } from '../server/surface.ts'
import { about, authorizeTakes, checkTakes, ResolveQuery } from './schema.ts'
import { queryText, tokenOf } from './token.ts'

/** The token service; disabled with an external `AUTH_SERVER`. */
export function addAuthRoutes(app: FastifyInstance, hub: Hub): void {
  app.get('/auth/authorize', about('A token for a service, for a known caller', authorizeTakes), async (request) => {
    const service = queryText(request, 'service') ?? ''
    const found = await authorizeFor(ownContext(request), { service, credential: tokenOf(request) })
    return found ? presentAuthorization(found) : { permissions: {}, error: await reasonFor(request) }
  })
  app.get('/auth/public-key', about('The key that tokens are checked with, PEM'), async (request, reply) => {
    return reply.type('text/plain; charset=utf-8').send(await publicKeyText({ ...ownContext(request), log: hub.log }))
  })
  app.get('/auth/check', about('Who calls', checkTakes), async (request) => {
    const user = await findUserBy(ownContext(request), tokenOf(request))
    return user ? presentCheck(user) : { authenticated: false, providers: {}, ...(hasCredential(request) && { error: unknownText(request) }) }
  })
  app.get('/auth/resolve', about('The id of a user', { querystring: ResolveQuery }), async (request) => {
    const username = queryText(request, 'username')
    if (!username) throw new HttpError(400, 'username is missing: name a user, such as ?username=maria')
    return { userid: (await findUserId(ownContext(request), username)) ?? null }
  })
}

function ownContext(request: FastifyRequest): Context {
  const ctx = contextOf(request)
  if (ctx.config.authServer !== undefined) throw notFound('token service', 'tokens are given out by AUTH_SERVER')
  return ctx
}

const hasCredential = (request: FastifyRequest) => tokenOf(request) !== undefined || hasUnknownKey(contextOf(request).actor)

/** A text with dots is treated as a token. */
const unknownText = (request: FastifyRequest) =>
  tokenOf(request)?.includes('.') ? 'the token is not valid, or is one for a service: send an API key' : unknownKeyText

/** Why a caller gets no token. */
async function reasonFor(request: FastifyRequest): Promise<string> {
  if (await findUserBy(ownContext(request), tokenOf(request))) return 'service is missing: name one, such as ?service=source'
  return hasCredential(request) ? unknownText(request) : 'no API key was sent: send it in the header Authorization'
}

function presentAuthorization(found: Authorization) {
  return { userid: found.userId, permissions: found.permissions, service: found.service, token: found.token }
}

function presentCheck(user: User) {
  const { id, name, fullname, email } = user
  return { authenticated: true, profile: { id, username: name, name: fullname ?? name, email, avatar_url: null } }
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { findCaller } from '../../auth/caller.ts'
import { forgetCredentials, usesCredentials } from '../../auth/first-sysadmin.ts'
import type { Config } from '../../config.ts'
import { type Actor, anonymous, type Context } from '../../context.ts'
import type { Hub } from './surface.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `addSessions` before any handler runs. */
    context: Context | undefined
  }
}

/** Name of the cookie that holds a login. */
export const sessionCookie = 'millrace_session'

/** The context of a request, with its caller and logger. */
export function contextOf(request: FastifyRequest): Context {
  if (!request.context) throw new Error('the request has no context yet')
  return request.context
}

/** Identifies the caller before each handler. */
export function addSessions(app: FastifyInstance, hub: Hub): void {
  const { config } = hub.base
  let pending = hub.firstSysadmin
  app.decorateRequest('context', undefined)
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request
    const enter = (actor: Actor) => {
      if (pending !== undefined && usesCredentials(pending, actor)) {
        pending = undefined
        // If this fails, the next start shows them again.
        forgetCredentials(hub.base).catch((error) => request.log.warn({ err: error }, 'could not record that the first credentials were used'))
      }
      request.context = { ...hub.base, actor, log: request.log as Context['log'] }
      done()
    }
    // Most requests are anonymous: they need no query, and no asynchronous hook.
    if (!headers.authorization && headers.cookie === undefined && headers['x-ckan-api-key'] === undefined) return enter(anonymous)
    const caller = findCaller(hub.base, {
      sessionCookie: request.cookies[sessionCookie],
      ckanKey: single(headers['x-ckan-api-key']),
      authorization: headers.authorization,
      trustsCookie: isSafe(request.method) || isOwnSite(request, config),
    })
    caller.then(enter, done)
  })
}

const single = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)
const isSafe = (method: string) => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

/**
 * Whether a request does not come from a page of another site, by `Sec-Fetch-Site` and `Origin`. A change that
 * is authorized by the cookie alone is accepted only then, and so are login and logout.
 */
export function isOwnSite({ headers, host, protocol }: FastifyRequest, { siteUrl }: Pick<Config, 'siteUrl'>): boolean {
  const site = single(headers['sec-fetch-site'])
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  return headers.origin === undefined || headers.origin === new URL(siteUrl).origin || headers.origin === `${protocol}://${host}`
}

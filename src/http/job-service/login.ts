import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { hasLoggedIn, logIn } from '../../auth/login.ts'
import { endSession, findSession } from '../../auth/session.ts'
import { findUserById } from '../../auth/user-store.ts'
import { unavailable } from '../../base/errors.ts'
import { asSentence } from '../pages/fault-page.ts'
import { loginPage } from '../pages/login-page.ts'
import { pagePolicy } from '../server/answer-headers.ts'
import { parseJson } from '../server/body.ts'
import { callerAddress } from '../server/caller-address.ts'
import { asKnownError, defaultStatus, HttpError, retryAfter } from '../server/errors.ts'
import { addCompression, prefersPage } from '../server/negotiation.ts'
import { parseForm } from '../server/query-string.ts'
import { contextOf, isOwnSite, sessionCookie } from '../server/session.ts'
import type { Hub } from '../server/surface.ts'
import { LoginTries } from './login-tries.ts'

/** Bodies of logins may wait for their turn, so they are small. */
const maxLoginBody = 65_536

interface Credentials {
  readonly username: string
  readonly password: string
}

const NextQuery = Type.Object({
  next: Type.Optional(Type.String({ description: 'a path of this hub to go to afterwards; anything else leads to /user, and browsers to /' })),
})
const LoginBody = Type.Object({ username: Type.String(), password: Type.String() })

const about = (summary: string, more: object = {}) => ({ schema: { summary, tags: ['job service'], ...more } })

/** `/login`, `/logout`, `/user`: the session that people and programs of the job service have. */
export function addLogin(app: FastifyInstance, hub: Hub): void {
  app.register(async (scope) => {
    await addCompression(scope)
    addLoginRoutes(scope, hub)
  })
}

function addLoginRoutes(app: FastifyInstance, hub: Hub): void {
  const { config } = hub.base
  const judge = loginJudge(app)
  const secure = config.siteUrl.startsWith('https:')
  const login = async (request: FastifyRequest, reply: FastifyReply) => {
    const ctx = contextOf(request)
    const { [sessionCookie]: session } = request.cookies
    if (session && (await findSession(ctx.store.db, ctx, session))) return reply.redirect(nextOf(request), 302)
    const given = await credentialsOf(request)
    if (!given) return refuse(request, reply, 'missing')
    if (!isOwnSite(request, config)) return refuse(request, reply, 'foreign')
    try {
      const value = await judge(request, given)
      if (value === undefined) return refuse(request, reply, 'wrong')
      reply.setCookie(sessionCookie, value, { path: '/', httpOnly: true, sameSite: 'lax', secure })
      return reply.redirect(nextOf(request), 302)
    } catch (error) {
      return showFault(request, reply, error)
    }
  }
  app.get('/login', about('Logs in by basic auth, or shows the form', { querystring: NextQuery }), login)
  app.post(
    '/login',
    {
      ...about('Logs in by form, JSON or basic auth', { querystring: NextQuery, body: LoginBody }),
      bodyLimit: Math.min(maxLoginBody, config.maxBody),
    },
    login,
  )
  const logout = async (request: FastifyRequest, reply: FastifyReply) => {
    const value = request.cookies[sessionCookie]
    if (!isOwnSite(request, config)) return reply.redirect(nextOf(request), 302)
    if (value) await endSession(contextOf(request), value)
    return reply.clearCookie(sessionCookie, { path: '/' }).redirect(nextOf(request), 302)
  }
  app.get('/logout', about('Logs out', { querystring: NextQuery }), logout)
  app.post('/logout', about('Logs out', { querystring: NextQuery }), logout)
  app.get('/user', about('Who is logged in'), async (request) => {
    const { actor, store } = contextOf(request)
    const found = actor.kind === 'user' ? await findUserById(store.db, actor.id) : undefined
    if (!found) return { id: null, name: 'Anonymous', is_active: false, is_anonymous: true }
    return { id: found.user.no, name: found.user.name, is_active: true, is_anonymous: false }
  })
}

/** What checks name and password, after the delay that is due: the value of the session's cookie, or undefined. Throws a 429, a 503. */
function loginJudge(app: FastifyInstance) {
  const tries = new LoginTries()
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())
  return async (request: FastifyRequest, { username: name, password }: Credentials): Promise<string | undefined> => {
    const ctx = contextOf(request)
    const from = { name, address: callerAddress(request, ctx.config) }
    const current = tries.begin(from, performance.now())
    let hasFailed = false
    try {
      if (current.delayMs > 0 && !(await hasLoggedIn(ctx, from))) await pause(current.delayMs, undefined, { signal: stopping.signal })
      const value = await logIn(ctx, { ...from, password })
      hasFailed = value === undefined
      return value
    } catch (error) {
      if (stopping.signal.aborted) throw unavailable('the hub is stopping; try again in a few seconds', error)
      throw error
    } finally {
      if (!hasFailed) current.forget()
    }
  }
}

const refusals = {
  missing: 'Log in with name and password, by form or by basic auth.',
  wrong: 'The name or the password is wrong. Check both and try again.',
  foreign: 'This login came from a page of another site, so it was ignored. Log in here.',
} as const

function refuse(request: FastifyRequest, reply: FastifyReply, why: keyof typeof refusals): FastifyReply {
  const text = refusals[why]
  if (prefersPage(request)) {
    const status = { missing: 200, wrong: 401, foreign: 403 }[why]
    return sendForm(request, reply.code(status), why === 'missing' ? undefined : text)
  }
  if (why === 'foreign') return reply.code(403).type('text/plain; charset=utf-8').send(text)
  return reply.code(401).header('www-authenticate', 'Basic realm="Login Required"').type('text/plain; charset=utf-8').send(text)
}

function sendForm(request: FastifyRequest, reply: FastifyReply, alert: string | undefined): FastifyReply {
  reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy })
  return reply.send(String(loginPage(contextOf(request), { alert, target: nextOf(request) })))
}

/** Programs get the error in the form of the job service; people get the login form again, with the reason. */
function showFault(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const known = asKnownError(error)
  const status = known instanceof HttpError ? known.status : defaultStatus[known.code]
  if (!prefersPage(request) || !(status === 429 || status === 503)) throw error
  const headers = known instanceof HttpError ? known.headers : retryAfter
  return sendForm(request, reply.code(status).headers(headers), asSentence(known.message))
}

/** Where to go afterwards: a path of this very site. */
function nextOf(request: FastifyRequest): string {
  const fallback = prefersPage(request) ? '/' : '/user'
  const next = new URL(request.url, 'http://hub').searchParams.get('next') ?? ''
  if (!/^\/[^\\\s]*$/.test(next) || !URL.canParse(next, 'http://hub')) return fallback
  const { origin, pathname, search, hash } = new URL(next, 'http://hub')
  // `/x/..//host` has become `//host` only now.
  return origin === 'http://hub' && !pathname.startsWith('//') ? `${pathname}${search}${hash}` : fallback
}

/** Basic auth wins over what the body says. */
async function credentialsOf(request: FastifyRequest): Promise<Credentials | undefined> {
  const basic = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString('utf8')
    const at = text.indexOf(':')
    return at < 0 ? undefined : storable(text.slice(0, at), text.slice(at + 1))
  }
  if (!Buffer.isBuffer(request.body) || request.body.length === 0) return undefined
  const type = request.headers['content-type'] ?? ''
  const fields = /json/i.test(type) ? await jsonFields(request.body) : formFields(request.body)
  // A body of another type may hold anything, so its fields are not quoted in an error.
  if (/json|x-www-form-urlencoded/i.test(type)) refuseOthers(fields)
  return storable(fields['username'], fields['password'])
}

/** Throws `HttpError` 400 for a field that a login does not have. */
function refuseOthers(fields: Record<string, unknown>): void {
  const extra = Object.keys(fields).find((name) => !Object.hasOwn(LoginBody.properties, name))
  if (extra !== undefined) throw new HttpError(400, `unknown field ${extra.slice(0, 100)}; a login has the fields username and password`)
}

function storable(username: unknown, password: unknown): Credentials | undefined {
  if (typeof username !== 'string' || typeof password !== 'string') return undefined
  if (!username || username.length > 255 || username.includes('\0') || !username.isWellFormed()) return undefined
  return { username, password }
}

const formFields = (body: Buffer): Record<string, unknown> => Object.fromEntries(parseForm(body))

/** A body that is not a JSON object has no credentials. */
async function jsonFields(body: Buffer): Promise<Record<string, unknown>> {
  try {
    const value = await parseJson(body)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    if (error instanceof HttpError && error.status === 400) return {}
    throw error
  }
}

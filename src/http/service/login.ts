import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { endSession, findSession, startSession } from '../../auth/session.ts'
import { checkPassword } from '../../auth/user.ts'
import { findUserById } from '../../auth/user-store.ts'
import { parseJson } from '../body.ts'
import { HttpError } from '../errors.ts'
import { parseForm } from '../form.ts'
import { prefersHtml } from '../pages/accept.ts'
import { contextOf, sessionCookie } from '../session.ts'
import type { Hub } from '../surface.ts'
import { loginPage } from './login-page.ts'

const windowMs = 60_000
const maxFailures = 30
const maxNames = 10_000

/** Failed logins by name, so that passwords cannot be tried by the thousand. */
class FailedLogins {
  readonly #byName = new Map<string, { since: number; count: number }>()

  isTooMany(name: string, now: number): boolean {
    const failed = this.#byName.get(name)
    return failed !== undefined && now - failed.since < windowMs && failed.count >= maxFailures
  }

  add(name: string, now: number): void {
    const failed = this.#byName.get(name)
    const isRecent = failed !== undefined && now - failed.since < windowMs
    this.#byName.delete(name)
    this.#byName.set(name, isRecent ? { since: failed.since, count: failed.count + 1 } : { since: now, count: 1 })
    if (this.#byName.size > maxNames) this.#byName.delete(this.#byName.keys().next().value ?? '')
  }
}

interface Credentials {
  readonly username: string
  readonly password: string
}

const about = (summary: string) => ({ schema: { summary, tags: ['job service'] } })

/** `/login`, `/logout`, `/user`: the session that people and programs of the job service have. */
export function addLogin(app: FastifyInstance, hub: Hub): void {
  const failures = new FailedLogins()
  const isSecure = hub.base.config.siteUrl.startsWith('https:')
  const login = async (request: FastifyRequest, reply: FastifyReply) => {
    const ctx = contextOf(request)
    const target = nextOf(request)
    const { [sessionCookie]: session } = request.cookies
    if (session && (await findSession(ctx.store.db, ctx, session))) return reply.redirect(target, 302)
    const given = credentialsOf(request)
    if (given && failures.isTooMany(given.username, ctx.clock()))
      throw new HttpError(429, 'too many failed logins', { headers: { 'retry-after': '60' } })
    const user = given && (await checkPassword(ctx, given.username, given.password))
    if (!user) {
      if (given) failures.add(given.username, ctx.clock())
      return refuse(request, reply, given !== undefined)
    }
    const value = await startSession(ctx, user.id)
    return reply.setCookie(sessionCookie, value, { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure }).redirect(target, 302)
  }
  app.get('/login', about('Logs in by basic auth, or shows the form'), login)
  app.post('/login', about('Logs in by form, JSON or basic auth'), login)
  app.get('/logout', about('Logs out'), async (request, reply) => {
    const value = request.cookies[sessionCookie]
    if (value) await endSession(contextOf(request), value)
    return reply.clearCookie(sessionCookie, { path: '/' }).redirect(nextOf(request), 302)
  })
  app.get('/user', about('Who is logged in'), async (request) => {
    const { actor, store } = contextOf(request)
    const found = actor.kind === 'user' ? await findUserById(store.db, actor.id) : undefined
    if (!found) return { id: null, name: 'Anonymous', is_active: false, is_anonymous: true }
    return { id: found.user.no, name: found.user.name, is_active: true, is_anonymous: false }
  })
}

function refuse(request: FastifyRequest, reply: FastifyReply, hasTried: boolean): FastifyReply {
  if (prefersHtml(request.headers.accept)) {
    return reply
      .code(hasTried ? 401 : 200)
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
      .send(loginPage({ hasFailed: hasTried, target: nextOf(request) }))
  }
  const text = hasTried ? 'The name or the password is wrong.' : 'Log in with name and password, by form or by basic auth.'
  return reply.code(401).header('www-authenticate', 'Basic realm="Login Required"').type('text/plain; charset=utf-8').send(text)
}

/** Where to go afterwards: a path of this very site. */
function nextOf(request: FastifyRequest): string {
  const next = new URL(request.url, 'http://hub').searchParams.get('next') ?? ''
  if (!/^\/[^\\\s]*$/.test(next) || !URL.canParse(next, 'http://hub')) return '/user'
  const { origin, pathname, search, hash } = new URL(next, 'http://hub')
  // `/x/..//host` has become `//host` only now.
  return origin === 'http://hub' && !pathname.startsWith('//') ? `${pathname}${search}${hash}` : '/user'
}

/** Basic auth wins over what the body says. */
function credentialsOf(request: FastifyRequest): Credentials | undefined {
  const basic = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString('utf8')
    const at = text.indexOf(':')
    return at < 0 ? undefined : storable(text.slice(0, at), text.slice(at + 1))
  }
  if (!Buffer.isBuffer(request.body) || request.body.length === 0) return undefined
  const fields = /json/i.test(request.headers['content-type'] ?? '') ? jsonFields(request.body) : formFields(request.body)
  return storable(fields['username'], fields['password'])
}

function storable(username: unknown, password: unknown): Credentials | undefined {
  if (typeof username !== 'string' || typeof password !== 'string') return undefined
  if (!username || username.length > 255 || username.includes('\0') || !username.isWellFormed()) return undefined
  return { username, password }
}

const formFields = (body: Buffer): Record<string, unknown> => Object.fromEntries(parseForm(body))

/** A body that is no JSON names nobody, as one with other fields. */
function jsonFields(body: Buffer): Record<string, unknown> {
  try {
    const value = parseJson(body)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    if (error instanceof HttpError && error.status === 400) return {}
    throw error
  }
}

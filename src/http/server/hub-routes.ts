import type { FastifyInstance, FastifyRequest } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { Type } from 'typebox'
import { forbidden } from '../../base/errors.ts'
import { requireSite } from '../../catalogue/policy.ts'
import { hiddenFromChanges } from '../../catalogue/search/sql/visible.ts'
import { isSysadmin } from '../../context.ts'
import { lastChange, openPages, pageOfAll } from '../../store/changes.ts'
import { isFromOwnMachine } from './caller-address.ts'
import { HttpError } from './errors.ts'
import { contextOf, isOwnSite } from './session.ts'
import type { Hub } from './surface.ts'

const maxChanges = 1000

const pageOfOpen = openPages(hiddenFromChanges)

const ChangesQuery = Type.Object({
  since: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: 'changes after this number' })),
  limit: Type.Optional(Type.Integer({ minimum: 0, default: 100, description: `how many at most; more than ${maxChanges} count as ${maxChanges}` })),
})

/** The routes of the hub as a whole: health, metrics, the feed of changes. */
export function addHubRoutes(app: FastifyInstance, hub: Hub): void {
  addHealth(app, hub)
  addMetrics(app, hub)
  app.get('/changes', { schema: { summary: 'What has changed since a number, oldest first', querystring: ChangesQuery } }, async (request) => {
    const ctx = contextOf(request)
    requireSite(ctx, 'read')
    const since = wholeParameter(request, 'since', 0)
    const limit = Math.min(wholeParameter(request, 'limit', 100), maxChanges)
    const { changes, last } = await (isSysadmin(ctx.actor) ? pageOfAll : pageOfOpen)(ctx.store.db, since, limit)
    return { changes: changes.map((one) => ({ ...one, at: new Date(one.at).toISOString() })), last }
  })
}

function addHealth(app: FastifyInstance, hub: Hub): void {
  app.get('/health', { schema: { summary: 'Whether the hub and its database answer' } }, async (request, reply) => {
    try {
      await lastChange(hub.base.store.db)
      return { status: 'ok' }
    } catch (error) {
      request.log.error({ err: error }, 'health check failed: the database does not answer')
      return reply.code(503).send({ status: 'unavailable' })
    }
  })
}

function addMetrics(app: FastifyInstance, hub: Hub): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const seconds = new Histogram({
    name: 'millrace_http_request_seconds',
    help: 'Time from request to answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  })
  new Gauge({
    name: 'millrace_search_rebuild_datasets',
    help: 'Datasets whose words are still to be read anew after an upgrade; 0 when searches are whole',
    registers: [registry],
    collect() {
      this.set(hub.base.search?.rebuild?.left ?? 0)
    },
  })
  const known = new Map<string, Histogram.Internal<'method' | 'route' | 'status'>>()
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const name = `${request.method} ${reply.statusCode} ${route}`
    let series = known.get(name)
    if (!series) {
      series = seconds.labels(request.method, route, String(reply.statusCode))
      known.set(name, series)
    }
    series.observe(reply.elapsedTime / 1000)
    done()
  })
  app.get('/metrics', { schema: { summary: 'Metrics for Prometheus' } }, async (request, reply) => {
    if (!mayReadMetrics(request)) throw forbidden(metricsRefusal)
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

const metricsRefusal =
  'the metrics are for sysadmins, by their API key or a token, and for callers on the machine of the hub; MILLRACE_PUBLIC_METRICS=1 makes them public'

function mayReadMetrics(request: FastifyRequest): boolean {
  const { actor, config } = contextOf(request)
  // Refuses a browser on the hub's machine that requests them for a page of another site.
  return config.publicMetrics || isSysadmin(actor) || (isFromOwnMachine(request, config) && isOwnSite(request, config))
}

/** Parses a query parameter that is a whole number from 0 on. */
function wholeParameter(request: FastifyRequest, name: string, fallback: number): number {
  const value = (request.query as Record<string, unknown>)[name]
  if (value === undefined) return fallback
  if (typeof value !== 'string' || !/^\d{1,15}$/.test(value))
    throw new HttpError(400, `${name} must be a whole number from 0 on, got ${JSON.stringify(value)}`)
  return Number(value)
}

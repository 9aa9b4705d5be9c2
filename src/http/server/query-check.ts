import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpError } from './errors.ts'
import { queryOf } from './query-string.ts'

/** The part of a JSON Schema that lists the query parameters of a route. */
interface QuerySchema {
  readonly properties?: Readonly<Record<string, { readonly type?: unknown }>>
  /** Patterns of names that are accepted and ignored. */
  readonly patternProperties?: Readonly<Record<string, unknown>>
  /** Present if a route accepts parameters of any name, each any number of times. */
  readonly additionalProperties?: unknown
}

/** Tracking parameters that newsletters, advertisers and social networks append to links: accepted and ignored. */
export const appendedToLinks = { '^utm_|clid$': {} } as const

/**
 * Refuses, with 400, query parameters that a route does not declare in `schema.querystring`, and repeated ones of which the route reads one value.
 * Actions check their own parameters, and hidden routes have none, so both are skipped.
 */
export function addQueryCheck(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    done(request.url.includes('?') ? faultOf(request) : undefined)
  })
}

interface DescribedRoute {
  readonly querystring?: QuerySchema
  readonly hide?: boolean
}

function faultOf({ url, routeOptions }: FastifyRequest): HttpError | undefined {
  const route = routeOptions.schema as DescribedRoute | undefined
  if (!route || route.hide || /^\/api\/(?:3\/)?action\//.test(url)) return undefined
  const schema = route.querystring ?? {}
  const counts = new Map<string, number>()
  for (const name of queryOf(url).keys()) counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const [name, count] of counts) {
    const declared = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined
    if (declared ? count > 1 && declared.type !== 'array' : !takesAny(schema, name)) return refusal(name, declared ? undefined : schema)
  }
  return undefined
}

const takesAny = (schema: QuerySchema, name: string) =>
  Boolean(schema.additionalProperties) || Object.keys(schema.patternProperties ?? {}).some((pattern) => new RegExp(pattern).test(name))

/** With the route's `schema` the parameter is unknown; without one it was repeated. */
function refusal(name: string, schema: QuerySchema | undefined): HttpError {
  const shown = name.slice(0, 100)
  if (!schema) return new HttpError(400, `the query parameter ${shown} was sent more than once; send it once`)
  const known = Object.keys(schema.properties ?? {})
  const taken = known.length > 0 ? `the parameters here are ${known.join(', ')}` : 'there are no parameters here'
  return new HttpError(400, `unknown query parameter ${shown}; ${taken}`)
}

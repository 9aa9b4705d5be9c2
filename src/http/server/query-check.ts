import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpError } from './errors.ts'
import { queryOf } from './query-string.ts'

/** The part of a JSON Schema that says which query parameters a route takes. */
interface QuerySchema {
  readonly properties?: Readonly<Record<string, { readonly type?: unknown }>>
  /** Patterns of names that are taken and mean nothing here. */
  readonly patternProperties?: Readonly<Record<string, unknown>>
  /** Present where a route takes parameters of any name, each of them any number of times. */
  readonly additionalProperties?: unknown
}

/** What newsletters, advertisers and social networks append to links for people: taken, and without effect. */
export const appendedToLinks = { '^utm_|clid$': {} } as const

/**
 * Refuses, with 400, query parameters that a route does not declare in `schema.querystring`, and those that come twice although the route reads one.
 * Actions read their parameters by rules of their own, and hidden routes have none: both are left alone.
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

/** `schema` is that of the route where it does not know the parameter; without one the parameter came twice. */
function refusal(name: string, schema: QuerySchema | undefined): HttpError {
  const shown = name.slice(0, 100)
  if (!schema) return new HttpError(400, `the query parameter ${shown} came more than once; send it once`)
  const known = Object.keys(schema.properties ?? {})
  const taken = known.length > 0 ? `the parameters here are ${known.join(', ')}` : 'there are no parameters here'
  return new HttpError(400, `unknown query parameter ${shown}; ${taken}`)
}

import type { FastifyRequest } from 'fastify'
import { queryOf } from '../server/query-string.ts'

/** A parameter of the query string; the first one if repeated. */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  return queryOf(request.url).get(name) ?? undefined
}

/** The caller's token: the header `Auth-Token`, else `?jwt=`. */
export function tokenOf(request: FastifyRequest): string | undefined {
  const header = request.headers['auth-token']
  const token = (Array.isArray(header) ? header[0] : header)?.trim() || queryText(request, 'jwt')
  return token || undefined
}

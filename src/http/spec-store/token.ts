import type { FastifyRequest } from 'fastify'
import { queryOf } from '../server/query-string.ts'

/** One text of the query string; of several the first. */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  return queryOf(request.url).get(name) ?? undefined
}

/** The token that a caller brings along: the header `Auth-Token`, else `?jwt=`. */
export function tokenOf(request: FastifyRequest): string | undefined {
  const header = request.headers['auth-token']
  const token = (Array.isArray(header) ? header[0] : header)?.trim() || queryText(request, 'jwt')
  return token || undefined
}

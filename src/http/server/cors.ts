import type { FastifyInstance } from 'fastify'

/** A preflight of any path is answered 200 with an empty body; that any page may call is said by every answer (`commonHeaders`). */
export function addCors(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method !== 'OPTIONS') return done()
    const asked = request.headers['access-control-request-headers']
    reply.headers({
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers': typeof asked === 'string' ? asked : 'Authorization, Content-Type, X-CKAN-API-Key, Auth-Token, Idempotency-Key',
      'access-control-max-age': '86400',
    })
    reply.code(200).send('')
  })
}

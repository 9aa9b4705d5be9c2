import type { FastifyInstance } from 'fastify'

/** Any page may call any route, without credentials; a preflight of any path is answered 200 with an empty body. */
export function addCors(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('access-control-allow-origin', '*')
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

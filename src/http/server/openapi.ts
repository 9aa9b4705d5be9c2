import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { addCompression } from './negotiation.ts'
import type { Hub } from './surface.ts'

/** Collects the schemas of all routes that are added after it, and serves them at `/openapi.json`. */
export async function addOpenApi(app: FastifyInstance, hub: Hub): Promise<void> {
  const { config } = hub.base
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: config.siteTitle, version: '1', description: 'Catalogue, job service, job types and spec store of this hub.' },
      components: {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'Authorization' },
          token: { type: 'apiKey', in: 'header', name: 'Auth-Token' },
        },
      },
    },
  })
  await app.register(async (scope) => {
    await addCompression(scope)
    scope.get('/openapi.json', { schema: { summary: 'This description' } }, async () => ({ ...app.swagger(), servers: [{ url: config.siteUrl }] }))
  })
}

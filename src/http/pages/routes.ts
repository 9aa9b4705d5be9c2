import type { FastifyInstance } from 'fastify'
import { HttpError, usualStatus } from '../errors.ts'
import type { Answer, Hub, Surface } from '../surface.ts'
import { prefersHtml } from './accept.ts'
import { startPage } from './start-page.ts'

/** Pages for people, and the answer that programs get at the root. */
export const pagesSurface: Surface = {
  name: 'pages',
  paths: [''],
  routes: addPages,
  fault(error): Answer {
    return { status: error instanceof HttpError ? error.status : usualStatus[error.code], body: { error: error.message } }
  },
}

function addPages(app: FastifyInstance, hub: Hub): void {
  const { config } = hub.base
  const help = ({ siteTitle, siteUrl }: typeof config) =>
    `${siteTitle} is an open-data hub: catalogue at ${siteUrl}/api/action, jobs at ${siteUrl}/job, job types at ${siteUrl}/v6/job-types, flows at ${siteUrl}/source. Every route: ${siteUrl}/openapi.json`
  app.get('/', { schema: { summary: 'What this hub is, as JSON, or as a page for browsers' } }, async (request, reply) => {
    reply.header('vary', 'accept')
    if (!prefersHtml(request.headers.accept)) return { help: help(config) }
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(startPage({ title: config.siteTitle, url: config.siteUrl }))
  })
}

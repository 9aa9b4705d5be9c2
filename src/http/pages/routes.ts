import type { SafeHtml } from '@remix-run/html-template'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { showDataset } from '../../catalogue/dataset/read.ts'
import { requireSite } from '../../catalogue/policy.ts'
import type { Config } from '../../config.ts'
import { presentPackage } from '../ckan/present/dataset.ts'
import { pagePolicy } from '../server/answer-headers.ts'
import { defaultStatus, HttpError } from '../server/errors.ts'
import { addCompression, prefersPage } from '../server/negotiation.ts'
import { appendedToLinks } from '../server/query-check.ts'
import { contextOf } from '../server/session.ts'
import type { Answer, Surface } from '../server/surface.ts'
import { addAssets } from './assets.ts'
import { datasetPage, type PageDataset } from './dataset-page.ts'
import { faultPage } from './fault-page.ts'
import type { PageFrame } from './layout.ts'
import { findPage, pageSize, welcomeOf } from './page-search.ts'
import { conditionOf, facetTitles, maxPage, parseSearchUrl, type SearchAddress } from './search-address.ts'
import { isBeyondEnd, searchPage } from './search-page.ts'
import { startPage } from './start-page.ts'

/** Pages for people, the answer that programs get at the root, and what paths of no surface are answered. */
export const pagesSurface: Surface = {
  name: 'pages',
  paths: ['', 'dataset', 'assets'],
  async routes(app) {
    await addCompression(app)
    addAssets(app)
    addPages(app)
  },
  fault(error, request): Answer {
    const status = error instanceof HttpError ? error.status : defaultStatus[error.code]
    if (!request.context || !prefersPage(request)) return { status, body: { error: error.message } }
    const { actor, config } = request.context
    const page = faultPage({ config, actor, path: request.url }, { status, message: error.message })
    return { status, body: String(page), headers: pageHeaders }
  },
}

const about = (summary: string, properties: Parameters<typeof Type.Object>[0] = {}) => ({
  schema: { summary, tags: ['pages'], querystring: Type.Object(properties, { patternProperties: appendedToLinks }) },
})
const facetParameters = Object.entries(facetTitles).map(([field, title]) => [
  field,
  Type.Optional(Type.Array(Type.String(), { description: `${title}: datasets with this value only; more than one value narrows further` })),
])
const SearchQuery = {
  q: Type.Optional(Type.String({ description: 'the search, in the syntax of package_search' })),
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: maxPage, default: 1 })),
  ...Object.fromEntries(facetParameters),
}

const helpOf = ({ siteTitle, siteUrl }: Config) =>
  `${siteTitle} is an open-data hub: catalogue at ${siteUrl}/api/action, jobs at ${siteUrl}/job, job types at ${siteUrl}/v6/job-types, flows at ${siteUrl}/source. Every route: ${siteUrl}/openapi.json`

function addPages(app: FastifyInstance): void {
  app.get('/', about('What this hub is, as JSON, or as a page for browsers'), async (request, reply) => {
    const ctx = contextOf(request)
    if (!wantsPage(request, reply)) return { help: helpOf(ctx.config) }
    return sendPage(request, reply, async (frame) => startPage(frame, await welcomeOf(ctx)))
  })
  app.get('/dataset', about('The datasets that a search finds, as a page', SearchQuery), async (request, reply) => {
    const ctx = contextOf(request)
    const address = parseSearchUrl(request.url)
    if (!wantsPage(request, reply)) return reply.redirect(`/api/3/action/package_search?${searchParameters(address)}`, 302)
    return sendPage(request, reply, async (frame) => {
      const found = await findPage(ctx, address)
      if (isBeyondEnd(found)) reply.code(404)
      return searchPage(frame, found)
    })
  })
  app.get<{ Params: { name: string } }>('/dataset/:name', about('A dataset as a page; as JSON for programs'), async (request, reply) => {
    const ctx = contextOf(request)
    const show = async () => {
      requireSite(ctx, 'read')
      return presentPackage(await showDataset(ctx, request.params.name), ctx.config).text
    }
    if (!wantsPage(request, reply)) return reply.type('application/json; charset=utf-8').send(await show())
    return sendPage(request, reply, async (frame) => {
      const dataset: PageDataset = JSON.parse(await show())
      return datasetPage(frame, dataset)
    })
  })
}

/** The same search for programs. */
function searchParameters({ query, choices, page }: SearchAddress): URLSearchParams {
  const filter = choices.map(conditionOf).join(' ')
  const start = String((page - 1) * pageSize)
  return new URLSearchParams({ q: query, ...(filter === '' ? {} : { fq: filter }), rows: String(pageSize), start })
}

/** Whether the caller prefers a page. What is sent depends on who asks, and for what. */
function wantsPage(request: FastifyRequest, reply: FastifyReply): boolean {
  reply.header('vary', 'accept, cookie, authorization')
  return prefersPage(request)
}

/** Sends a page, or one that says why there is none. */
async function sendPage(request: FastifyRequest, reply: FastifyReply, make: (frame: PageFrame) => Promise<SafeHtml>): Promise<FastifyReply> {
  const ctx = contextOf(request)
  const frame = { config: ctx.config, actor: ctx.actor, path: request.url }
  reply.headers(pageHeaders)
  requireSite(ctx, 'read')
  return reply.send(String(await make(frame)))
}

const pageHeaders = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy }

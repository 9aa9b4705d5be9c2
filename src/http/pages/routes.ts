import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { DomainError } from '../../base/errors.ts'
import { showDataset } from '../../catalogue/dataset/read.ts'
import { requireSite } from '../../catalogue/policy.ts'
import type { Config } from '../../config.ts'
import { presentPackage } from '../ckan/present/dataset.ts'
import { pagePolicy } from '../server/answer-headers.ts'
import { HttpError, usualStatus } from '../server/errors.ts'
import { escapeHtml } from '../server/escape.ts'
import { renderMarkdown } from '../server/markdown.ts'
import { appendedToLinks } from '../server/query-check.ts'
import { queryOf } from '../server/query-string.ts'
import { contextOf } from '../server/session.ts'
import type { Answer, Surface } from '../server/surface.ts'
import { prefersHtml } from './accept.ts'
import { datasetPage, type PageDataset } from './dataset-page.ts'
import { layout, type PageFrame, searchUrl } from './layout.ts'
import { findPage, pageSize, welcomeOf } from './page-search.ts'
import { searchPage } from './search-page.ts'
import { startPage } from './start-page.ts'

const maxPage = 1_000_000

/** Pages for people, and the answer that programs get at the root. */
export const pagesSurface: Surface = {
  name: 'pages',
  paths: ['', 'dataset'],
  routes: addPages,
  fault(error, request): Answer {
    const status = error instanceof HttpError ? error.status : usualStatus[error.code]
    if (!request.context || !prefersHtml(request.headers.accept)) return { status, body: { error: error.message } }
    const { actor, config } = request.context
    const body = faultPage({ config, actor, path: request.url }, { status, message: error.message })
    return { status, body, headers: pageHeaders }
  },
}

const about = (summary: string, properties: Parameters<typeof Type.Object>[0] = {}) => ({
  schema: { summary, tags: ['pages'], querystring: Type.Object(properties, { patternProperties: appendedToLinks }) },
})
const SearchQuery = {
  q: Type.Optional(Type.String({ description: 'the search, in the syntax of package_search' })),
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: maxPage, default: 1 })),
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
    const query = queryOf(request.url)
    const asked = { query: query.get('q') ?? '', page: parsePageNumber(query.get('page')) }
    if (!wantsPage(request, reply)) return reply.redirect(`/api/3/action/package_search?${searchParameters(asked)}`, 302)
    return sendPage(request, reply, async (frame) => searchPage(frame, await findPage(ctx, asked)))
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
      return datasetPage(frame, dataset, dataset.notes ? renderMarkdown(dataset.notes) : '')
    })
  })
}

/** The number of a page, from 1. Throws `HttpError` 400 for anything else. */
function parsePageNumber(text: string | null): number {
  if (text === null) return 1
  const page = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (page < 1 || page > maxPage) throw new HttpError(400, `page has to be a whole number from 1 to ${maxPage}`)
  return page
}

/** The same search for programs. */
function searchParameters({ query, page }: { query: string; page: number }): URLSearchParams {
  return new URLSearchParams({ q: query, rows: String(pageSize), start: String((page - 1) * pageSize) })
}

/** Whether the caller would rather have a page. What is sent depends on who asks, and for what. */
function wantsPage(request: FastifyRequest, reply: FastifyReply): boolean {
  reply.header('vary', 'accept, cookie, authorization')
  return prefersHtml(request.headers.accept)
}

/** Sends a page, or one that says why there is none. */
async function sendPage(request: FastifyRequest, reply: FastifyReply, make: (frame: PageFrame) => Promise<string>): Promise<FastifyReply> {
  const { actor, config } = contextOf(request)
  const frame = { config, actor, path: request.url }
  reply.headers(pageHeaders)
  try {
    requireSite(contextOf(request), 'read')
    return reply.send(await make(frame))
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const status = usualStatus[error.code]
    return reply.code(status).send(faultPage(frame, { status, message: error.message }))
  }
}

const pageHeaders = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy }

const faultTitles: Readonly<Record<number, string>> = { 403: 'This is not for everybody', 404: 'There is nothing here' }

function faultPage(frame: PageFrame, { status, message }: { status: number; message: string }): string {
  const title = faultTitles[status] ?? 'This did not work'
  const next = status === 403 ? 'Log in as somebody who may read it.' : `Look through <a href="${searchUrl('')}">all datasets</a>.`
  return layout(frame, { title, content: `<h1>${title}</h1><p>${escapeHtml(message.charAt(0).toUpperCase() + message.slice(1))}.</p><p>${next}</p>` })
}

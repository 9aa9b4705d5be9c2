import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { showDataset } from '../../catalogue/dataset-read.ts'
import { requireSite } from '../../catalogue/policy.ts'
import type { Config } from '../../config.ts'
import { DomainError } from '../../errors.ts'
import { presentPackage } from '../action/present-dataset.ts'
import { pagePolicy } from '../answer-headers.ts'
import { HttpError, usualStatus } from '../errors.ts'
import { renderMarkdown } from '../markdown.ts'
import { contextOf } from '../session.ts'
import type { Answer, Surface } from '../surface.ts'
import { prefersHtml } from './accept.ts'
import { datasetPage, type PageDataset } from './dataset-page.ts'
import { escapeHtml } from './escape.ts'
import { layout, type PageFrame, searchUrl } from './layout.ts'
import { findPage, welcomeOf } from './page-search.ts'
import { searchPage } from './search-page.ts'
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

const about = (summary: string) => ({ schema: { summary, tags: ['pages'] } })

const helpOf = ({ siteTitle, siteUrl }: Config) =>
  `${siteTitle} is an open-data hub: catalogue at ${siteUrl}/api/action, jobs at ${siteUrl}/job, job types at ${siteUrl}/v6/job-types, flows at ${siteUrl}/source. Every route: ${siteUrl}/openapi.json`

function addPages(app: FastifyInstance): void {
  app.get('/', about('What this hub is, as JSON, or as a page for browsers'), async (request, reply) => {
    const ctx = contextOf(request)
    if (!wantsPage(request, reply)) return { help: helpOf(ctx.config) }
    return sendPage(request, reply, async (frame) => startPage(frame, await welcomeOf(ctx)))
  })
  app.get<{ Querystring: { q?: unknown; page?: unknown } }>(
    '/dataset',
    about('The datasets that a search finds, as a page'),
    async (request, reply) => {
      const ctx = contextOf(request)
      const { q, page } = request.query
      const asked = { query: typeof q === 'string' ? q : '', page: Math.max(1, Math.min(Number.parseInt(String(page), 10) || 1, 1_000_000)) }
      if (!wantsPage(request, reply)) return reply.redirect(`/api/3/action/package_search?${new URLSearchParams({ q: asked.query })}`, 302)
      return sendPage(request, reply, async (frame) => searchPage(frame, await findPage(ctx, asked)))
    },
  )
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

/** Whether the caller would rather have a page. What is sent depends on who asks, and for what. */
function wantsPage(request: FastifyRequest, reply: FastifyReply): boolean {
  reply.header('vary', 'accept, cookie, authorization')
  return prefersHtml(request.headers.accept)
}

/** Sends a page, or one that says why there is none. */
async function sendPage(request: FastifyRequest, reply: FastifyReply, make: (frame: PageFrame) => Promise<string>): Promise<FastifyReply> {
  const { actor, config } = contextOf(request)
  const frame = { config, actor, path: request.url }
  reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy)
  try {
    requireSite(contextOf(request), 'read')
    return reply.send(await make(frame))
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return reply.code(usualStatus[error.code]).send(faultPage(frame, error))
  }
}

const faultTitles: Readonly<Partial<Record<DomainError['code'], string>>> = {
  not_found: 'There is nothing here',
  forbidden: 'This is not for everybody',
}

function faultPage(frame: PageFrame, { code, message }: DomainError): string {
  const title = faultTitles[code] ?? 'This did not work'
  const next = code === 'forbidden' ? 'Log in as somebody who may read it.' : `Look through <a href="${searchUrl('')}">all datasets</a>.`
  return layout(frame, { title, content: `<h1>${title}</h1><p>${escapeHtml(message.charAt(0).toUpperCase() + message.slice(1))}.</p><p>${next}</p>` })
}

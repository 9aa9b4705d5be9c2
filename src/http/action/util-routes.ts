import type { FastifyInstance, FastifyRequest } from 'fastify'
import { completeDatasets, completeFormats } from '../../catalogue/complete-store.ts'
import { FieldReader } from '../../catalogue/field-reader.ts'
import { requireSite } from '../../catalogue/policy.ts'
import { completeTags } from '../../catalogue/tag.ts'
import type { Context } from '../../context.ts'
import { queryOf } from '../form.ts'
import { contextOf } from '../session.ts'

interface Incomplete {
  readonly text: string
  readonly limit: number
}

const usualLimit = 10
const mostRows = 100

/** What completes a text, by the path of the route below `/api/util` and `/api/2/util`. */
const completions: Readonly<Record<string, (ctx: Context, incomplete: Incomplete) => Promise<object[]>>> = {
  async 'dataset/autocomplete'(ctx, { text, limit }) {
    const found = await completeDatasets(ctx, text, limit)
    return found.map(({ name, title, isByName }) => ({
      match_field: isByName ? 'name' : 'title',
      match_displayed: isByName ? name : title,
      name,
      title,
    }))
  },
  async 'tag/autocomplete'(ctx, { text, limit }) {
    return (await completeTags(ctx, { q: text, limit })).map((tag) => ({ Name: tag.name }))
  },
  async 'resource/format_autocomplete'(ctx, { text, limit }) {
    return (await completeFormats(ctx, text, limit)).map((format) => ({ Format: format }))
  },
}

/** The completions that pages of other catalogues ask for. */
export function addUtilRoutes(app: FastifyInstance): void {
  for (const [path, complete] of Object.entries(completions)) {
    const answer = async (request: FastifyRequest) => {
      const ctx = contextOf(request)
      requireSite(ctx, 'read')
      const incomplete = readIncomplete(request)
      return { ResultSet: { Result: incomplete.text === '' ? [] : await complete(ctx, incomplete) } }
    }
    for (const prefix of ['/api/util', '/api/2/util']) {
      app.get(`${prefix}/${path}`, { schema: { summary: 'Completes `incomplete`', tags: ['catalogue'] } }, answer)
    }
  }
}

function readIncomplete(request: FastifyRequest): Incomplete {
  const query = queryOf(request.url)
  const reader = new FieldReader({ incomplete: query.get('incomplete') ?? query.get('q') ?? '' })
  const text = reader.text('incomplete') ?? ''
  reader.check()
  const limit = Number(query.get('limit') || usualLimit)
  return { text, limit: Number.isInteger(limit) && limit > 0 ? Math.min(limit, mostRows) : usualLimit }
}

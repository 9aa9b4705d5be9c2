import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { completeDatasets, completeFormats } from '../../catalogue/dataset/complete-store.ts'
import { FieldReader } from '../../catalogue/field-reader.ts'
import { requireSite } from '../../catalogue/policy.ts'
import { completeTags } from '../../catalogue/tag/tag.ts'
import type { Context } from '../../context.ts'
import { queryOf } from '../server/query-string.ts'
import { contextOf } from '../server/session.ts'

interface Incomplete {
  readonly text: string
  readonly limit: number
}

const defaultLimit = 10
const maxRows = 100

const CompletionQuery = Type.Object({
  incomplete: Type.Optional(Type.String({ description: 'what to complete; nothing has no completions' })),
  q: Type.Optional(Type.String({ description: 'the same, where incomplete is not given' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, default: defaultLimit, description: `at most ${maxRows} are returned` })),
})

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
      app.get(`${prefix}/${path}`, { schema: { summary: 'Completes `incomplete`', tags: ['catalogue'], querystring: CompletionQuery } }, answer)
    }
  }
}

function readIncomplete(request: FastifyRequest): Incomplete {
  const query = queryOf(request.url)
  const reader = new FieldReader({ incomplete: query.get('incomplete') ?? query.get('q') ?? '' })
  const text = reader.text('incomplete') ?? ''
  const limit = query.get('limit') || String(defaultLimit)
  if (!/^0*[1-9]\d{0,8}$/.test(limit)) reader.fail('limit', 'Must be a whole number from 1 on')
  reader.check()
  return { text, limit: Math.min(Number(limit), maxRows) }
}

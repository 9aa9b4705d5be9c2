import { type RawBuilder, sql } from 'kysely'
import type { Actor } from '../../../context.ts'
import type { Dialect } from '../../../store/dialect.ts'
import type { Db } from '../../../store/store.ts'
import { searchFields } from '../field.ts'
import { badQuery } from '../query.ts'
import type { FacetCount, Order, SearchAnswer, SearchEngine, SearchRequest, SortField } from '../search.ts'
import { rankTerms, spellingTerm, type Term } from '../term.ts'
import { type Condition, conditionOf } from './conditions.ts'
import { countFacet, facetFields } from './facets.ts'
import { findable } from './visible.ts'
import { searchStoreOf } from './word-index.ts'

/** Answers searches with SQL alone, in one snapshot: always up to date, right from the start. */
export const sqlSearch: SearchEngine = {
  search(ctx, request) {
    const { dialect } = ctx.store
    const where = matching(ctx, request)
    return ctx.store.read(async (db): Promise<SearchAnswer> => {
      await requireExtras(db, ctx.actor, request)
      const count = await countMatches(db, where)
      const nos = request.limit === 0 || request.offset >= count ? [] : await listPage(db, { where, request, dialect })
      const facets = new Map<string, FacetCount[]>()
      for (const field of new Set(request.facets)) facets.set(field, await countFacet(db, { field, where, request }))
      return { count, nos, facets }
    })
  },
}

function matching(ctx: Parameters<SearchEngine['search']>[0], request: SearchRequest): Condition {
  const { dialect } = ctx.store
  const isNarrow = request.query.kind !== 'all' || request.filter.kind !== 'all'
  const conditions = [
    findable(ctx.actor, { ...request, isNarrow }),
    conditionOf(request.query, { dialect, strictness: 'lenient' }),
    conditionOf(request.filter, { dialect, strictness: 'strict' }),
  ]
  if (request.licenceIds) conditions.push(sql`dataset.license_id in ${dialect.list(request.licenceIds)}`)
  if (request.isDownloadable)
    conditions.push(sql`exists (select 1 from resource where resource.dataset_no = dataset.no and resource.state = 'active')`)
  return sql.join(conditions, sql` and `)
}

/**
 * Throws `invalid` for a field or facet that is neither a field of datasets nor an extra of a dataset that the caller may find: it would match
 * nothing, and most likely is misspelt. `extras_key` is always a field.
 */
export async function requireExtras(db: Db, actor: Actor, request: Pick<SearchRequest, 'include' | 'extraFields'>): Promise<void> {
  for (const { field, parameter, isFacet } of request.extraFields ?? []) {
    const { rows } = await sql`select 1 from dataset_extra as extra join dataset on dataset.no = extra.dataset_no
      where extra.key = ${field} and extra.state = 'active' and ${findable(actor, { include: request.include, isNarrow: true })} limit 1`.execute(db)
    if (rows.length > 0) continue
    const fields = isFacet ? facetFields : searchFields.filter((one) => one !== '*')
    const advice = isFacet ? '' : '; put it in quotes to look for the words'
    throw badQuery(`undefined field ${JSON.stringify(field)}: there are ${fields.join(', ')}, and the keys of extras${advice}`, parameter)
  }
}

async function countMatches(db: Db, where: Condition): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from dataset where ${where}`.execute(db)
  return rows[0]?.count ?? 0
}

async function listPage(db: Db, { where, request, dialect }: { where: Condition; request: SearchRequest; dialect: Dialect }): Promise<number[]> {
  const order = [...request.order.flatMap((one) => orderTerm(one, request, dialect)), sql`dataset.name`]
  const { rows } = await sql<{ no: number }>`select dataset.no from dataset where ${where}
    order by ${sql.join(order)} limit ${request.limit} offset ${request.offset}`.execute(db)
  return rows.map((row) => row.no)
}

const sortColumns: Readonly<Record<Exclude<SortField, 'rank'>, string>> = {
  name: 'dataset.name',
  title: 'dataset.title',
  id: 'dataset.id',
  created: 'dataset.created_at',
  modified: 'dataset.modified_at',
}

/** The best come first: those that spell the most of the words as they were asked for, then those with the most of them in name or title. */
function orderTerm({ field, isDescending }: Order, request: SearchRequest, dialect: Dialect): RawBuilder<unknown>[] {
  if (field !== 'rank') return [isDescending ? sql`${sql.ref(sortColumns[field])} desc` : sql.ref(sortColumns[field])]
  const terms = rankTerms(request.query)
  // Without words everything has the same rank.
  if (terms.length === 0) return []
  const direction = isDescending ? sql` desc` : sql``
  const spelt = terms.flatMap((term) => speltRank(term, dialect))
  const inHeading = terms.map((term) => sql`case when dataset.no in ${searchStoreOf(dialect).having([term], 'heading')} then 1 else 0 end`)
  return [spelt, inHeading].flatMap((parts) => (parts.length === 0 ? [] : [sql`${sql.join(parts, sql` + `)}${direction}`]))
}

/** 1 for a dataset that spells a term as it was asked for. */
function speltRank(term: Term, dialect: Dialect): RawBuilder<unknown>[] {
  const having = (token: string) => searchStoreOf(dialect).having([spellingTerm(token)], 'anywhere')
  const marks = [
    ...term.spelling.map((token) => sql`dataset.no in ${having(token)}`),
    ...term.otherSpelling.map((token) => sql`dataset.no not in ${having(token)}`),
  ]
  return marks.length === 0 ? [] : [sql`case when ${sql.join(marks, sql` and `)} then 1 else 0 end`]
}

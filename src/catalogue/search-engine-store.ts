import { type RawBuilder, sql } from 'kysely'
import { type Actor, isSysadmin, type UserActor } from '../context.ts'
import type { Dialect } from '../store/dialect.ts'
import type { Db } from '../store/store.ts'
import type { FacetCount, Order, SearchAnswer, SearchEngine, SearchRequest, SortField } from './search.ts'
import { type Condition, conditionOf } from './search-condition-store.ts'
import { countFacet } from './search-facet-store.ts'
import { rankTokens } from './search-rank.ts'
import { searchStoreOf } from './search-store.ts'

/** Answers searches with SQL alone, in one snapshot: always up to date, right from the start. */
export const sqlSearch: SearchEngine = {
  search(ctx, request) {
    const { dialect } = ctx.store
    const where = matching(ctx, request)
    return ctx.store.read(async (db): Promise<SearchAnswer> => {
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
    visible(ctx.actor, { ...request, isNarrow }),
    conditionOf(request.query, { dialect, strictness: 'lenient' }),
    conditionOf(request.filter, { dialect, strictness: 'strict' }),
  ]
  if (request.licenceIds) conditions.push(sql`dataset.license_id in ${dialect.list(request.licenceIds)}`)
  if (request.isDownloadable)
    conditions.push(sql`exists (select 1 from resource where resource.dataset_no = dataset.no and resource.state = 'active')`)
  return sql.join(conditions, sql` and `)
}

/** Public active datasets, and of the others those that were asked for and that the caller may read. */
function visible(actor: Actor, { include, isNarrow }: Pick<SearchRequest, 'include'> & { isNarrow: boolean }): Condition {
  // The sign keeps SQLite from visiting all that is listed where the query finds a few.
  const isListed = isNarrow ? sql`+dataset.listed = 1` : sql`dataset.listed = 1`
  if (actor.kind === 'anonymous') return isListed
  const also: Condition[] = [isListed]
  if (include.isPrivate) also.push(sql`(dataset.private = 1 and dataset.state = 'active' and ${mine(actor, ['member', 'editor', 'admin'])})`)
  if (include.isDraft) also.push(sql`(dataset.state = 'draft' and ${mine(actor, ['editor', 'admin'])})`)
  if (include.isDeleted) also.push(sql`(dataset.state = 'deleted' and ${mine(actor, ['member', 'editor', 'admin'])})`)
  return sql`(${sql.join(also, sql` or `)})`
}

/** What is not public is read by the people of its organization; by its creator where it has none, or is published by flows. */
function mine(actor: UserActor, roles: readonly string[]): Condition {
  if (isSysadmin(actor)) return sql`1 = 1`
  return sql`case when dataset.owner_org_no is null or dataset.source_id is not null then dataset.creator_id = ${actor.id}
    else dataset.owner_org_no in (select group_no from group_role where user_id = ${actor.id} and role in (${sql.join(roles)})) end`
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

/** The best come first: those with the most of the words in name or title. */
function orderTerm({ field, isDescending }: Order, request: SearchRequest, dialect: Dialect): RawBuilder<unknown>[] {
  if (field !== 'rank') return [isDescending ? sql`${sql.ref(sortColumns[field])} desc` : sql.ref(sortColumns[field])]
  const tokens = rankTokens(request.query)
  // Without words everything has the same rank.
  if (tokens.length === 0) return []
  const inHeading = tokens.map((token) => sql`case when dataset.no in ${searchStoreOf(dialect).having([token], 'heading')} then 1 else 0 end`)
  const rank = sql.join(inHeading, sql` + `)
  return [isDescending ? sql`${rank} desc` : rank]
}

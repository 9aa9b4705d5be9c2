import { type RawBuilder, sql } from 'kysely'
import { isSysadmin } from '../context.ts'
import type { Dialect } from '../store/dialect.ts'
import type { Db } from '../store/store.ts'
import type { FacetCount, Order, SearchAnswer, SearchEngine, SearchRequest, SortField } from './search.ts'
import { type Condition, conditionOf } from './search-condition-store.ts'
import { requiredWords } from './search-query.ts'
import { searchStoreOf } from './search-store.ts'
import { tokenize } from './tokenizer.ts'

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
  const conditions = [
    visible(ctx.actor, request),
    conditionOf(request.query, { dialect, strictness: 'lenient' }),
    conditionOf(request.filter, { dialect, strictness: 'strict' }),
  ]
  if (request.licenceIds) conditions.push(sql`dataset.license_id in ${dialect.list(request.licenceIds)}`)
  if (request.isDownloadable)
    conditions.push(sql`exists (select 1 from resource where resource.dataset_no = dataset.no and resource.state = 'active')`)
  return sql.join(conditions, sql` and `)
}

/** Public active datasets, and of the others those that were asked for and that the caller may read. */
function visible(actor: Parameters<typeof isSysadmin>[0], { include }: SearchRequest): Condition {
  if (actor.kind === 'anonymous') return sql`dataset.listed = 1`
  const mine = isSysadmin(actor) ? sql`1 = 1` : sql`dataset.creator_id = ${actor.id}`
  const inMyOrganization = sql`(${mine} or dataset.owner_org_no in (select group_no from group_role where user_id = ${actor.id}))`
  const also: Condition[] = [sql`dataset.listed = 1`]
  if (include.isPrivate) also.push(sql`(dataset.private = 1 and dataset.state = 'active' and ${inMyOrganization})`)
  if (include.isDraft) also.push(sql`(dataset.state = 'draft' and ${mine})`)
  if (include.isDeleted) also.push(sql`(dataset.state = 'deleted' and ${mine})`)
  return sql`(${sql.join(also, sql` or `)})`
}

async function countMatches(db: Db, where: Condition): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from dataset where ${where}`.execute(db)
  return rows[0]?.count ?? 0
}

async function listPage(db: Db, { where, request, dialect }: { where: Condition; request: SearchRequest; dialect: Dialect }): Promise<number[]> {
  const order = [...request.order.map((one) => orderTerm(one, request, dialect)), sql`dataset.name`]
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

/** The best come first: those with all words in name or title. */
function orderTerm({ field, isDescending }: Order, request: SearchRequest, dialect: Dialect): RawBuilder<unknown> {
  if (field !== 'rank') return isDescending ? sql`${sql.ref(sortColumns[field])} desc` : sql.ref(sortColumns[field])
  const tokens = requiredWords(request.query).flatMap(tokenize)
  if (tokens.length === 0) return sql`dataset.name`
  const tier = sql`case when dataset.no in ${searchStoreOf(dialect).having(tokens, 'heading')} then 0 else 1 end`
  return isDescending ? tier : sql`${tier} desc`
}

interface FacetTask {
  readonly field: string
  readonly where: Condition
  readonly request: SearchRequest
}

/** Where the values of a facet stand: a join beside `dataset`, and the column. */
const facetSources: Readonly<Record<string, { readonly join: string; readonly value: string }>> = {
  tags: {
    join: `join dataset_tag as link on link.dataset_no = dataset.no and link.state = 'active' join tag on tag.no = link.tag_no`,
    value: 'tag.name',
  },
  groups: {
    join: `join membership as link on link.dataset_no = dataset.no and link.state = 'active'
      join catalogue_group as groups on groups.no = link.group_no and groups.state = 'active'`,
    value: 'groups.name',
  },
  organization: { join: 'join catalogue_group as owner on owner.no = dataset.owner_org_no', value: 'owner.name' },
  owner_org: { join: 'join catalogue_group as owner on owner.no = dataset.owner_org_no', value: 'owner.id' },
  res_format: { join: `join resource as file on file.dataset_no = dataset.no and file.state = 'active'`, value: 'file.format' },
  dataset_type: { join: '', value: 'dataset.type' },
  creator_user_id: { join: '', value: 'dataset.creator_id' },
}

const coreFacets = new Set([
  'id',
  'name',
  'title',
  'version',
  'url',
  'author',
  'author_email',
  'maintainer',
  'maintainer_email',
  'notes',
  'license_id',
  'state',
  'type',
])

async function countFacet(db: Db, { field, where, request }: FacetTask): Promise<FacetCount[]> {
  const known = Object.hasOwn(facetSources, field) ? facetSources[field] : undefined
  const key = field.startsWith('extras_') ? field.slice('extras_'.length) : field
  const join = known
    ? sql.raw(known.join)
    : coreFacets.has(field)
      ? sql``
      : sql`join dataset_extra as extra on extra.dataset_no = dataset.no and extra.state = 'active' and extra.key = ${key}`
  const value = sql.ref(known?.value ?? (coreFacets.has(field) ? `dataset.${field}` : 'extra.value'))
  const { rows } = await sql<{ value: string; count: number }>`select ${value} as value, count(distinct dataset.no) as count
    from dataset ${join} where ${where} and ${value} is not null and ${value} <> ''
    group by ${value} having count(distinct dataset.no) >= ${request.facetLeast}
    order by count(distinct dataset.no) desc, ${value} limit ${request.facetLimit}`.execute(db)
  return rows.map((row) => ({ value: row.value, count: row.count }))
}

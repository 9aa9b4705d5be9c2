import { Type } from 'typebox'
import { isObject } from '../../../base/json.ts'
import { plainText } from '../../../catalogue/field-reader.ts'
import { openLicenceIds } from '../../../catalogue/licence/list.ts'
import { extraFields, fieldCondition } from '../../../catalogue/search/field.ts'
import { parseQuery } from '../../../catalogue/search/parser.ts'
import { badQuery, joined, type Query } from '../../../catalogue/search/query.ts'
import type { Order, SearchRequest, SortField } from '../../../catalogue/search/search.ts'
import { isKnownFacet } from '../../../catalogue/search/sql/facets.ts'
import type { Config } from '../../../config.ts'
import type { Call } from '../action.ts'
import { anything, defaultSchema, flag, names, onlyTrue, optionalText, requireTrue, texts, whole } from './parameter.ts'

/** Settings of another search engine: they would change what is found or how it is ordered. */
const engineSettings = ['qf', 'mm', 'tie', 'defType', 'wt', 'bf', 'boost', 'df', 'q.op'] as const

const refusedText = optionalText('refused: a setting of a search engine that this hub does not have')

/** The parameters of `package_search`: those of 2011, and those that came later. */
export const SearchInput = Type.Object({
  q: optionalText('words, and conditions such as tags:water; nothing or *:* finds everything'),
  fields: anything('conditions: {"field": "value"} or [["field", "value"], …]'),
  facet_by: names('fields whose values are to be counted'),
  limit: whole('how many packages to return, 1000 at most'),
  offset: whole('how many packages to skip'),
  filter_by_openness: flag('only packages under an open licence'),
  filter_by_downloadable: flag('only packages with a resource'),
  fq: optionalText('strict conditions: whole values'),
  fq_list: texts('further strict conditions'),
  sort: optionalText('for example "metadata_modified desc, name asc"'),
  rows: whole('the same as limit'),
  start: whole('the same as offset'),
  facet: flag('false: no facets'),
  'facet.field': names('the same as facet_by'),
  'facet.limit': Type.Optional(Type.Unknown({ description: 'values of each facet at most; negative: all' })),
  'facet.mincount': whole('values with fewer packages are left out'),
  include_private: flag('also private packages that the caller may read'),
  include_drafts: flag('also drafts that the caller may read'),
  include_deleted: flag('also deleted packages that the caller may read'),
  fl: texts('the keys of packages to return'),
  return_objects: onlyTrue,
  use_default_schema: defaultSchema,
  ...(Object.fromEntries(engineSettings.map((name) => [name, refusedText])) as Record<(typeof engineSettings)[number], typeof refusedText>),
})

type Input = Type.Static<typeof SearchInput>

const maxRows = 1000
const defaultFacetLimit = 50
const all = Number.MAX_SAFE_INTEGER

/** Turns the parameters into a search. `now` is what `NOW` means. Throws `invalid`, which names the parameter. */
export function readSearch(input: Input, { call, config, now }: { call: Call; config: Config; now: number }): SearchRequest {
  requireTrue(input, 'return_objects')
  for (const name of engineSettings) if (input[name]) throw badQuery('is not supported: leave it out', name)
  const read = (text: string, parameter: string) => ({ parameter, query: parseQuery(text, { parameter, now }) })
  const fields = { parameter: 'fields', query: joined('and', readFields(input.fields, now)) }
  const query = [read(input.q ?? '', 'q'), fields]
  const filter = [read(input.fq ?? '', 'fq'), ...(input.fq_list ?? []).map((text) => read(text, 'fq_list'))]
  return {
    query: allOf(query),
    filter: allOf(filter),
    extraFields: [
      ...[...query, ...filter].flatMap((one) => extraFields(one.query).map((field) => ({ field, parameter: one.parameter }))),
      ...(input.facet === false ? [] : facetExtras(input)),
    ],
    licenceIds: input.filter_by_openness ? openLicenceIds(config) : undefined,
    isDownloadable: input.filter_by_downloadable ?? false,
    include: { isPrivate: input.include_private ?? false, isDraft: input.include_drafts ?? false, isDeleted: input.include_deleted ?? false },
    order: readOrder(input.sort),
    limit: Math.min(input.limit ?? input.rows ?? (call.prefix === '/api/action' ? 20 : 10), maxRows),
    offset: input.offset ?? input.start ?? 0,
    facets: input.facet === false ? [] : facetFields(input),
    facetLimit: readFacetLimit(input['facet.limit']),
    facetMinCount: Math.max(1, input['facet.mincount'] ?? 1),
  }
}

/** If one parameter has only signs, the search finds nothing, even if the others have conditions. */
const allOf = (parts: readonly { readonly query: Query }[]): Query =>
  parts.some((part) => part.query.kind === 'none')
    ? { kind: 'none' }
    : joined(
        'and',
        parts.map((part) => part.query).filter((query) => query.kind !== 'all'),
      )

const maxFacets = 20

function facetFields(input: Input): string[] {
  const fields = [...new Set([...(input.facet_by ?? []), ...(input['facet.field'] ?? [])])]
  if (fields.length > maxFacets) throw badQuery(`may have at most ${maxFacets} fields, got ${fields.length}`, 'facet.field')
  return fields
}

/** Facets that can only be keys of extras. */
const facetExtras = (input: Input) =>
  (['facet_by', 'facet.field'] as const).flatMap((parameter) =>
    (input[parameter] ?? []).filter((field) => !isKnownFacet(field)).map((field) => ({ field, parameter, isFacet: true })),
  )

function readFacetLimit(value: unknown): number {
  if (value === undefined || value === '') return defaultFacetLimit
  const number = typeof value === 'string' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw badQuery('must be a whole number', 'facet.limit')
  return number < 0 ? all : number
}

/** Field conditions outside of the query: one for each value of each pair; all must match. */
function readFields(value: unknown, now: number): Query[] {
  if (value === undefined || value === '') return []
  const pairs: readonly unknown[] = isObject(value) ? Object.entries(value) : Array.isArray(value) ? value : [undefined]
  if (pairs.length > 100) throw badQuery(`may have at most 100 conditions, got ${pairs.length}`, 'fields')
  return pairs.flatMap((pair) => {
    const [field, wanted] = Array.isArray(pair) ? pair : []
    const values = [wanted].flat().map(plainText)
    if (typeof field !== 'string' || pair === undefined) throw badQuery('must be an object, or a list of [field, value]', 'fields')
    return values.map((one): Query => {
      if (one === undefined || one.includes('\0') || !one.isWellFormed() || field.includes('\0') || !field.isWellFormed()) {
        throw badQuery(`the value of ${field.toWellFormed()} must be a text`, 'fields')
      }
      return fieldCondition(field, one === '*' ? { kind: 'exists' } : { kind: 'value', value: one }, { parameter: 'fields', now })
    })
  })
}

const sortFields: Readonly<Record<string, SortField>> = {
  rank: 'rank',
  score: 'rank',
  relevance: 'rank',
  name: 'name',
  name_string: 'name',
  title: 'title',
  title_string: 'title',
  id: 'id',
  metadata_created: 'created',
  metadata_modified: 'modified',
}

/** `field asc|desc, …`; without a direction ascending, but the best rank first. */
function readOrder(sort: string | undefined): Order[] {
  const terms = (sort ?? '').split(',').map((term) => term.trim())
  const order = terms
    .filter((term) => term !== '')
    .map((term): Order => {
      const [, name = '', direction = ''] = /^(\S+)(?:\s+(asc|desc))?$/i.exec(term) ?? []
      const field = Object.hasOwn(sortFields, name) ? sortFields[name] : undefined
      if (!field)
        throw badQuery(`cannot sort by ${JSON.stringify(term)}; there are ${Object.keys(sortFields).join(', ')}, each with asc or desc`, 'sort')
      return { field, isDescending: direction === '' ? field === 'rank' : direction.toLowerCase() === 'desc' }
    })
  if (order.length > 10) throw badQuery(`may have at most 10 fields, got ${order.length}`, 'sort')
  return order.length > 0 ? order : [{ field: 'rank', isDescending: true }]
}

/** The keys of `fl`; undefined if all keys are wanted. */
export const wantedKeys = (input: Input): ReadonlySet<string> | undefined => {
  const keys = (input.fl ?? []).flatMap((one) => one.split(/[\s,]+/)).filter((key) => key !== '' && key !== '*')
  return keys.length > 0 ? new Set(keys) : undefined
}

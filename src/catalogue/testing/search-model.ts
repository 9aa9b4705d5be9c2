import fc from 'fast-check'
import type { FacetCount, Order, SearchRequest } from '../search.ts'
import type { Query } from '../search-query.ts'
import { compareTexts } from '../text-order.ts'
import { fold, tokenize } from '../tokenizer.ts'

/** A dataset of search tests, as plain as it can be. */
export interface ModelDataset {
  readonly name: string
  readonly title: string
  readonly notes: string
  readonly tags: readonly string[]
  readonly group: string | null
  readonly organization: string | null
  readonly license: string | null
  readonly formats: readonly string[]
  readonly year: string | null
  readonly isPrivate: boolean
  readonly state: 'active' | 'deleted' | 'draft'
}

export const vocabulary = ['river', 'water', 'level', 'air', 'school', 'Über', 'données', '水', 'data', 'a😀b']
const phrase = (least: number, most: number) =>
  fc.array(fc.constantFrom(...vocabulary), { minLength: least, maxLength: most }).map((words) => words.join(' '))
export const groups = ['group-one', 'group-two', 'group-gone']
export const organizations = ['org-mine', 'org-other']
const licences = ['cc-by', 'odc-by', 'other-closed']
const formats = ['CSV', 'csv', 'JSON', 'GeoTIFF']
const tags = ['water', 'Air quality', 'öl', 'zoo', '10', '90']

/** Everything but the name, which the test gives. */
export const anyDataset: fc.Arbitrary<Omit<ModelDataset, 'name'>> = fc
  .record({
    title: phrase(1, 3),
    notes: phrase(0, 4),
    tags: fc.uniqueArray(fc.constantFrom(...tags), { maxLength: 3 }),
    group: fc.option(fc.constantFrom(...groups)),
    organization: fc.option(fc.constantFrom(...organizations)),
    license: fc.option(fc.constantFrom(...licences)),
    formats: fc.array(fc.constantFrom(...formats), { maxLength: 3 }),
    year: fc.option(fc.constantFrom('1999', '2010', '2024')),
    isPrivate: fc.nat(5).map((one) => one === 0),
    state: fc.constantFrom<ModelDataset['state'][]>('active', 'active', 'active', 'active', 'active', 'deleted', 'draft'),
  })
  .map((one) => ({ ...one, isPrivate: one.isPrivate && one.organization !== null }))

/** The input that `createDataset` and `updateDataset` take for it. */
export const inputOf = (dataset: ModelDataset) => ({
  name: dataset.name,
  title: dataset.title,
  notes: dataset.notes,
  tags: dataset.tags.map((name) => ({ name })),
  groups: dataset.group === null ? [] : [{ name: dataset.group }],
  owner_org: dataset.organization ?? '',
  private: dataset.isPrivate,
  license_id: dataset.license ?? '',
  state: dataset.state,
  resources: dataset.formats.map((format) => ({ url: 'http://data.example/', format })),
  extras: dataset.year === null ? [] : [{ key: 'year', value: dataset.year }],
})

const field = (name: string, values: readonly string[]): fc.Arbitrary<Query> =>
  fc.constantFrom(...values, 'nothing').map((value) => ({ kind: 'field', field: name, value, isPrefix: false }))

const leaf: fc.Arbitrary<Query> = fc.oneof(
  { weight: 4, arbitrary: phrase(1, 2).map((text): Query => ({ kind: 'words', text })) },
  { weight: 1, arbitrary: fc.constant<Query>({ kind: 'all' }) },
  { weight: 1, arbitrary: fc.constant<Query>({ kind: 'words', text: '?' }) },
  field('tags', tags),
  field('groups', groups),
  field('organization', organizations),
  field('license_id', licences),
  field('res_format', formats),
  field('year', ['1999', '2010', '2024']),
  field('private', ['true', 'false']),
  field('title', ['iver wa', 'über', 'level']),
  fc.constantFrom('2000', '*').map((from): Query => ({ kind: 'range', field: 'year', from, to: '2020' })),
)

const anyQuery: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    tie('query').map((query): Query => ({ kind: 'not', query })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('query'), { minLength: 2, maxLength: 3 }))
      .map(([kind, queries]): Query => ({ kind, queries })),
  ),
})).query

const sortFields = ['rank', 'name', 'title', 'id', 'created', 'modified'] as const
const anyOrder: fc.Arbitrary<Order[]> = fc.uniqueArray(fc.record({ field: fc.constantFrom(...sortFields), isDescending: fc.boolean() }), {
  minLength: 1,
  maxLength: 3,
  selector: (one) => one.field,
})

export const everyFacet = [
  'tags',
  'groups',
  'organization',
  'owner_org',
  'license_id',
  'res_format',
  'year',
  'extras_year',
  'state',
  'title',
  'type',
  'private',
  'capacity',
  'constructor',
]

export const anyRequest: fc.Arbitrary<SearchRequest> = fc.record({
  query: anyQuery,
  filter: fc.oneof({ weight: 3, arbitrary: fc.constant<Query>({ kind: 'all' }) }, { weight: 1, arbitrary: anyQuery }),
  licenceIds: fc.option(fc.subarray(licences), { nil: undefined, freq: 5 }),
  isDownloadable: fc.nat(4).map((one) => one === 0),
  include: fc.record({ isPrivate: fc.boolean(), isDraft: fc.boolean(), isDeleted: fc.boolean() }),
  order: anyOrder,
  limit: fc.constantFrom(0, 1, 5, 1000),
  offset: fc.constantFrom(0, 0, 3, 50),
  facets: fc.subarray(everyFacet),
  facetLimit: fc.constantFrom(2, 50, Number.MAX_SAFE_INTEGER),
  facetLeast: fc.constantFrom(1, 1, 2),
})

/** The request that finds everything that words or a query match, with all facets. */
export const asking = (query: Query, also: Partial<SearchRequest> = {}): SearchRequest => ({
  query,
  filter: { kind: 'all' },
  licenceIds: undefined,
  isDownloadable: false,
  include: { isPrivate: false, isDraft: false, isDeleted: false },
  order: [{ field: 'rank', isDescending: true }],
  limit: 1000,
  offset: 0,
  facets: ['tags', 'groups', 'organization', 'license_id', 'res_format', 'year', 'private', 'capacity'],
  facetLimit: Number.MAX_SAFE_INTEGER,
  facetLeast: 1,
  ...also,
})

/** Whether a dataset meets the query, by looking at it. */
export function meets(dataset: ModelDataset, query: Query, isStrict: boolean): boolean {
  switch (query.kind) {
    case 'all':
      return true
    case 'words':
      return tokenize(query.text).every((token) => tokensOf(dataset).includes(token))
    case 'not':
      return !meets(dataset, query.query, isStrict)
    case 'and':
      return query.queries.every((one) => meets(dataset, one, isStrict))
    case 'or':
      return query.queries.some((one) => meets(dataset, one, isStrict))
    case 'range':
      return dataset.year !== null && (query.from === '*' || dataset.year >= query.from) && dataset.year <= query.to
    case 'field':
      return hasValue(dataset, query, isStrict)
  }
}

const isGroupShown = (group: string | null) => group !== null && group !== 'group-gone'

function tokensOf(dataset: ModelDataset): string[] {
  const group = isGroupShown(dataset.group) ? dataset.group : null
  return tokenize([dataset.name, dataset.title, dataset.notes, ...dataset.tags, group, dataset.year].join(' '))
}

function hasValue(dataset: ModelDataset, { field, value }: Extract<Query, { kind: 'field' }>, isStrict: boolean): boolean {
  const contains = (text: string | null) =>
    text !== null &&
    fold(value)
      .split(/\s+/)
      .every((word) => fold(text).includes(word))
  switch (field) {
    case 'tags':
      return dataset.tags.includes(value)
    case 'groups':
      return isGroupShown(dataset.group) && dataset.group === value
    case 'organization':
      return dataset.organization === value
    case 'license_id':
      return isStrict ? dataset.license !== null && fold(dataset.license) === fold(value) : contains(dataset.license)
    case 'res_format':
      return dataset.formats.some((format) => fold(format) === fold(value))
    case 'private':
      return dataset.isPrivate === (value === 'true')
    case 'title':
      return contains(dataset.title)
    default:
      return dataset.year !== null && (isStrict ? dataset.year === value : contains(dataset.year))
  }
}

/** The facets that `asking` asks for, counted one dataset after the other. */
export function countByHand(datasets: readonly ModelDataset[]): Record<string, readonly FacetCount[]> {
  const count = (valuesOf: (dataset: ModelDataset) => readonly (string | null)[]): FacetCount[] => {
    const counts = new Map<string, number>()
    for (const dataset of datasets) for (const value of new Set(valuesOf(dataset))) if (value) counts.set(value, (counts.get(value) ?? 0) + 1)
    const all = [...counts].map(([value, one]) => ({ value, count: one }))
    return all.sort((one, other) => other.count - one.count || compareTexts(one.value, other.value))
  }
  return {
    tags: count((one) => one.tags),
    groups: count((one) => [isGroupShown(one.group) ? one.group : null]),
    organization: count((one) => [one.organization]),
    license_id: count((one) => [one.license]),
    res_format: count((one) => one.formats),
    year: count((one) => [one.year]),
    private: count((one) => [String(one.isPrivate)]),
    capacity: count((one) => [one.isPrivate ? 'private' : 'public']),
  }
}

/** Names in the order of the rank: the more of the words in name or title, the earlier. */
export function orderByHand(datasets: readonly ModelDataset[], tokens: readonly string[]): string[] {
  const rank = ({ name, title }: ModelDataset) => {
    const heading = tokenize(`${name} ${title}`)
    return tokens.filter((token) => heading.includes(token)).length
  }
  return [...datasets].sort((one, other) => rank(other) - rank(one) || compareTexts(one.name, other.name)).map((one) => one.name)
}

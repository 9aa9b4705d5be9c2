import fc from 'fast-check'
import { compareTexts } from '../../../base/code-points.ts'
import { canonicalFormat } from '../../resource/format.ts'
import { type FieldQuery, type FieldTest, type Query, requiredWords, type WordsQuery } from '../query.ts'
import type { FacetCount, Order, SearchRequest } from '../search.ts'
import { foldText, readWords, tokenize } from '../tokenizer.ts'

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

export const vocabulary = [
  'river',
  'water',
  'level',
  'air',
  'school',
  'Über',
  'données',
  '水',
  'data',
  'a😀b',
  'uber',
  'donnees',
  '東京都',
  'cities',
  'C++',
]
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
  fc.constantFrom(...values, 'nothing').map((value) => ({ kind: 'field', field: name, test: { kind: 'value', value } }))

const yearsTo2020 = (from: string | undefined): FieldTest => ({
  kind: 'range',
  from: from === undefined ? undefined : { value: from, isIncluded: true },
  to: { value: '2020', isIncluded: true },
})

const leaf: fc.Arbitrary<Query> = fc.oneof(
  { weight: 4, arbitrary: phrase(1, 2).map((text): Query => ({ kind: 'words', text })) },
  { weight: 1, arbitrary: fc.constant<Query>({ kind: 'all' }) },
  { weight: 1, arbitrary: fc.constant<Query>({ kind: 'none' }) },
  field('tags', tags),
  field('groups', groups),
  field('organization', organizations),
  field('license_id', licences),
  field('res_format', formats),
  field('year', ['1999', '2010', '2024']),
  field('private', ['true', 'false']),
  field('title', ['iver wa', 'über', 'level']),
  fc.constantFrom('200', '2000', undefined).map((from): Query => ({ kind: 'field', field: 'year', test: yearsTo2020(from) })),
  fc
    .constantFrom('title', 'year', 'tags', 'groups', 'organization', 'license_id', 'res_format', 'notes')
    .map((field): Query => ({ kind: 'field', field, test: { kind: 'exists' } })),
  phrase(2, 3).map((text): Query => ({ kind: 'words', text, isPhrase: true })),
  fc.constantFrom('riv', 'rivers', 'wa', 'données', 'uber', 'lev').map((text): Query => ({ kind: 'words', text, isPrefix: true })),
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
  facetMinCount: fc.constantFrom(1, 1, 2),
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
  facetMinCount: 1,
  ...also,
})

/** Whether a dataset meets the query, by looking at it. */
export function meets(dataset: ModelDataset, query: Query, isStrict: boolean): boolean {
  switch (query.kind) {
    case 'all':
      return true
    case 'none':
    case 'period':
      return false
    case 'words':
      return hasWords(dataset, query)
    case 'not':
      return !meets(dataset, query.query, isStrict)
    case 'and':
      return query.queries.every((one) => meets(dataset, one, isStrict))
    case 'or':
      return query.queries.some((one) => meets(dataset, one, isStrict))
    case 'field':
      return hasValue(dataset, query, isStrict)
  }
}

const isGroupShown = (group: string | null) => group !== null && group !== 'group-gone'

const textsOf = (dataset: ModelDataset): string[] =>
  [dataset.name, dataset.title, dataset.notes, ...dataset.tags, isGroupShown(dataset.group) ? dataset.group : null, dataset.year].filter(
    (text) => text !== null,
  )

function hasWords(dataset: ModelDataset, { text, isPhrase, isPrefix }: WordsQuery): boolean {
  const texts = textsOf(dataset)
  const wanted = tokenize(text)
  if (isPrefix) {
    const beginning = readWords(text).at(-1)?.plain ?? ''
    return texts.some((one) => readWords(one).some((word) => [word.plain, ...word.tokens].some((form) => form.startsWith(beginning))))
  }
  if (isPhrase) return phrasesOf(text).every((phrase) => texts.some((one) => ` ${tokenize(one).join(' ')} `.includes(` ${phrase} `)))
  return wanted.every((token) => texts.some((one) => tokenize(one).includes(token)))
}

/** A phrase ends at a single character of a script without blanks. */
function phrasesOf(text: string): string[] {
  const phrases: string[][] = [[]]
  for (const { tokens, characters } of readWords(text)) {
    if (characters?.length === 1) phrases.push([...tokens], [])
    else phrases.at(-1)?.push(...tokens)
  }
  return phrases.filter((phrase) => phrase.length > 0).map((phrase) => phrase.join(' '))
}

function hasValue(dataset: ModelDataset, { field, test }: FieldQuery, isStrict: boolean): boolean {
  if (test.kind === 'exists') return isThere(dataset, field)
  if (test.kind === 'range') return dataset.year !== null && (!test.from || Number(dataset.year) >= Number(test.from.value)) && dataset.year <= '2020'
  const value = test.kind === 'value' ? test.value : ''
  const contains = (text: string | null) =>
    text !== null &&
    foldText(value)
      .split(' ')
      .every((word) => foldText(text).includes(word))
  switch (field) {
    case 'tags':
      return dataset.tags.includes(value)
    case 'groups':
      return isGroupShown(dataset.group) && dataset.group === value
    case 'organization':
      return dataset.organization === value
    case 'license_id':
      return isStrict ? dataset.license !== null && foldText(dataset.license) === foldText(value) : contains(dataset.license)
    case 'res_format':
      return dataset.formats.some((format) => canonicalFormat(format) === canonicalFormat(value))
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
    res_format: count((one) => one.formats.map(canonicalFormat)),
    year: count((one) => [one.year]),
    private: count((one) => [String(one.isPrivate)]),
    capacity: count((one) => [one.isPrivate ? 'private' : 'public']),
  }
}

/** Names in the order of the rank: the more words are spelled as in the query, and the more are in name or title, the earlier. */
export function orderByHand(datasets: readonly ModelDataset[], query: Query): string[] {
  const words = uniqueWords(query).slice(0, 8)
  const inHeading = ({ name, title }: ModelDataset) => words.filter((one) => hasWords({ ...nothing, name, title }, one)).length
  const spelt = (dataset: ModelDataset) => words.filter((one) => isSpelt(dataset, one)).length
  const rank = (dataset: ModelDataset) => 100 * spelt(dataset) + inHeading(dataset)
  return [...datasets].sort((one, other) => rank(other) - rank(one) || compareTexts(one.name, other.name)).map((one) => one.name)
}

const nothing = {
  notes: '',
  tags: [],
  group: null,
  organization: null,
  license: null,
  formats: [],
  year: null,
  isPrivate: false,
  state: 'active',
} as const

/** The words that everything found has, one by one but for phrases. */
function uniqueWords(query: Query): WordsQuery[] {
  const all = requiredWords(query).flatMap((one) =>
    one.isPhrase || one.isPrefix ? [one] : readWords(one.text).map((word) => ({ ...one, text: word.accented ?? word.plain })),
  )
  const keyOf = (one: WordsQuery) =>
    JSON.stringify([readWords(one.text).map((word) => [word.tokens, word.accented, one.isPrefix ? word.plain : '']), one.isPrefix ?? false])
  return [...new Map(all.map((one) => [keyOf(one), one])).values()]
}

function isSpelt(dataset: ModelDataset, { text, isPrefix }: WordsQuery): boolean {
  if (isPrefix) return true
  const words = textsOf(dataset).flatMap(readWords)
  return readWords(text).every(({ tokens, accented, characters }) =>
    characters || accented === undefined
      ? !!characters || words.some((word) => word.accented === undefined && word.tokens[0] === tokens[0])
      : words.some((word) => word.accented === accented),
  )
}

function isThere(dataset: ModelDataset, field: string): boolean {
  switch (field) {
    case 'title':
      return dataset.title !== ''
    case 'notes':
      return dataset.notes !== ''
    case 'tags':
      return dataset.tags.length > 0
    case 'groups':
      return isGroupShown(dataset.group)
    case 'organization':
      return dataset.organization !== null
    case 'license_id':
      return dataset.license !== null
    case 'res_format':
      return dataset.formats.length > 0
    default:
      return dataset.year !== null
  }
}

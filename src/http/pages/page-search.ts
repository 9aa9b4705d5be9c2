import { DomainError } from '../../base/errors.ts'
import type { ShownDataset } from '../../catalogue/dataset/read.ts'
import { searchDatasets } from '../../catalogue/dataset/read.ts'
import { listGroupsCounted } from '../../catalogue/group/list-store.ts'
import { canonicalFormat } from '../../catalogue/resource/format.ts'
import { facetTitles } from '../../catalogue/search/facet-titles.ts'
import { extraFields } from '../../catalogue/search/field.ts'
import { parseQuery } from '../../catalogue/search/parser.ts'
import { joined, type Query } from '../../catalogue/search/query.ts'
import type { SearchRequest } from '../../catalogue/search/search.ts'
import type { Context } from '../../context.ts'
import { type Choice, conditionOf, facetFields, type SearchAddress } from './search-address.ts'
import type { ListedDataset, SearchPage, ShownFacet } from './search-page.ts'
import type { Welcome } from './start-page.ts'

/** How many datasets a page of a search shows. */
export const pageSize = 20
const latestShown = 10
const groupsShown = 20
const facetLimit = 10

const everything: SearchRequest = {
  query: joined('and', []),
  filter: joined('and', []),
  licenceIds: undefined,
  isDownloadable: false,
  include: { isPrivate: false, isDraft: false, isDeleted: false },
  order: [{ field: 'rank', isDescending: true }],
  limit: pageSize,
  offset: 0,
  facets: [],
  facetLimit,
  facetMinCount: 1,
}

/** What the first page shows: how much there is, what changed last, the groups with the most datasets. */
export async function welcomeOf(ctx: Context): Promise<Welcome> {
  const request: SearchRequest = { ...everything, limit: latestShown, order: [{ field: 'modified', isDescending: true }] }
  const found = await searchDatasets(ctx, request)
  const groups = await listGroupsCounted(ctx.store, { isOrganization: false, order: 'count', isDescending: true, limit: groupsShown })
  return { siteUrl: ctx.config.siteUrl, count: found.count, latest: found.datasets.map(toListed), groups }
}

/** A page of what a search finds, private datasets of the caller included. An invalid search gives a page that says what is wrong. */
export async function findPage(ctx: Context, address: SearchAddress): Promise<SearchPage> {
  try {
    const offset = (address.page - 1) * pageSize
    const include = { ...everything.include, isPrivate: true }
    // Formats are counted by a rebuild of the search that may not have ended yet.
    const facets = facetFields.filter((field) => field !== 'res_format' || !ctx.search?.rebuild?.isRunning)
    const query = parseAddress(ctx, address)
    const extras = extraFields(query).map((field) => ({ field, parameter: 'q' }))
    const found = await searchDatasets(ctx, { ...everything, query, extraFields: extras, include, offset, facets })
    const shown = facets.map((field) => ({ field, counts: found.facets.get(field) ?? [] }))
    // Who finds a dataset in a group may know its title.
    const titleOf = await titleReader(ctx, shown, found.count > 0 ? address.choices : [])
    return { ...address, pageSize, count: found.count, datasets: found.datasets.map(toListed), facets: shown, titleOf }
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'invalid') throw error
    const fault =
      Object.values(error.fields ?? {})
        .flat()
        .join(', ') || error.message
    return { ...address, pageSize, count: 0, datasets: [], facets: [], titleOf: ({ value }) => value, fault }
  }
}

/** The query with the choices as further conditions. Throws `invalid`. */
function parseAddress(ctx: Context, { query, choices }: SearchAddress): Query {
  const now = ctx.clock()
  const conditions = choices.map((choice) => parseQuery(conditionOf(choice), { parameter: choice.field, now }))
  return joined('and', [parseQuery(query, { parameter: 'q', now }), ...conditions])
}

/** Finds the names that people read, of the values that are counted or chosen. */
async function titleReader(ctx: Context, facets: readonly ShownFacet[], choices: readonly Choice[]): Promise<SearchPage['titleOf']> {
  const named = facetFields.map((field) => {
    const counts = facets.find((one) => one.field === field)?.counts ?? []
    const chosen = choices.filter((one) => one.field === field).map(({ value }) => ({ value, count: 0 }))
    return [field, [...counts, ...chosen]] as const
  })
  const titles = await facetTitles(ctx, new Map(named))
  return ({ field, value }) => titles.get(field)?.get(value) || value
}

type Kept = Pick<ListedDataset, 'name' | 'title' | 'notes'> & { readonly resources: readonly { readonly format: string }[] }

function toListed({ dataset }: ShownDataset): ListedDataset {
  const { name, title, notes, resources }: Kept = JSON.parse(dataset.document)
  const formats = [...new Set(resources.map((resource) => canonicalFormat(resource.format)).filter((format) => format !== ''))]
  return { name, title, notes, formats, isPrivate: dataset.isPrivate }
}

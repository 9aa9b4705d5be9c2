import { DomainError } from '../../base/errors.ts'
import type { ShownDataset } from '../../catalogue/dataset/read.ts'
import { searchDatasets } from '../../catalogue/dataset/read.ts'
import { listGroupsCounted } from '../../catalogue/group/list-store.ts'
import { canonicalFormat } from '../../catalogue/resource/format.ts'
import { facetTitles } from '../../catalogue/search/facet-titles.ts'
import { extraFields } from '../../catalogue/search/field.ts'
import { parseQuery } from '../../catalogue/search/parser.ts'
import { joined } from '../../catalogue/search/query.ts'
import type { SearchRequest } from '../../catalogue/search/search.ts'
import type { Context } from '../../context.ts'
import type { ListedDataset, SearchPage } from './search-page.ts'
import type { Welcome } from './start-page.ts'

/** How many datasets a page of a search shows. */
export const pageSize = 20
const latestShown = 10
const groupsShown = 20
const facetTitle = { groups: 'Groups', res_format: 'Formats', tags: 'Tags', license_id: 'Licences' } as const
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

/** A page of what a search finds, private datasets of the caller included. A query that cannot be understood gives a page that says so. */
export async function findPage(ctx: Context, { query, page }: { query: string; page: number }): Promise<SearchPage> {
  try {
    const offset = (page - 1) * pageSize
    const include = { ...everything.include, isPrivate: true }
    const facets = Object.keys(facetTitle).filter((field) => field !== 'res_format' || !ctx.search?.rebuild?.isRunning)
    const parsed = parseQuery(query, { parameter: 'q', now: ctx.clock() })
    const extras = extraFields(parsed).map((field) => ({ field, parameter: 'q' }))
    const found = await searchDatasets(ctx, { ...everything, query: parsed, extraFields: extras, include, offset, facets })
    const titles = await facetTitles(ctx, found.facets)
    const shown = Object.entries(facetTitle).map(([field, title]) => ({
      field,
      title,
      counts: found.facets.get(field) ?? [],
      titles: titles.get(field) ?? new Map(),
    }))
    return { query, page, pageSize, count: found.count, datasets: found.datasets.map(toListed), facets: shown }
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'invalid') throw error
    const fault =
      Object.values(error.fields ?? {})
        .flat()
        .join(', ') || error.message
    return { query, page, pageSize, count: 0, datasets: [], facets: [], fault }
  }
}

type Kept = Pick<ListedDataset, 'name' | 'title' | 'notes'> & { readonly resources: readonly { readonly format: string }[] }

function toListed({ dataset }: ShownDataset): ListedDataset {
  const { name, title, notes, resources }: Kept = JSON.parse(dataset.document)
  const formats = [...new Set(resources.map((resource) => canonicalFormat(resource.format)).filter((format) => format !== ''))]
  return { name, title, notes, formats, isPrivate: dataset.isPrivate }
}

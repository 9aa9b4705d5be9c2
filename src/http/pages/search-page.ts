import type { FacetCount } from '../../catalogue/search/search.ts'
import { escapeHtml } from '../server/escape.ts'
import { excerptOf } from '../server/markdown.ts'
import { condition, layout, type PageFrame, searchForm, searchUrl } from './layout.ts'

/** What a list shows of a dataset. */
export interface ListedDataset {
  readonly name: string
  readonly title: string
  readonly notes: string | null
  readonly isPrivate: boolean
  /** Formats of its resources, each once. */
  readonly formats: readonly string[]
}

/** A facet under the name that people read. */
export interface ShownFacet {
  readonly field: string
  readonly title: string
  readonly counts: readonly FacetCount[]
  readonly titles: ReadonlyMap<string, string>
}

/** One page of what a search has found; `fault` says why it could not be understood. */
export interface SearchPage {
  readonly query: string
  readonly page: number
  readonly pageSize: number
  readonly count: number
  readonly datasets: readonly ListedDataset[]
  readonly facets: readonly ShownFacet[]
  readonly fault?: string
}

const excerptLength = 220

/** Datasets as a list of links. */
export function listItems(datasets: readonly ListedDataset[]): string {
  const items = datasets.map(({ name, title, notes, isPrivate, formats }) => {
    const labels = [...(isPrivate ? ['private'] : []), ...formats].map((text) => `<span class="label">${escapeHtml(text)}</span>`).join('')
    const excerpt = excerptOf(notes ?? '', excerptLength)
    const about = excerpt === '' ? '' : `<p class="quiet wrap">${escapeHtml(excerpt)}</p>`
    return `<li><a href="/dataset/${encodeURIComponent(name)}">${escapeHtml(title)}</a>${about}${labels === '' ? '' : `<p>${labels}</p>`}</li>`
  })
  return `<ul class="plain">${items.join('\n')}</ul>`
}

/** The page that lists what a search has found. */
export function searchPage(frame: PageFrame, found: SearchPage): string {
  const { query, count, datasets, facets, fault } = found
  const heading = count === 1 ? 'One dataset' : `${count === 0 ? 'No' : count.toLocaleString('en')} datasets`
  const list = fault === undefined ? `${listItems(datasets)}${pageLinks(found)}` : `<p role="alert">${escapeHtml(fault)}</p>`
  const content = `<h1>${fault === undefined ? heading : 'The search cannot be understood'}</h1>
${searchForm(query)}
<div class="columns">
<section>${list}</section>
<aside>${facets.map((facet) => facetList(facet, query)).join('\n')}</aside>
</div>`
  return layout(frame, { title: query === '' ? 'Datasets' : query, content })
}

function facetList({ field, title, counts, titles }: ShownFacet, query: string): string {
  if (counts.length === 0) return ''
  const items = counts.map(({ value, count }) => {
    const narrowed = `${query} ${condition(field, value)}`.trim()
    return `<li><a href="${escapeHtml(searchUrl(narrowed))}">${escapeHtml(titles.get(value) || value)}</a><span class="quiet">${count}</span></li>`
  })
  return `<h2>${escapeHtml(title)}</h2><ul>${items.join('\n')}</ul>`
}

function pageLinks({ query, page, pageSize, count }: SearchPage): string {
  const earlier = page > 1 ? `<a rel="prev" href="${escapeHtml(searchUrl(query, page - 1))}">Earlier</a>` : ''
  const later = page * pageSize < count ? `<a rel="next" href="${escapeHtml(searchUrl(query, page + 1))}">Later</a>` : ''
  return earlier || later ? `<nav class="pages">${earlier}${later}</nav>` : ''
}

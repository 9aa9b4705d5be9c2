import { html, type SafeHtml } from '@remix-run/html-template'
import type { FacetCount } from '../../catalogue/search/search.ts'
import { excerptOf } from '../server/markdown.ts'
import { layout, type PageFrame, searchForm } from './layout.ts'
import { type Choice, type Facet, facetTitles, isChosen, type SearchAddress, searchUrl } from './search-address.ts'

/** What a list shows of a dataset. */
export interface ListedDataset {
  readonly name: string
  readonly title: string
  readonly notes: string | null
  readonly isPrivate: boolean
  /** Formats of its resources, each once. */
  readonly formats: readonly string[]
}

/** A facet with its most frequent values. */
export interface ShownFacet {
  readonly field: Facet
  readonly counts: readonly FacetCount[]
}

/** One page of what a search has found; `fault` says what is wrong with the search. */
export interface SearchPage extends SearchAddress {
  readonly pageSize: number
  readonly count: number
  readonly datasets: readonly ListedDataset[]
  readonly facets: readonly ShownFacet[]
  /** The names that people read, of values of facets that have one. */
  readonly titleOf: (choice: Choice) => string
  readonly fault?: string
}

const excerptLength = 220

/** Datasets as a list of links. */
export function listDatasets(datasets: readonly ListedDataset[]): SafeHtml {
  const items = datasets.map(({ name, title, notes, isPrivate, formats }) => {
    const labels = [...(isPrivate ? ['Private'] : []), ...formats].map((text) => html`<span class="label">${text}</span>`)
    const excerpt = excerptOf(notes ?? '', excerptLength)
    return html`<li><h3 dir="auto"><a href="/dataset/${encodeURIComponent(name)}">${title}</a></h3>${excerpt === '' ? '' : html`<p class="quiet wrap" dir="auto">${excerpt}</p>`}${labels.length === 0 ? '' : html`<p>${labels}</p>`}</li>
`
  })
  return html`<ul class="datasets">${items}</ul>`
}

/** How many pages a search has; an empty one has its first. */
const pagesOf = ({ count, pageSize }: SearchPage) => Math.max(1, Math.ceil(count / pageSize))

/** Whether the search has no such page. */
export const isBeyondEnd = (found: SearchPage) => found.fault === undefined && found.page > pagesOf(found)

/** The page that lists what a search has found. */
export function searchPage(frame: PageFrame, found: SearchPage): SafeHtml {
  const { query, choices } = found
  const content = html`<h1>${headingOf(found)}</h1>
${searchForm(query, choices)}
${choices.length === 0 ? '' : choiceList(found)}
${found.facets.some(({ counts }) => counts.length > 0) ? html`<p class="narrow-only"><a href="#filters">Filter these datasets</a></p>` : ''}
<div class="columns">
<section>${results(found)}</section>
<aside id="filters">${found.facets.map((facet) => facetList(facet, found))}</aside>
</div>`
  const where = found.page > 1 ? `, page ${found.page}` : ''
  return layout(frame, { title: `${query === '' ? 'Datasets' : query}${where}`, content })
}

function headingOf(found: SearchPage): string {
  if (found.fault !== undefined) return 'Invalid search'
  if (isBeyondEnd(found)) return `There is no page ${found.page.toLocaleString('en')}`
  if (found.count === 0) return 'No datasets found'
  return found.count === 1 ? '1 dataset' : `${found.count.toLocaleString('en')} datasets`
}

function results(found: SearchPage): SafeHtml {
  const { fault, count, datasets, query, choices } = found
  const all = html`<a href="${searchUrl({})}">Show all datasets</a>`
  if (fault !== undefined) return html`<p role="alert">${fault}</p><p>Change the search above, or start again: ${all}.</p>`
  if (isBeyondEnd(found)) {
    const last = pagesOf(found)
    const link = html`<a href="${searchUrl({ query, choices, page: last })}">Go to ${last === 1 ? 'the only page' : `the last page, ${last.toLocaleString('en')}`}</a>`
    return html`<p>This search has ${last === 1 ? 'one page' : `${last.toLocaleString('en')} pages`}. ${link}.</p>`
  }
  if (count === 0) return html`<p>Try other words, or remove a filter. ${all}.</p>`
  return html`${listDatasets(datasets)}${pageLinks(found)}`
}

/** What is chosen, each with the search without it. */
function choiceList({ query, choices, titleOf }: SearchPage): SafeHtml {
  const items = choices.map((choice) => {
    const title = titleOf(choice)
    const url = searchUrl({ query, choices: choices.filter((one) => one !== choice) })
    return html`<li><a href="${url}" aria-label="Remove filter ${title}">${title} <span aria-hidden="true">×</span></a></li>`
  })
  const clear = choices.length > 1 ? html`<li><a class="plain" href="${searchUrl({ query })}">Clear all</a></li>` : ''
  return html`<ul class="chips" aria-label="Filters">${items}${clear}</ul>`
}

/** The values by which the search can be narrowed further. */
function facetList({ field, counts }: ShownFacet, { query, choices, titleOf }: SearchPage): SafeHtml | string {
  const items = counts
    .map(({ value, count }) => ({ choice: { field, value }, count }))
    .filter(({ choice }) => !isChosen(choices, choice))
    .map(({ choice, count }) => {
      const url = searchUrl({ query, choices: [...choices, choice] })
      return html`<li><a href="${url}">${titleOf(choice)}</a><span class="quiet">${count.toLocaleString('en')}</span></li>
`
    })
  return items.length === 0 ? '' : html`<h2>${facetTitles[field]}</h2><ul>${items}</ul>`
}

function pageLinks(found: SearchPage): SafeHtml | string {
  const { query, choices, page } = found
  const last = pagesOf(found)
  if (last === 1) return ''
  const previous = page > 1 ? html`<a rel="prev" href="${searchUrl({ query, choices, page: page - 1 })}">Previous</a>` : ''
  const next = page < last ? html`<a rel="next" href="${searchUrl({ query, choices, page: page + 1 })}">Next</a>` : ''
  const where = html`<span class="quiet">Page ${page.toLocaleString('en')} of ${last.toLocaleString('en')}</span>`
  return html`<nav class="pages" aria-label="Pages">${previous}${where}${next}</nav>`
}

import { html, type SafeHtml } from '@remix-run/html-template'
import type { CountedGroup } from '../../catalogue/group/list-store.ts'
import { layout, type PageFrame, searchForm } from './layout.ts'
import { searchUrl } from './search-address.ts'
import { type ListedDataset, listDatasets } from './search-page.ts'

const interfaces = [
  ['/api/3/action/package_search', 'Search datasets (CKAN’s Action API)'],
  ['/status', 'Run functions as jobs (job service)'],
  ['/v6/job-types', 'Register versioned job types (Seed manifests)'],
  ['/changes', 'List what has changed, oldest first'],
  ['/openapi.json', 'Describe every route (OpenAPI)'],
] as const

/** What the first page shows of the catalogue. */
export interface Welcome {
  readonly siteUrl: string
  readonly count: number
  readonly latest: readonly ListedDataset[]
  readonly groups: readonly CountedGroup[]
}

/** The first page a person sees. */
export function startPage(frame: PageFrame, { siteUrl, count, latest, groups }: Welcome): SafeHtml {
  const content = html`<h1>${frame.config.siteTitle}</h1>
<p class="quiet">An open-data hub with ${count === 1 ? 'one dataset' : `${count.toLocaleString('en')} datasets`}.</p>
${searchForm('', [])}
<div class="columns">
<section><h2>Recently changed</h2>
${latest.length === 0 ? html`<p>No dataset is published yet. Publish the first one with the API: see “For programs” below.</p>` : listDatasets(latest)}</section>
<aside>${groups.length === 0 ? '' : groupList(groups)}</aside>
</div>
<details><summary>For programs</summary>
<p>Programs send requests to these addresses and get JSON:</p>
<table>${interfaces.map(([path, what]) => html`<tr><td class="wrap"><code>${siteUrl}${path}</code></td><td>${what}</td></tr>`)}</table>
</details>`
  return layout(frame, { title: '', content })
}

function groupList(groups: readonly CountedGroup[]): SafeHtml {
  const items = groups.map(({ group, count }) => {
    const url = searchUrl({ choices: [{ field: 'groups', value: group.name }] })
    return html`<li><a href="${url}">${group.title || group.name}</a><span class="quiet">${count.toLocaleString('en')}</span></li>`
  })
  return html`<h2>Groups</h2><ul>${items}</ul>`
}

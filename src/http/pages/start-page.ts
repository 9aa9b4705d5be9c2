import type { CountedGroup } from '../../catalogue/group/list-store.ts'
import { escapeHtml } from '../server/escape.ts'
import { layout, type PageFrame, searchForm } from './layout.ts'
import { type ListedDataset, listItems } from './search-page.ts'

const surfaces = [
  ['Catalogue', '/api/3/action/package_search', 'datasets, by CKAN’s Action API'],
  ['Job service', '/status', 'functions as synchronous or asynchronous jobs'],
  ['Job types', '/v6/job-types/', 'versioned containers described by Seed manifests'],
  ['Changes', '/changes', 'what has changed, oldest first'],
  ['Every route', '/openapi.json', 'an OpenAPI description'],
] as const

/** What the first page shows of the catalogue. */
export interface Welcome {
  readonly siteUrl: string
  readonly count: number
  readonly latest: readonly ListedDataset[]
  readonly groups: readonly CountedGroup[]
}

/** The first page a person sees. */
export function startPage(frame: PageFrame, { siteUrl, count, latest, groups }: Welcome): string {
  const rows = surfaces.map(([name, path, what]) => `<li><a href="${path}">${name}</a>: ${what}</li>`).join('\n')
  const named = groups.map(
    ({ group, count: inside }) =>
      `<li><a href="/dataset?q=groups%3A${encodeURIComponent(group.name)}">${escapeHtml(group.title || group.name)}</a><span class="quiet">${inside}</span></li>`,
  )
  const content = `<h1>${escapeHtml(frame.config.siteTitle)}</h1>
<p class="quiet">An open-data hub with ${count === 1 ? 'one dataset' : `${count.toLocaleString('en')} datasets`}.</p>
${searchForm('')}
<div class="columns">
<section><h2>Changed last</h2>
${latest.length === 0 ? '<p>Nothing is published yet.</p>' : listItems(latest)}</section>
<aside>
${named.length === 0 ? '' : `<h2>Groups</h2><ul>${named.join('\n')}</ul>`}
</aside>
</div>
<h2>For programs</h2>
<p>They reach this hub at <code>${escapeHtml(siteUrl)}</code>:</p>
<ul>
${rows}
</ul>`
  return layout(frame, { title: '', content })
}

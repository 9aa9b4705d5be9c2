import { html, type SafeHtml } from '@remix-run/html-template'
import { renderNotes } from '../server/markdown.ts'
import { fileSection, type PageResource, sizeText } from './dataset-files.ts'
import { layout, outsideLink, type PageFrame } from './layout.ts'
import { type Facet, searchUrl } from './search-address.ts'

/** A dataset as the Action API shows it; the keys that the page reads. */
export interface PageDataset {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly notes: string | null
  readonly url: string | null
  readonly version: string | null
  readonly author: string | null
  readonly maintainer: string | null
  readonly license_title: string | null
  readonly license_url?: string
  readonly state: string
  readonly private: boolean
  readonly metadata_created: string
  readonly metadata_modified: string
  readonly organization: { readonly name: string; readonly title: string } | null
  readonly groups: readonly { readonly name: string; readonly display_name: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly extras: readonly Extra[]
  readonly resources: readonly PageResource[]
}

interface Extra {
  readonly key: string
  readonly value: string
}

type Shown = SafeHtml | string | null | undefined

/** Extras that flows write, by the names that people read. */
const technical: Readonly<Record<string, string>> = {
  source_flow_id: 'Made by flow',
  source_revision: 'Revision of the source',
  findability: 'Visibility',
  count_of_rows: 'Rows in all tables',
  bytes: 'Size of all files',
  hash: 'Checksum of the package (MD5)',
}

/** The page of one dataset. */
export function datasetPage(frame: PageFrame, dataset: PageDataset): SafeHtml {
  const { title, name, notes, resources, extras } = dataset
  const isMade = extras.some(({ key }) => key === 'source_flow_id')
  const isTechnical = ({ key }: Extra) => isMade && Object.hasOwn(technical, key)
  const own = extras.filter((extra) => !isTechnical(extra)).map(({ key, value }) => row(key, withLinks(value)))
  const machine = extras.filter(isTechnical).map(({ key, value }) => row(technical[key] ?? key, machineText(key, value)))
  const content = html`<h1 dir="auto">${title}${stateLabel(dataset)}</h1>
<p class="quiet">${summary(dataset)}</p>
${notes ? html`<div class="notes" dir="auto">${renderNotes(notes)}</div>` : ''}
<h2>Files</h2>
${fileSection(resources, { isMade, notes })}
<h2>About this dataset</h2>
<table class="wrap">${facts(dataset).map(([fact, shown]) => (shown ? row(fact, shown) : ''))}${own}</table>
<details><summary>For programs</summary><table class="wrap">
${row('This dataset as JSON', html`<a href="/api/3/action/package_show?id=${encodeURIComponent(name)}"><code>/api/3/action/package_show?id=${encodeURIComponent(name)}</code></a>`)}
${row('Name', html`<code>${name}</code>`)}${row('Id', html`<code>${dataset.id}</code>`)}${machine}
</table></details>`
  return layout(frame, { title, content })
}

const row = (name: string, shown: Shown) => html`<tr><th scope="row">${name}</th><td>${shown}</td></tr>`

function stateLabel({ state, private: isPrivate }: PageDataset): SafeHtml | string {
  const label = state !== 'active' ? state : isPrivate ? 'private' : ''
  return label === '' ? '' : html` <span class="label">${label}</span>`
}

/** Publisher, licence and freshness in one line. */
function summary({ organization, license_title: licence, metadata_modified: modified }: PageDataset): SafeHtml {
  const first = [organization?.title || organization?.name, licence].filter(Boolean).map((text) => html`${text} · `)
  return html`${first}changed ${dateOf(modified)}`
}

function facts(dataset: PageDataset): readonly (readonly [string, Shown])[] {
  const { organization, groups, tags, license_title: licence, license_url: licenceUrl } = dataset
  return [
    ['Organization', organization && searchLink('organization', organization.name, organization.title)],
    ['Groups', listed(groups.map((group) => searchLink('groups', group.name, group.display_name)))],
    ['Tags', listed(tags.map((tag) => searchLink('tags', tag.name, tag.name)))],
    ['Licence', licence && outsideLink(licenceUrl ?? '', licence)],
    ['Author', dataset.author],
    ['Maintainer', dataset.maintainer],
    ['Version', dataset.version],
    ['Website', dataset.url && outsideLink(dataset.url)],
    ['Created', dateOf(dataset.metadata_created)],
    ['Last changed', dateOf(dataset.metadata_modified)],
  ]
}

const listed = (links: readonly SafeHtml[]): Shown =>
  links.length === 0 ? null : html`${links.map((link, at) => html`${at === 0 ? '' : ', '}${link}`)}`

const searchLink = (field: Facet, value: string, title: string) => html`<a href="${searchUrl({ choices: [{ field, value }] })}">${title || value}</a>`

/** A time of the Action API, which is UTC and does not say so. */
const dateOf = (time: string) => html`<time datetime="${time}Z" title="${time.slice(0, 16).replace('T', ' ')} UTC">${dayOf(time)}</time>`

const dayOf = (time: string) =>
  Number.isNaN(Date.parse(`${time}Z`)) ? time : new Date(`${time}Z`).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

/** What a flow has written, with its unit. */
function machineText(key: string, value: string): string {
  if (!/^\d{1,15}$/.test(value)) return value
  if (key === 'bytes') return sizeText(Number(value))
  return key === 'count_of_rows' ? Number(value).toLocaleString('en') : value
}

/** A text with its addresses as links. */
const withLinks = (text: string): SafeHtml =>
  html`${text.split(/(https?:\/\/[^\s"<>]+)/).map((part) => (/^https?:\/\//.test(part) ? outsideLink(part) : part))}`

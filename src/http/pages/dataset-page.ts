import { canonicalFormat } from '../../catalogue/resource/format.ts'
import { escapeHtml } from '../server/escape.ts'
import { condition, layout, outsideLink, type PageFrame, searchUrl } from './layout.ts'

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
  readonly extras: readonly { readonly key: string; readonly value: string }[]
  readonly resources: readonly PageResource[]
}

interface PageResource {
  readonly url: string
  readonly name: string | null
  readonly description: string
  readonly format: string
  readonly size: number | string | null
}

/** The page of one dataset; `notesHtml` is its description, rendered. */
export function datasetPage(frame: PageFrame, dataset: PageDataset, notesHtml: string): string {
  const { title, name, state, tags, resources, extras } = dataset
  const hint = state !== 'active' ? state : dataset.private ? 'private' : ''
  const labels = tags.map((tag) => `<a href="${escapeHtml(searchUrl(condition('tags', tag.name)))}">${escapeHtml(tag.name)}</a>`)
  const content = `<h1>${escapeHtml(title)}${hint === '' ? '' : ` <span class="label">${hint}</span>`}</h1>
${labels.length === 0 ? '' : `<p class="labels">${labels.join('')}</p>`}
<div class="wrap">${notesHtml}</div>
<h2>Data</h2>
${resources.length === 0 ? '<p class="quiet">There are no files or links yet.</p>' : resourceTable(dataset)}
<h2>About</h2>
<table class="wrap">${factRows(dataset)}${extras.map(({ key, value }) => row(key, withLinks(value))).join('')}</table>
<p class="quiet">For programs: <a href="/api/3/action/package_show?id=${encodeURIComponent(name)}">this dataset as JSON</a></p>`
  return layout(frame, { title, content })
}

const row = (name: string, html: string) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${html}</td></tr>`

function factRows(dataset: PageDataset): string {
  const { organization, groups, license_title: licence, license_url: licenceUrl } = dataset
  const facts: [string, string | null | undefined][] = [
    ['Organization', organization && searchLink('organization', organization.name, organization.title)],
    ['Groups', groups.map((group) => searchLink('groups', group.name, group.display_name)).join(', ')],
    ['Licence', licence && outsideLink(licenceUrl ?? '', licence)],
    ['Author', dataset.author && escapeHtml(dataset.author)],
    ['Maintainer', dataset.maintainer && escapeHtml(dataset.maintainer)],
    ['Version', dataset.version && escapeHtml(dataset.version)],
    ['Home page', dataset.url && outsideLink(dataset.url)],
    ['Made', dateOf(dataset.metadata_created)],
    ['Changed', dateOf(dataset.metadata_modified)],
  ]
  return facts.map(([name, html]) => (html ? row(name, html) : '')).join('')
}

const searchLink = (field: string, value: string, title: string) =>
  `<a href="${escapeHtml(searchUrl(condition(field, value)))}">${escapeHtml(title || value)}</a>`

const dateOf = (time: string) => `<time datetime="${escapeHtml(time)}Z">${escapeHtml(time.slice(0, 16).replace('T', ' '))} UTC</time>`

/** A text with its addresses as links. */
const withLinks = (text: string) =>
  text
    .split(/(https?:\/\/[^\s"<>]+)/)
    .map((part) => (/^https?:\/\//.test(part) ? outsideLink(part) : escapeHtml(part)))
    .join('')

/** What a file says of itself is told only where it differs from what the dataset says. */
function resourceTable({ resources, notes }: PageDataset): string {
  const rows = resources.map(({ url, name, description, format, size }) => {
    const about = description === '' || description === notes ? '' : `<br><span class="quiet">${escapeHtml(description)}</span>`
    return `<tr><td class="wrap">${outsideLink(url, name || lastOf(url))}${about}</td><td>${escapeHtml(canonicalFormat(format))}</td><td class="number">${sizeText(size)}</td></tr>`
  })
  return `<table><thead><tr><th>Name</th><th>Format</th><th class="number">Size</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

/** The last part of an address that says something. */
const lastOf = (url: string) =>
  url
    .split(/[?#]/, 1)[0]
    ?.split('/')
    .findLast((part) => part !== '') ?? url

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

function sizeText(size: number | string | null): string {
  if (typeof size !== 'number') return escapeHtml(size ?? '')
  const power = Math.min(units.length - 1, size < 1024 ? 0 : Math.floor(Math.log2(size) / 10))
  return `${(size / 1024 ** power).toLocaleString('en', { maximumFractionDigits: power === 0 ? 0 : 1 })} ${units[power]}`
}

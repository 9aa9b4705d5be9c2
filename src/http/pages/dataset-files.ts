import { html, type SafeHtml } from '@remix-run/html-template'
import { canonicalFormat } from '../../catalogue/resource/format.ts'
import { excerptOf } from '../server/markdown.ts'
import { outsideLink } from './layout.ts'

/** A resource as the Action API shows it; the keys that the page reads. */
export interface PageResource {
  readonly url: string
  readonly name: string | null
  readonly description: string
  readonly format: string
  readonly size: number | string | null
}

/** A file under the name that people read. */
interface NamedFile {
  readonly resource: PageResource
  readonly title: string
  /** Whether it is the data itself, and not a report, a preview or a package of it. */
  readonly isData: boolean
}

const excerptLength = 300

/** The files of a dataset, the data first; `isMade` says that a flow has made them, whose names have a meaning. */
export function fileSection(resources: readonly PageResource[], { isMade, notes }: { isMade: boolean; notes: string | null }): SafeHtml {
  if (resources.length === 0) return html`<p class="quiet">This dataset has no files or links yet.</p>`
  const files = resources.map((resource) => ({ resource, ...(isMade ? nameMadeFile(resource, resources) : nameFile(resource)) }))
  const others = files.filter((file) => !file.isData)
  const data = files.filter((file) => file.isData)
  return html`${data.length === 0 ? '' : fileTable(data, notes)}
${others.length === 0 ? '' : html`<details><summary>More files (${others.length.toLocaleString('en')})</summary>${fileTable(others, notes)}</details>`}`
}

const nameFile = ({ name, url }: PageResource) => ({ title: name || lastPart(url), isData: true })

/** The names that flows give (docs/reference/source-spec.md): `R` as it came, `R_csv`, `R_json`, `R_csv_preview`, `validation_report`, `…_zip`. */
function nameMadeFile(resource: PageResource, all: readonly PageResource[]): Omit<NamedFile, 'resource'> {
  const name = resource.name ?? ''
  const isMadeOf = (suffix: string) => name.endsWith(suffix) && resource.format.toLowerCase() === suffix.slice(1)
  if (name === 'validation_report') return { title: 'Validation report', isData: false }
  if (name.endsWith('_csv_preview')) return { title: `Preview of ${name.slice(0, -'_csv_preview'.length)}`, isData: false }
  if (isMadeOf('_zip')) return { title: 'All files in one ZIP', isData: false }
  if (isMadeOf('_csv') || isMadeOf('_json')) return { title: name.slice(0, name.lastIndexOf('_')), isData: true }
  const isSource = all.some((one) => one.name === `${name}_csv` || one.name === `${name}_json`)
  return isSource ? { title: `${name} as received`, isData: false } : nameFile(resource)
}

/** What a file says of itself is shown only where it differs from what the dataset says. */
function fileTable(files: readonly NamedFile[], notes: string | null): SafeHtml {
  const rows = files.map(({ title, resource: { url, description, format, size } }) => {
    const about = description === notes ? '' : excerptOf(description, excerptLength)
    return html`<tr><td class="wrap">${outsideLink(url, title)}${about === '' ? '' : html`<br><span class="quiet" dir="auto">${about}</span>`}</td><td>${canonicalFormat(format)}</td><td class="number">${sizeText(size)}</td></tr>
`
  })
  return html`<table><thead><tr><th scope="col">Name</th><th scope="col">Format</th><th scope="col" class="number">Size</th></tr></thead><tbody>${rows}</tbody></table>`
}

/** The last part of an address that says something. */
const lastPart = (url: string) =>
  url
    .split(/[?#]/, 1)[0]
    ?.split('/')
    .findLast((part) => part !== '') ?? url

const units = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** A number of bytes as people read it; another text stays as it is. */
export function sizeText(size: number | string | null): string {
  if (typeof size !== 'number') return size ?? ''
  const power = Math.min(units.length - 1, size < 1000 ? 0 : Math.floor(Math.log10(size) / 3))
  return `${(size / 1000 ** power).toLocaleString('en', { maximumFractionDigits: power === 0 ? 0 : 1 })} ${units[power]}`
}

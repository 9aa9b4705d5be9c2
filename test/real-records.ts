import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { licenceIn, type RealPackage, stableId } from './real-package.ts'
import { readTilePackages } from './tile-records.ts'

/** A group as the Action API takes it, without its packages: they name it. */
export interface RealGroup {
  readonly name: string
  readonly title: string
  readonly description: string
}

/** Real metadata that npm packages ship: the resources of a data package, and the map services of a well-known list. */
export interface RealRecords {
  readonly groups: readonly RealGroup[]
  readonly packages: readonly RealPackage[]
}

interface Link {
  readonly name?: string
  readonly title?: string
  readonly path?: string
}

interface VegaResource {
  readonly name: string
  readonly type: string
  readonly description: string
  readonly path: string
  readonly format: string
  readonly mediatype: string
  readonly hash: string
  readonly bytes: number
  readonly licenses?: readonly Link[]
  readonly sources?: readonly Link[]
}

interface VegaPackage {
  readonly version: string
  readonly homepage: string
  readonly description: string
  readonly resources: readonly VegaResource[]
}

const manifest = fileURLToPath(new URL('../node_modules/vega-datasets/datapackage.json', import.meta.url))

/** Name of the package that holds the record of a resource of `vega-datasets`. */
const vegaName = (resource: string) => `vega-${resource.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`

/** Reads all records. The same ones come in the same order every time. */
export function readRealRecords(): RealRecords {
  const vega: VegaPackage = JSON.parse(readFileSync(manifest, 'utf8'))
  const packages = [...vega.resources.map((resource) => toPackage(resource, vega)), ...readTilePackages()]
  const formats = new Set(vega.resources.map(formatOf))
  return {
    packages,
    groups: [
      { name: 'vega-datasets', title: 'Vega datasets', description: vega.description },
      { name: 'map-tiles', title: 'Map tiles', description: 'Maps and imagery as tiles, from the list of the Leaflet community.' },
      ...[...formats].map((format) => ({ name: groupOf(format), title: format, description: `Data as ${format} files.` })),
    ],
  }
}

const formatOf = ({ format }: VegaResource) => format.replace(/^\./, '').toUpperCase()
const groupOf = (format: string) => `format-${format.toLowerCase()}`

function toPackage(resource: VegaResource, { version, homepage }: VegaPackage): RealPackage {
  const format = formatOf(resource)
  const url = `https://cdn.jsdelivr.net/npm/vega-datasets@${version}/data/${resource.path}`
  const { name, description, mediatype, hash, bytes } = resource
  const words = name.replaceAll('_', ' ')
  return {
    name: vegaName(name),
    title: words.charAt(0).toUpperCase() + words.slice(1),
    url: homepage.replace(/^git\+|\.git$/g, ''),
    notes: description,
    license_id: licenceOf(resource.licenses ?? []),
    tags: [{ name: format.toLowerCase() }, { name: resource.type }],
    extras: [
      ...(resource.licenses ?? []).map((one, at) => ({ key: `licence_${at + 1}`, value: textOf(one) })),
      ...(resource.sources ?? []).map((one, at) => ({ key: `source_${at + 1}`, value: textOf(one) })),
    ],
    groups: [{ name: groupOf(format) }, { name: 'vega-datasets' }],
    resources: [{ id: stableId(url), url, name: resource.path, format, mimetype: mediatype, hash, size: bytes }],
  }
}

const textOf = ({ title, name, path }: Link) => [title ?? name, path].filter((part) => part !== undefined).join(' ')

const licenceOf = (licences: readonly Link[]) => licenceIn(licences.map((one) => `${one.name ?? ''} ${textOf(one)}`).join(' '))

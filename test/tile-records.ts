import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { licenceIn, type RealPackage, stableId } from './real-package.ts'

type Options = Readonly<Record<string, unknown>>

interface Provider {
  readonly url: string
  readonly options: Options
  readonly variants?: Readonly<Record<string, string | { readonly url?: string; readonly options?: Options }>>
}

type Providers = Readonly<Record<string, Provider>>

/** The list is a script that adds itself to a library; the library is made up here, as far as the script needs it. */
function readProviders(): Providers {
  const layer: { extend: () => object; Provider?: { providers: Providers } } = { extend: () => ({}) }
  const context = createContext({ L: { TileLayer: layer, tileLayer: {} } })
  runInContext(readFileSync(fileURLToPath(import.meta.resolve('leaflet-providers')), 'utf8'), context)
  return layer.Provider?.providers ?? {}
}

/** Every map of the list, each with the credit that its makers ask for. */
export function readTilePackages(): RealPackage[] {
  const providers = readProviders()
  return Object.entries(providers).flatMap(([name, provider]) => {
    const variants = Object.entries(provider.variants ?? { '': {} })
    return variants.map(([variant, own]) => toPackage([name, variant], mapOf(provider, own), providers))
  })
}

interface TileMap {
  readonly url: string
  readonly options: Options
}

function mapOf({ url, options }: Provider, own: string | { readonly url?: string; readonly options?: Options }): TileMap {
  if (typeof own === 'string') return { url, options: { ...options, variant: own } }
  return { url: own.url ?? url, options: { ...options, ...own.options } }
}

function toPackage([provider, variant]: readonly [string, string], { url, options }: TileMap, providers: Providers): RealPackage {
  const credit = creditOf(String(options['attribution'] ?? ''), providers)
  const address = url.replace(/\{(\w+)\}/g, (whole, key) => (typeof options[key] === 'string' && !/^</.test(options[key]) ? options[key] : whole))
  const needsKey = Object.values(options).some((value) => typeof value === 'string' && /^<.*>$/.test(value))
  const title = [provider, variant].filter((part) => part !== '').join(' ')
  return {
    name: `tiles-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`,
    title: `${title} tiles`,
    notes: credit,
    license_id: licenceIn(credit),
    tags: [provider, 'map tiles', ...(needsKey ? ['needs a key'] : [])].map((name) => ({ name })),
    extras: ['minZoom', 'maxZoom', 'bounds']
      .filter((key) => options[key] !== undefined)
      .map((key) => ({ key: key.toLowerCase(), value: JSON.stringify(options[key]) })),
    groups: [{ name: 'map-tiles' }],
    resources: [{ id: stableId(`${title} ${address}`), url: address, name: title, format: 'XYZ tiles' }],
  }
}

const entities: Readonly<Record<string, string>> = { copy: '©', mdash: '—', amp: '&' }

/** The credit as Markdown: the list has it as HTML, in which one map may stand for another's words. */
function creditOf(html: string, providers: Providers): string {
  const whole = html.replace(/\{attribution\.(\w+)\}/g, (_, name) => creditOf(String(providers[name]?.options['attribution'] ?? ''), providers))
  return whole
    .replace(/<a\s[^>]*href="([^"]*)"[^>]*>(.*?)<\/a>/g, (_, url, text) => `[${text}](${url})`)
    .replace(/<[^>]*>/g, '')
    .replace(/&(\w+);/g, (entity, name) => entities[name] ?? entity)
    .replace(/\s+/g, ' ')
    .trim()
}

import type { FoundDatasets } from '../../../catalogue/dataset/read.ts'
import type { FacetCount } from '../../../catalogue/search/search.ts'
import type { Context } from '../../../context.ts'
import { JsonText, joinTexts, toJson } from '../json-text.ts'
import { presentPackage } from './dataset.ts'

/** The hits of a search, and the parameters that decide how they are shown. */
export interface SearchResult {
  readonly found: FoundDatasets
  readonly keys: ReadonlySet<string> | undefined
  readonly sort: string
  /** Title of a facet's value, where it has one. */
  readonly titles: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export function presentSearch({ found, keys, sort, titles }: SearchResult, { config }: Context): JsonText {
  const packages = found.datasets.map((dataset) => presentPackage(dataset, config))
  const results = joinTexts(keys ? packages.map((one) => pickKeys(one, keys)) : packages)
  const facets = [...found.facets].map(([field, counts]) => [field, Object.fromEntries(counts.map((one) => [one.value, one.count]))])
  const described = [...found.facets].map(([field, counts]) => [
    field,
    { title: field, items: counts.map((one) => presentCount(one, titles.get(field))) },
  ])
  const parts = { count: found.count, sort, facets: Object.fromEntries(facets), search_facets: Object.fromEntries(described) }
  return new JsonText(`${JSON.stringify(parts).slice(0, -1)},"results":${toJson(results)}}`)
}

const presentCount = ({ value, count }: FacetCount, titles: ReadonlyMap<string, string> | undefined) => ({
  name: value,
  display_name: titles?.get(value) || value,
  count,
})

function pickKeys(text: JsonText, keys: ReadonlySet<string>): JsonText {
  const whole: Record<string, unknown> = JSON.parse(text.text)
  return new JsonText(JSON.stringify(Object.fromEntries(Object.entries(whole).filter(([key]) => keys.has(key)))))
}

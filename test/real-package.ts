import { v5 as makeStableId } from 'uuid'

/** A package as the Action API takes it. Its resources have ids of their own, so that loading it again changes nothing. */
export interface RealPackage {
  readonly name: string
  readonly title: string
  /** Home page of the data. */
  readonly url?: string
  readonly notes: string
  readonly license_id: string
  readonly tags: readonly { readonly name: string }[]
  readonly extras: readonly { readonly key: string; readonly value: string }[]
  readonly groups: readonly { readonly name: string }[]
  readonly resources: readonly (Readonly<Record<string, string | number>> & { readonly id: string; readonly url: string })[]
}

/** The id that a text always gets. */
export const stableId = (text: string) => makeStableId(text, makeStableId.URL)

/** Words of a licence's title or address, and the id under which the hub lists it. The first that fits counts. */
const licenceWords: readonly (readonly [RegExp, string])[] = [
  [/by-nc/i, 'cc-nc'],
  [/by-sa/i, 'cc-by-sa'],
  [/publicdomain\/zero|CC0/i, 'cc-zero'],
  [/licenses\/by\/|Creative Commons Attribution/i, 'cc-by'],
  [/odbl|openstreetmap\.org\/copyright/i, 'odc-odbl'],
  [/open-government-licence/i, 'uk-ogl'],
  [/public domain|usa\.gov\/government-works|open-licenses/i, 'other-pd'],
  [/BSD/, 'bsd-license'],
  [/other-open|ISC License/i, 'other-open'],
]

/** The hub's id of what a text says about licences; `notspecified` where it says nothing that the hub knows. */
export const licenceIn = (text: string) => licenceWords.find(([words]) => words.test(text))?.[1] ?? 'notspecified'

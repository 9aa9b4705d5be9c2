import { HttpError } from '../server/errors.ts'
import { queryOf } from '../server/query-string.ts'

/** The facets of the search page: parameters of its address, with the names that people read. */
export const facetTitles = {
  organization: 'Organizations',
  groups: 'Groups',
  res_format: 'Formats',
  tags: 'Tags',
  license_id: 'Licences',
} as const

export type Facet = keyof typeof facetTitles

/** One value of a facet, by which a search is narrowed. */
export interface Choice {
  readonly field: Facet
  readonly value: string
}

/** A search as its address says it. */
export interface SearchAddress {
  readonly query: string
  readonly choices: readonly Choice[]
  /** From 1. */
  readonly page: number
}

export const maxPage = 1_000_000
const maxChoices = 50

export const facetFields = Object.keys(facetTitles) as readonly Facet[]

/** The address of a search. */
export function searchUrl({ query = '', choices = [], page = 1 }: Partial<SearchAddress>): string {
  const parameters = new URLSearchParams(query === '' ? {} : { q: query })
  for (const { field, value } of choices) parameters.append(field, value)
  if (page > 1) parameters.set('page', String(page))
  return parameters.size === 0 ? '/dataset' : `/dataset?${parameters}`
}

/** Reads the address of a search; a choice that comes twice counts once. Throws `HttpError` 400 for a wrong page, and for too many choices. */
export function parseSearchUrl(url: string): SearchAddress {
  const parameters = queryOf(url)
  const choices = facetFields.flatMap((field) => {
    const values = new Set(parameters.getAll(field).filter((value) => value !== ''))
    return [...values].map((value) => ({ field, value }))
  })
  if (choices.length > maxChoices) throw new HttpError(400, `the search is narrowed ${choices.length} times; at most ${maxChoices} are allowed`)
  return { query: parameters.get('q') ?? '', choices, page: parsePage(parameters.get('page')) }
}

function parsePage(text: string | null): number {
  if (text === null) return 1
  const page = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (page < 1 || page > maxPage) throw new HttpError(400, `page must be a whole number from 1 to ${maxPage}`)
  return page
}

export const isChosen = (choices: readonly Choice[], { field, value }: Choice): boolean =>
  choices.some((one) => one.field === field && one.value === value)

/** A choice in the language of queries. */
export const conditionOf = ({ field, value }: Choice): string => `${field}:"${value.replace(/["\\]/g, '\\$&')}"`

import { invalid } from '../../base/errors.ts'

/** What the value of a field is compared with. */
export type FieldTest =
  | { readonly kind: 'value'; readonly value: string; readonly isPhrase?: boolean }
  /** `pre*`, `*end`, `a?c`. */
  | { readonly kind: 'pattern'; readonly pieces: readonly Piece[] }
  /** `field:*`: the field has a value that is not empty. */
  | { readonly kind: 'exists' }
  | { readonly kind: 'range'; readonly from: Bound | undefined; readonly to: Bound | undefined }

/** A part of a value: a literal text, or a wildcard. */
export type Piece = { readonly text: string } | { readonly wildcard: '*' | '?' }

export interface Bound {
  readonly value: string
  readonly isIncluded: boolean
}

/** One condition of a search, as it was asked for. */
export type Query =
  | { readonly kind: 'all' | 'none' }
  | WordsQuery
  | FieldQuery
  /** A time from `from` on and before `before`, in milliseconds. */
  | { readonly kind: 'period'; readonly field: string; readonly from: number | undefined; readonly before: number | undefined }
  | { readonly kind: 'not'; readonly query: Query }
  | { readonly kind: 'and' | 'or'; readonly queries: readonly Query[] }

export interface WordsQuery {
  readonly kind: 'words'
  readonly text: string
  /** The words must be adjacent, in this order. */
  readonly isPhrase?: boolean
  /** The last word is the beginning of one. */
  readonly isPrefix?: boolean
}

export interface FieldQuery {
  readonly kind: 'field'
  readonly field: string
  readonly test: FieldTest
}

/** The parameter that a query comes from, for error messages, and the time of `NOW`. */
export interface QueryPlace {
  readonly parameter: string
  readonly now: number
}

/** The error of an invalid search; names the parameter. */
export const badQuery = (message: string, parameter: string) => invalid({ [parameter]: [message] }, message)

/** Combines conditions. A single one is returned as it is; without conditions all datasets match. Conditions of only signs are left out. */
export function joined(kind: 'and' | 'or', all: readonly Query[]): Query {
  const queries = all.filter((query) => query.kind !== 'none')
  const [only, ...others] = queries
  if (!only) return all.length > 0 ? { kind: 'none' } : { kind: 'all' }
  return others.length === 0 ? only : { kind, queries }
}

/** The words that all hits must have; they decide the rank. */
export function requiredWords(query: Query): WordsQuery[] {
  if (query.kind === 'words') return [query]
  return query.kind === 'and' ? query.queries.flatMap(requiredWords) : []
}

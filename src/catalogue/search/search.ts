import type { Context } from '../../context.ts'
import type { Query } from './query.ts'
import type { SearchRebuild } from './rebuild.ts'

/** Fields to sort by. */
export type SortField = 'rank' | 'name' | 'title' | 'id' | 'created' | 'modified'

export interface Order {
  readonly field: SortField
  readonly isDescending: boolean
}

/** Which datasets a search finds in addition to the public active ones, if the caller may read them. */
export interface Inclusion {
  readonly isPrivate: boolean
  readonly isDraft: boolean
  readonly isDeleted: boolean
}

/** A parsed search. */
export interface SearchRequest {
  /** Words and fields in the lenient language: substrings of texts, exact tags and groups. */
  readonly query: Query
  /** The strict language: whole values. */
  readonly filter: Query
  /** Only datasets under these licences. */
  readonly licenceIds: readonly string[] | undefined
  readonly isDownloadable: boolean
  readonly include: Inclusion
  readonly order: readonly Order[]
  readonly limit: number
  readonly offset: number
  readonly facets: readonly string[]
  /** Maximum number of values of each facet. */
  readonly facetLimit: number
  readonly facetMinCount: number
  /** Fields of query and filter that must be keys of extras, and the parameters that name them. */
  readonly extraFields?: readonly { readonly field: string; readonly parameter: string; readonly isFacet?: boolean }[]
}

/** How many datasets have a value. */
export interface FacetCount {
  readonly value: string
  readonly count: number
}

export interface SearchAnswer {
  /** All matches, whatever the page. */
  readonly count: number
  /** Numbers of the datasets on the page, in order. */
  readonly nos: readonly number[]
  readonly facets: ReadonlyMap<string, readonly FacetCount[]>
}

/** Answers searches; hits, counts and facets include only datasets that the caller may read, and all earlier writes. */
export interface SearchEngine {
  search(ctx: Pick<Context, 'store' | 'actor'>, request: SearchRequest): Promise<SearchAnswer>
  /** The rebuild after an upgrade; it refuses some searches meanwhile. */
  readonly rebuild?: SearchRebuild | undefined
}

import type { Context } from '../../context.ts'
import type { Query } from './query.ts'
import type { SearchRebuild } from './rebuild.ts'

/** What can be sorted by. */
export type SortField = 'rank' | 'name' | 'title' | 'id' | 'created' | 'modified'

export interface Order {
  readonly field: SortField
  readonly isDescending: boolean
}

/** Which datasets beside the public active ones may be found, as far as the caller may read them. */
export interface Inclusion {
  readonly isPrivate: boolean
  readonly isDraft: boolean
  readonly isDeleted: boolean
}

/** One search, readily parsed. */
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
  /** Values of each facet at most. */
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

/** Answers searches; what a caller may not read is in no hit, count or facet, and what was written before is found. */
export interface SearchEngine {
  search(ctx: Pick<Context, 'store' | 'actor'>, request: SearchRequest): Promise<SearchAnswer>
  /** What goes on after an upgrade, and what cannot be answered meanwhile. */
  readonly rebuild?: SearchRebuild | undefined
}

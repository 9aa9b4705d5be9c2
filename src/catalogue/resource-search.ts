import type { Context } from '../context.ts'
import { invalid } from '../errors.ts'
import { type ShownResource, showResource } from './resource-edit.ts'
import { type ResourceField, type ResourceTerm, resourceFields, searchResourceIds } from './resource-search-store.ts'

/** A page of what a search for resources finds. */
export interface FoundResources {
  readonly count: number
  readonly resources: readonly ShownResource[]
}

const mostTerms = 20
const mostRows = 1000
const usualRows = 100

export interface ResourceSearch {
  /** `field:text` each; all must hold. */
  readonly query: readonly string[]
  readonly orderBy?: string | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/** Finds resources of listed datasets by what their fields contain. Throws `invalid`. */
export async function searchResources(ctx: Context, { query, orderBy, limit = usualRows, offset = 0 }: ResourceSearch): Promise<FoundResources> {
  if (query.length > mostTerms) throw invalid({ query: [`Takes at most ${mostTerms} terms`] })
  const order = orderBy === undefined || orderBy === '' ? 'id' : readField(orderBy, 'order_by')
  const { count, ids } = await searchResourceIds(ctx.store.db, { terms: query.map(readTerm), order, limit: Math.min(limit, mostRows), offset })
  const resources: ShownResource[] = []
  for (const id of ids) resources.push(await showResource(ctx, id))
  return { count, resources }
}

function readTerm(term: string): ResourceTerm {
  const at = term.indexOf(':')
  if (at < 1) throw invalid({ query: [`Must be field:text, got ${JSON.stringify(term)}`] })
  return { field: readField(term.slice(0, at), 'query'), text: term.slice(at + 1) }
}

function readField(name: string, parameter: string): ResourceField {
  const field = resourceFields.find((one) => one === name)
  if (!field) throw invalid({ [parameter]: [`Field must be one of ${resourceFields.join(', ')}`] })
  return field
}

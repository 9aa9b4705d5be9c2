import { invalid } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { findVisibilityByNo } from '../visibility-store.ts'
import type { ShownResource } from './edit.ts'
import { type ResourceField, type ResourceQuery, type ResourceTerm, resourceFields, searchResourceIds } from './search-store.ts'
import { findResource } from './store.ts'

/** A page of what a search for resources finds. */
export interface FoundResources {
  readonly count: number
  readonly resources: readonly ShownResource[]
}

const maxTerms = 20
const maxRows = 1000
const defaultRows = 100

export interface ResourceSearch {
  /** `field:text` each; all must hold. */
  readonly query: readonly string[]
  readonly orderBy?: string | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/** Finds resources of listed datasets by what their fields contain. Throws `invalid`. */
export async function searchResources(
  ctx: Pick<Context, 'store'>,
  { query, orderBy, limit = defaultRows, offset = 0 }: ResourceSearch,
): Promise<FoundResources> {
  if (query.length > maxTerms) throw invalid({ query: [`Has ${query.length} terms; at most ${maxTerms} are allowed`] })
  const order = orderBy === undefined || orderBy === '' ? 'id' : readField(orderBy, 'order_by')
  const wanted: ResourceQuery = { terms: query.map(readTerm), order, limit: Math.min(limit, maxRows), offset }
  // One snapshot, so that a resource that was found still exists when it is read.
  return ctx.store.read(async (db) => {
    const { count, ids } = await searchResourceIds(db, wanted)
    const resources: ShownResource[] = []
    for (const id of ids) {
      const found = await findResource(db, id)
      if (found) resources.push({ resource: found.resource, dataset: await findVisibilityByNo(db, found.datasetNo) })
    }
    return { count, resources }
  })
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

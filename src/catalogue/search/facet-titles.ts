import type { Context } from '../../context.ts'
import { findGroupTitles } from '../group/store.ts'
import { licencesOf } from '../licence/list.ts'
import type { SearchAnswer } from './search.ts'

/** The titles of values that have one: groups and organizations by name, licences by id. */
export async function facetTitles(ctx: Context, facets: SearchAnswer['facets']): Promise<Map<string, ReadonlyMap<string, string>>> {
  const titles = new Map<string, ReadonlyMap<string, string>>()
  for (const field of ['groups', 'organization']) {
    const counts = facets.get(field)
    if (counts && counts.length > 0)
      titles.set(
        field,
        await findGroupTitles(
          ctx.store,
          counts.map((one) => one.value),
        ),
      )
  }
  if (facets.has('license_id')) titles.set('license_id', new Map([...licencesOf(ctx.config)].map(([id, licence]) => [id, licence.title])))
  return titles
}

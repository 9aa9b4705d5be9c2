import { sql } from 'kysely'
import { type Actor, isSysadmin, type UserActor } from '../../../context.ts'
import type { Db } from '../../../store/store.ts'
import { searchFields } from '../field.ts'
import { badQuery } from '../query.ts'
import type { SearchRequest } from '../search.ts'
import type { Condition } from './conditions.ts'
import { facetFields } from './facets.ts'

/** Public active datasets, and of the others those that were asked for and that the caller may read. */
export function visible(actor: Actor, { include, isNarrow }: Pick<SearchRequest, 'include'> & { isNarrow: boolean }): Condition {
  // The sign keeps SQLite from visiting all that is listed where the query finds a few.
  const isListed = isNarrow ? sql`+dataset.listed = 1` : sql`dataset.listed = 1`
  if (actor.kind === 'anonymous') return isListed
  const also: Condition[] = [isListed]
  if (include.isPrivate) also.push(sql`(dataset.private = 1 and dataset.state = 'active' and ${mine(actor, ['member', 'editor', 'admin'])})`)
  if (include.isDraft) also.push(sql`(dataset.state = 'draft' and ${mine(actor, ['editor', 'admin'])})`)
  if (include.isDeleted) also.push(sql`(dataset.state = 'deleted' and ${mine(actor, ['member', 'editor', 'admin'])})`)
  return sql`(${sql.join(also, sql` or `)})`
}

/** What is not public is read by the people of its organization; by its creator where it has none, or is published by flows. */
function mine(actor: UserActor, roles: readonly string[]): Condition {
  if (isSysadmin(actor)) return sql`1 = 1`
  return sql`case when dataset.owner_org_no is null or dataset.source_id is not null then dataset.creator_id = ${actor.id}
    else dataset.owner_org_no in (select group_no from group_role where user_id = ${actor.id} and role in (${sql.join(roles)})) end`
}

/**
 * Throws `invalid` for a condition on a field, or a facet, that is none of a dataset's own and no extra of a dataset that the caller may find: it would find
 * nothing, and most likely is misspelt. `extras_key` is always a field.
 */
export async function requireExtras(db: Db, actor: Actor, request: Pick<SearchRequest, 'include' | 'extraFields'>): Promise<void> {
  for (const { field, parameter, isFacet } of request.extraFields ?? []) {
    const { rows } = await sql`select 1 from dataset_extra as extra join dataset on dataset.no = extra.dataset_no
      where extra.key = ${field} and extra.state = 'active' and ${visible(actor, { include: request.include, isNarrow: true })} limit 1`.execute(db)
    if (rows.length > 0) continue
    const fields = isFacet ? facetFields : searchFields.filter((one) => one !== '*')
    const advice = isFacet ? '' : '; put it in quotes to look for the words'
    throw badQuery(`undefined field ${JSON.stringify(field)}: there are ${fields.join(', ')}, and the keys of extras${advice}`, parameter)
  }
}

import { sql } from 'kysely'
import { type Actor, isSysadmin, type UserActor } from '../../../context.ts'
import { levelsFound, type Readers, type VisibilityRule, visibilityRules } from '../../visibility.ts'
import type { SearchRequest } from '../search.ts'
import type { Condition } from './conditions.ts'

/** The datasets that a search with these options finds for the caller. `isNarrow`: the query itself finds few. */
export function findable(actor: Actor, { include, isNarrow }: Partial<Pick<SearchRequest, 'include'>> & { isNarrow: boolean }): Condition {
  // The unary plus keeps SQLite from using the index of `listed` when the query itself finds few.
  const listed = isNarrow ? sql`+dataset.listed = 1` : sql`dataset.listed = 1`
  const levels = levelsFound(actor, include).map((rule) => (rule.level === 'listed' ? listed : readableIn(rule, actor)))
  return levels.length === 1 ? listed : anyOf(levels)
}

/** The datasets that the caller may read, whether a search finds them or not. */
export const readable = (actor: Actor): Condition =>
  anyOf(visibilityRules.filter(({ readers }) => readers === 'anyone' || actor.kind === 'user').map((rule) => readableIn(rule, actor)))

/** The datasets that not every caller may read. */
export const restricted: Condition = anyOf(visibilityRules.filter(({ readers }) => readers !== 'anyone').map(isOf))

/** The datasets whose changes only sysadmins may know of. The deletion of a restricted dataset is shown to all: followers then drop it. */
export const hiddenFromChanges: Condition = anyOf(
  visibilityRules.filter(({ readers, level }) => readers !== 'anyone' && level !== 'deleted').map(isOf),
)

function anyOf(conditions: readonly Condition[]): Condition {
  return sql`(${sql.join(conditions, sql` or `)})`
}

/** The condition that a dataset is of the level of a rule. */
function isOf({ when }: VisibilityRule): Condition {
  const conditions = [sql`dataset.state = ${sql.lit(when.state)}`]
  if (when.isPrivate !== undefined) conditions.push(sql`dataset.private = ${sql.lit(when.isPrivate ? 1 : 0)}`)
  if (when.isUnlisted !== undefined) conditions.push(sql`dataset.unlisted = ${sql.lit(when.isUnlisted ? 1 : 0)}`)
  return sql`(${sql.join(conditions, sql` and `)})`
}

/** The condition that a dataset is of the level of a rule and the caller may read it. */
function readableIn(rule: VisibilityRule, actor: Actor): Condition {
  if (rule.readers === 'anyone' || isSysadmin(actor)) return isOf(rule)
  return actor.kind === 'user' ? sql`(${isOf(rule)} and ${isReader(rule.readers, actor)})` : sql`1 = 0`
}

function isReader({ roles, isForCreator }: Readers, actor: UserActor): Condition {
  const isCreator = sql`dataset.creator_id = ${actor.id}`
  const hasRole = sql`dataset.owner_org_no in (select group_no from group_role where user_id = ${actor.id} and role in (${sql.join(roles)}))`
  return sql`case when dataset.owner_org_no is null or dataset.source_id is not null then ${isCreator}
    else ${isForCreator ? sql`(${isCreator} or ${hasRole})` : hasRole} end`
}

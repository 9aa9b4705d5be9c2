import { notFound } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { keepReadable } from '../dataset/access.ts'
import { type ShownDataset, surroundAll } from '../dataset/read.ts'
import type { KeptDataset } from '../dataset/store.ts'
import { findTag, listDatasetsWithTag, listUsedTags, listVisibilitiesWithTag, type Tag } from './list-store.ts'

/**
 * The terms of a query for tags: words, and the values of `tag:` and `tags:`; conditions on other fields are ignored.
 */
function tagTerms(query: string): string[] {
  return query
    .split(/\s+/)
    .map((token) => (/^tags?:/.test(token) ? token.slice(token.indexOf(':') + 1) : token))
    .filter((token) => token !== '' && !token.includes(':'))
}

export interface TagListInput {
  readonly q?: string | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/** Tags in use, by name: all of them, or a page of those that contain every term of the query. */
export async function listTags(ctx: Pick<Context, 'store'>, { q, limit = 25, offset = 0 }: TagListInput): Promise<Tag[]> {
  if (q === undefined || q === '') return listUsedTags(ctx.store.db, { terms: [] })
  return completeTags(ctx, { q, limit, offset })
}

/** The same; a query without terms finds nothing. */
export async function completeTags(ctx: Pick<Context, 'store'>, { q = '', limit = 10, offset }: TagListInput): Promise<Tag[]> {
  const terms = tagTerms(q)
  return terms.length === 0 ? [] : listUsedTags(ctx.store.db, { terms, limit, offset })
}

/** The listed datasets that have a tag, by name. */
export const datasetsWithTag = (ctx: Pick<Context, 'store'>, tag: Tag): Promise<KeptDataset[]> => listDatasetsWithTag(ctx.store.db, tag.no)

/** A tag and its listed datasets. Throws `not_found`, also if the caller may not read any dataset with the tag. */
export async function showTag(ctx: Context, ref: string): Promise<{ tag: Tag; datasets: ShownDataset[] }> {
  const tag = await findTag(ctx.store.db, ref)
  if (!tag) throw notFound('tag', ref)
  const datasets = await datasetsWithTag(ctx, tag)
  if (datasets.length === 0) {
    const others = await listVisibilitiesWithTag(ctx.store.db, tag.no)
    if (others.length > 0 && (await keepReadable(ctx, others)).length === 0) throw notFound('tag', ref)
  }
  return { tag, datasets: await surroundAll(ctx, datasets) }
}

import { notFound } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import type { Group } from '../group/group.ts'
import { findGroupByNo, findGroupsOf } from '../group/store.ts'
import { withReadableLinks } from '../relationship/show.ts'
import type { SearchAnswer, SearchRequest } from '../search/search.ts'
import { sqlSearch } from '../search/sql/engine.ts'
import { findable } from '../search/sql/visible.ts'
import { requireReading } from './access.ts'
import { findRemembered } from './cache.ts'
import type { StoredDataset } from './dataset.ts'
import { findKeptByNo, listRecentlyRevised } from './list-store.ts'
import { type KeptDataset, listNames, type Page } from './store.ts'

/** A dataset with the facts that are not in its finished text. The text has the relationships that the caller may know of. */
export interface ShownDataset {
  readonly dataset: KeptDataset
  /** Active groups, by name. */
  readonly groups: readonly Group[]
  readonly organization: Group | null
}

/** What showing datasets takes; the answer depends on the caller. */
export type Shower = Pick<Context, 'store' | 'actor' | 'config'>

/** Finds a dataset by id or name. Throws `not_found`, and `forbidden` when the caller may not read it (deleted, pending, private, draft). */
export async function showDataset(ctx: Context, ref: string): Promise<ShownDataset> {
  const dataset = await findRemembered(ctx.store, ref)
  if (!dataset) throw notFound('dataset', ref)
  await requireReading(ctx, ctx.store.db, dataset)
  return surround(ctx, dataset)
}

/** A dataset that the caller has just changed, as it is shown. */
export async function showChanged(ctx: Shower, changed: StoredDataset): Promise<ShownDataset> {
  return surround(ctx, { ...changed, isInGroups: changed.memberships.length > 0 })
}

/** Adds groups and organization to a dataset; asks the database only if it has some. */
async function surround(ctx: Shower, kept: KeptDataset): Promise<ShownDataset> {
  const { store } = ctx
  const [dataset = kept] = await withReadableLinks(ctx, [kept])
  const groups = dataset.isInGroups ? ((await findGroupsOf(store, [dataset.no])).get(dataset.no) ?? []) : []
  const organization = dataset.ownerOrgNo === null ? null : ((await findGroupByNo(store.db, dataset.ownerOrgNo)) ?? null)
  return { dataset, groups, organization }
}

/** The same for a page of datasets, with one look-up for all of them. */
export async function surroundAll(ctx: Shower, kept: readonly KeptDataset[]): Promise<ShownDataset[]> {
  const { store } = ctx
  const datasets = await withReadableLinks(ctx, kept)
  const inGroups = datasets.filter((dataset) => dataset.isInGroups).map((dataset) => dataset.no)
  const groups = await findGroupsOf(store, inGroups)
  const organizations = new Map<number, Group | undefined>()
  for (const { ownerOrgNo } of datasets) {
    if (ownerOrgNo !== null && !organizations.has(ownerOrgNo)) organizations.set(ownerOrgNo, await findGroupByNo(store.db, ownerOrgNo))
  }
  return datasets.map((dataset) => ({
    dataset,
    groups: groups.get(dataset.no) ?? [],
    organization: dataset.ownerOrgNo === null ? null : (organizations.get(dataset.ownerOrgNo) ?? null),
  }))
}

/** All listed datasets, the most recently revised core first. A limit of 0 means no limit. Throws `conflict` beyond `limits.answerChars`. */
export async function listCurrentDatasets(ctx: Shower, { limit, offset }: Page): Promise<ShownDataset[]> {
  return surroundAll(ctx, await listRecentlyRevised(ctx.store, { limit: limit || undefined, offset }))
}

/** What a search finds, ready to be shown. */
export interface FoundDatasets extends SearchAnswer {
  readonly datasets: readonly ShownDataset[]
}

/** Searches the catalogue. Throws `invalid` for an invalid query, and `conflict` when the datasets of the page exceed `limits.answerChars`. */
export async function searchDatasets(ctx: Shower & Pick<Context, 'search'>, request: SearchRequest): Promise<FoundDatasets> {
  const engine = ctx.search ?? sqlSearch
  const answer = await engine.search(ctx, request)
  const datasets = await surroundAll(ctx, await findKeptByNo(ctx.store, answer.nos, 'ask for fewer rows'))
  return { ...answer, datasets }
}

/** A page of names, of listed datasets and of those others that are asked for. */
export interface NamePage extends Page {
  readonly include?: SearchRequest['include']
}

/** The names of all listed datasets, ascending; with `include` also of others that the caller may read. */
export async function listDatasets(ctx: Shower, { include, ...page }: NamePage = {}): Promise<string[]> {
  return listNames(ctx.store.db, findable(ctx.actor, { include, isNarrow: false }), page)
}

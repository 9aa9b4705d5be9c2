import { notFound } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { getVisibility, keepReadable, requireReading } from '../dataset/access.ts'
import type { Page } from '../dataset/store.ts'
import { getReadableGroup } from '../group/access.ts'
import type { Revision } from './revision.ts'
import { findRevision, findTouched, listRestrictedChanges, listRevisionIds, listRevisionsOf } from './store.ts'

/** A revision and what it changed: names of datasets that the caller may read, and of groups, ascending. */
export interface ShownRevision {
  readonly revision: Revision
  readonly datasets: readonly string[]
  readonly groups: readonly string[]
}

/** Ids of all revisions, newest first. */
export const listRevisions = (ctx: Context, page: Page): Promise<string[]> => listRevisionIds(ctx.store.db, page)

/** Revisions that changed a dataset, its resources, extras or tags, newest first. Throws `not_found`, `forbidden`. */
export async function listDatasetRevisions(ctx: Context, ref: string): Promise<Revision[]> {
  const { db } = ctx.store
  const dataset = await requireReading(ctx, db, await getVisibility(db, ref))
  return (await guard(ctx, await listRevisionsOf(db, 'dataset', dataset.no))).revisions
}

/** The same for a group. */
export async function listGroupRevisions(ctx: Context, ref: string): Promise<Revision[]> {
  const group = await getReadableGroup(ctx, ref)
  return (await guard(ctx, await listRevisionsOf(ctx.store.db, 'group', group.no))).revisions
}

/** A revision by id. Throws `not_found`. */
export async function showRevision(ctx: Context, id: string): Promise<ShownRevision> {
  const revision = await findRevision(ctx.store.db, id)
  const [shown] = revision ? await showRevisions(ctx, [revision]) : []
  if (!shown) throw notFound('revision', id)
  return shown
}

/** Revisions with what they changed, as far as the caller may know of it. */
export async function showRevisions(ctx: Context, found: readonly Revision[]): Promise<ShownRevision[]> {
  const { revisions, hiddenNos } = await guard(ctx, found)
  const shown: ShownRevision[] = []
  for (const revision of revisions) {
    const { datasets, groups } = await findTouched(ctx.store.db, revision.no)
    shown.push({ revision, datasets: datasets.filter(({ no }) => !hiddenNos.has(no)).map(({ name }) => name), groups })
  }
  return shown
}

/** Messages name what was changed: one is empty where that is a dataset which the caller may not read. `hiddenNos` are those datasets. */
async function guard(ctx: Context, revisions: readonly Revision[]): Promise<{ revisions: Revision[]; hiddenNos: ReadonlySet<number> }> {
  const guarded = await listRestrictedChanges(
    ctx.store,
    revisions.map((revision) => revision.no),
  )
  const byNo = new Map(guarded.map(({ dataset }) => [dataset.no, dataset]))
  for (const { no } of await keepReadable(ctx, byNo.values())) byNo.delete(no)
  const silent = new Set(guarded.filter(({ dataset }) => byNo.has(dataset.no)).map(({ revisionNo }) => revisionNo))
  return { revisions: revisions.map((one) => (silent.has(one.no) ? { ...one, message: '' } : one)), hiddenNos: new Set(byNo.keys()) }
}

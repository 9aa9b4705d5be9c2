import { type Context, isSysadmin } from '../context.ts'
import { notFound } from '../errors.ts'
import { getStanding, requireReading } from './dataset-access.ts'
import type { Page } from './dataset-store.ts'
import { getReadableGroup } from './group-access.ts'
import type { Revision } from './revision.ts'
import { findRevision, findTouched, listRevisionIds, listRevisionsOf } from './revision-store.ts'

/** A revision and what it changed: names of datasets and groups, ascending. */
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
  const dataset = await requireReading(ctx, db, await getStanding(db, ref))
  return listRevisionsOf(db, 'dataset', dataset.no)
}

/** The same for a group. */
export async function listGroupRevisions(ctx: Context, ref: string): Promise<Revision[]> {
  const group = await getReadableGroup(ctx, ref)
  return listRevisionsOf(ctx.store.db, 'group', group.no)
}

/** A revision by id. Names of private datasets are told to sysadmins only. Throws `not_found`. */
export async function showRevision(ctx: Context, id: string): Promise<ShownRevision> {
  const { db } = ctx.store
  const revision = await findRevision(db, id)
  if (!revision) throw notFound('revision', id)
  return { revision, ...(await findTouched(db, revision.no, isSysadmin(ctx.actor))) }
}

import { notFound } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import type { Db } from '../../store/store.ts'
import { findRole } from '../group/store.ts'
import { type DatasetRight, denied, hasDatasetRight, type MemberRole } from '../policy.ts'
import type { DatasetVisibility } from '../visibility.ts'
import { findVisibility } from '../visibility-store.ts'
import type { StoredDataset } from './dataset.ts'
import { lockRow } from './store.ts'

/** The caller's role in the organization that owns the dataset. */
async function roleFor(ctx: Pick<Context, 'actor'>, db: Db, dataset: Pick<DatasetVisibility, 'ownerOrgNo'>): Promise<MemberRole | undefined> {
  if (dataset.ownerOrgNo === null || ctx.actor.kind === 'anonymous') return undefined
  return findRole(db, dataset.ownerOrgNo, ctx.actor.id)
}

interface Subject {
  readonly db: Db
  readonly dataset: DatasetVisibility
}

/** Whether the caller has a right on a dataset; the caller's role is looked up only where it decides. */
export async function hasRight(ctx: Pick<Context, 'actor' | 'config'>, right: DatasetRight, { db, dataset }: Subject): Promise<boolean> {
  if (hasDatasetRight(ctx, right, { dataset })) return true
  const role = await roleFor(ctx, db, dataset)
  return role !== undefined && hasDatasetRight(ctx, right, { dataset, role })
}

/** Those of several datasets that the caller may read; looks up the caller's role once for each organization. A write passes its `db`. */
export async function keepReadable<D extends DatasetVisibility>(
  ctx: Pick<Context, 'actor' | 'config' | 'store'>,
  datasets: Iterable<D>,
  db: Db = ctx.store.db,
): Promise<D[]> {
  const roles = new Map<number | null, MemberRole | undefined>()
  const kept: D[] = []
  for (const dataset of datasets) {
    let isReadable = hasDatasetRight(ctx, 'read', { dataset })
    if (!isReadable && dataset.ownerOrgNo !== null) {
      if (!roles.has(dataset.ownerOrgNo)) roles.set(dataset.ownerOrgNo, await roleFor(ctx, db, dataset))
      isReadable = hasDatasetRight(ctx, 'read', { dataset, role: roles.get(dataset.ownerOrgNo) })
    }
    if (isReadable) kept.push(dataset)
  }
  return kept
}

/** Throws `forbidden` unless the caller has the right. */
export async function requireRight(ctx: Context, right: DatasetRight, subject: Subject): Promise<void> {
  if (!(await hasRight(ctx, right, subject))) throw denied()
}

/** A dataset by id or name with its row locked until the write ends, for a caller who has the right. Throws `not_found`, `forbidden`. */
export async function lockFor(ctx: Context, right: DatasetRight, { db, ref }: { db: Db; ref: string }): Promise<StoredDataset> {
  const locked = await lockRow(db, ctx.store.dialect, ref)
  if (!locked) throw notFound('dataset', ref)
  await requireRight(ctx, right, { db, dataset: locked.dataset })
  return locked.load()
}

/** Throws `forbidden` unless the caller may read the dataset. */
export async function requireReading<D extends DatasetVisibility>(ctx: Context, db: Db, dataset: D): Promise<D> {
  await requireRight(ctx, 'read', { db, dataset })
  return dataset
}

/** Finds a dataset by id or name. Throws `not_found`. */
export async function getVisibility(db: Db, ref: string): Promise<DatasetVisibility> {
  const dataset = await findVisibility(db, ref)
  if (!dataset) throw notFound('dataset', ref)
  return dataset
}

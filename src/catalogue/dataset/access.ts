import { notFound } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import type { Db } from '../../store/store.ts'
import { findRole } from '../group/store.ts'
import { type DatasetRight, denied, type MemberRole, mayDataset, readingRight } from '../policy.ts'
import { findStanding } from '../visibility-store.ts'
import type { DatasetStanding, StoredDataset } from './dataset.ts'
import { lockRow } from './store.ts'

/** The caller's role in the organization that owns the dataset. */
async function roleFor(ctx: Pick<Context, 'actor'>, db: Db, dataset: Pick<DatasetStanding, 'ownerOrgNo'>): Promise<MemberRole | undefined> {
  if (dataset.ownerOrgNo === null || ctx.actor.kind === 'anonymous') return undefined
  return findRole(db, dataset.ownerOrgNo, ctx.actor.id)
}

export async function may(ctx: Context, right: DatasetRight, { db, dataset }: { db: Db; dataset: DatasetStanding }): Promise<boolean> {
  return mayDataset(ctx, right, { dataset, role: await roleFor(ctx, db, dataset) })
}

/** Those of several datasets that the caller may read; a role is looked up once for each organization, and only where it matters. */
export async function keepReadable<D extends DatasetStanding>(ctx: Pick<Context, 'actor' | 'config' | 'store'>, datasets: Iterable<D>): Promise<D[]> {
  const roles = new Map<number | null, MemberRole | undefined>()
  const kept: D[] = []
  for (const dataset of datasets) {
    const right = readingRight(dataset)
    let mayRead = mayDataset(ctx, right, { dataset })
    if (!mayRead && dataset.ownerOrgNo !== null) {
      if (!roles.has(dataset.ownerOrgNo)) roles.set(dataset.ownerOrgNo, await roleFor(ctx, ctx.store.db, dataset))
      mayRead = mayDataset(ctx, right, { dataset, role: roles.get(dataset.ownerOrgNo) })
    }
    if (mayRead) kept.push(dataset)
  }
  return kept
}

/** Throws `forbidden` unless the caller has the right. */
export async function requireRight(ctx: Context, right: DatasetRight, subject: { db: Db; dataset: DatasetStanding }): Promise<void> {
  if (!(await may(ctx, right, subject))) throw denied()
}

/** A dataset by id or name with its row locked until the write ends, for a caller who has the right. Throws `not_found`, `forbidden`. */
export async function lockFor(ctx: Context, right: DatasetRight, { db, ref }: { db: Db; ref: string }): Promise<StoredDataset> {
  const locked = await lockRow(db, ctx.store.dialect, ref)
  if (!locked) throw notFound('dataset', ref)
  await requireRight(ctx, right, { db, dataset: locked.standing })
  return locked.load()
}

/** Throws `forbidden` unless the caller may read the dataset. */
export async function requireReading<D extends DatasetStanding>(ctx: Context, db: Db, dataset: D): Promise<D> {
  await requireRight(ctx, readingRight(dataset), { db, dataset })
  return dataset
}

/** Finds a dataset by id or name. Throws `not_found`. */
export async function getStanding(db: Db, ref: string): Promise<DatasetStanding> {
  const dataset = await findStanding(db, ref)
  if (!dataset) throw notFound('dataset', ref)
  return dataset
}

import { invalid } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { requireReading } from '../dataset/access.ts'
import { missingValue } from '../field-reader.ts'
import { requireSite } from '../policy.ts'
import { findVisibility } from '../visibility-store.ts'
import { type RatingSummary, saveRating, summarizeRatings } from './store.ts'

/** Rates a dataset from 1 to 5. Throws `forbidden` for anonymous callers, `invalid` for an unknown dataset or another number. */
export async function rateDataset(ctx: Context, { ref, rating }: { ref: string; rating: unknown }): Promise<RatingSummary> {
  requireSite(ctx, 'rate')
  const { actor } = ctx
  const value = readRating(rating)
  return ctx.store.write(async ({ db }) => {
    const dataset = await findVisibility(db, ref)
    if (!dataset) throw invalid({ package: [`There is no such package: ${ref}`] })
    await requireReading(ctx, db, dataset)
    if (actor.kind === 'user') await saveRating(db, { datasetNo: dataset.no, userId: actor.id, rating: value, at: ctx.clock() })
    return summarizeRatings(db, dataset.no)
  })
}

function readRating(rating: unknown): number {
  if (rating === undefined || rating === null || rating === '') throw invalid({ rating: [missingValue] })
  const value = typeof rating === 'string' && /^\s*\d{1,3}\s*$/.test(rating) ? Number(rating) : rating
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 5) return value
  throw invalid({ rating: ['Must be a whole number from 1 to 5'] })
}

import { sql } from 'kysely'
import type { Db } from '../../store/store.ts'

/** Average and number of the ratings of a dataset. */
export interface RatingSummary {
  /** Null without ratings. */
  readonly average: number | null
  readonly count: number
}

/** Stores a rating. Each user has one rating of a dataset: a new one replaces the old one. */
export async function saveRating(
  db: Db,
  { datasetNo, userId, rating, at }: { datasetNo: number; userId: string; rating: number; at: number },
): Promise<void> {
  await db
    .insertInto('rating')
    .values({ dataset_no: datasetNo, user_id: userId, rating, at })
    .onConflict((oc) => oc.columns(['dataset_no', 'user_id']).doUpdateSet({ rating, at }))
    .execute()
}

export async function summarizeRatings(db: Db, datasetNo: number): Promise<RatingSummary> {
  const { rows } = await sql<{ total: number | null; count: number }>`select sum(rating) as total, count(*) as count
    from rating where dataset_no = ${datasetNo}`.execute(db)
  const { total = null, count = 0 } = rows[0] ?? {}
  return { average: total === null || count === 0 ? null : total / count, count }
}

import { randomUUID } from 'node:crypto'
import type { Write } from '../store/store.ts'
import { claimFree, claimLimited } from './claim-store.ts'
import type { ClaimedJob, Pool } from './job.ts'
import { firstOf, type Head, listFreeHeads, lockLimitedHeads } from './queue-store.ts'

/** What one process takes for one pool. */
export interface Wanted {
  readonly owner: string
  readonly leaseMs: number
  readonly pool: Pool
  /** The pool's types that this process knows; the limited ones among them. */
  readonly types: readonly string[]
  readonly limitedTypes: readonly string[]
  /** Free slots: never more than can start now. */
  readonly count: number
}

/** Claims the first waiting jobs of a pool, those of limited types as far as their limit allows. */
export async function claimJobs(write: Write, wanted: Wanted): Promise<ClaimedJob[]> {
  const { db, dialect } = write
  const claim = { owner: wanted.owner, leaseMs: wanted.leaseMs, token: randomUUID() }
  const limited = wanted.limitedTypes.length > 0 ? await lockLimitedHeads(db, dialect, { types: wanted.limitedTypes, count: wanted.count }) : []
  if (limited.length === 0) return claimFree(db, dialect, { ...claim, pool: wanted.pool, types: wanted.types, count: wanted.count })
  const isLimited = new Set<Head>(limited)
  const chosen = firstOf([...limited, ...(await listFreeHeads(db, wanted))], wanted.count)
  const claimed: ClaimedJob[] = []
  for (const [type, count] of countByType(chosen.filter((head) => isLimited.has(head)))) {
    claimed.push(...(await claimLimited(db, dialect, { ...claim, type, count })))
  }
  const room = wanted.count - claimed.length
  return room > 0 ? [...claimed, ...(await claimFree(db, dialect, { ...claim, pool: wanted.pool, types: wanted.types, count: room }))] : claimed
}

function countByType(heads: readonly Head[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { type } of heads) counts.set(type, (counts.get(type) ?? 0) + 1)
  return counts
}

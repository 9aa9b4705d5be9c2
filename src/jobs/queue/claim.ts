import { randomUUID } from 'node:crypto'
import type { Write } from '../../store/store.ts'
import type { ClaimedJob, Pool } from '../job.ts'
import { claimOfOneCaller, claimThese } from './claim-store.ts'
import { shareOut } from './share.ts'
import { lockLimited, lockShares } from './store.ts'
import { countRunning, type Head, listHeads } from './waiting-store.ts'

/** Jobs of each caller that are read at a time. */
const maxEach = 20

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

/**
 * Claims waiting jobs of a pool for free slots, those of limited types as far as their limit allows. With several callers the slots are shared out
 * among them (`shareOut`); with one they go by the order of the queue.
 */
export async function claimJobs(write: Write, wanted: Wanted): Promise<ClaimedJob[]> {
  const { db, dialect } = write
  const { pool, types, limitedTypes, count } = wanted
  const claim = { owner: wanted.owner, leaseMs: wanted.leaseMs, token: randomUUID(), count }
  const rooms = limitedTypes.length > 0 ? await lockLimited(db, dialect, limitedTypes) : new Map<string, number>()
  if (rooms.size === 0) {
    const claimed = await claimOfOneCaller(db, dialect, { ...claim, pool, types })
    if (claimed.length > 0) return claimed
  }
  await lockShares(db, dialect, pool)
  const claimed: ClaimedJob[] = []
  const tried = new Set<number>()
  while (claimed.length < count) {
    const each = Math.min(count - claimed.length, maxEach)
    const heads = (await listAllHeads(write, { pool, types, rooms, each })).filter((head) => !tried.has(head.seq))
    if (heads.length === 0) break
    const chosen = shareOut({ heads, running: await countRunning(db, pool), count: count - claimed.length, rooms, each })
    if (chosen.length === 0) break
    // What another process takes at this moment leaves its slot to others.
    for (const { seq } of chosen) tried.add(seq)
    const taken = await claimThese(db, dialect, { ...claim, seqs: chosen.map((head) => head.seq) })
    for (const { type } of taken) if (rooms.has(type)) rooms.set(type, (rooms.get(type) ?? 0) - 1)
    claimed.push(...taken)
  }
  return claimed
}

interface Looked {
  readonly pool: Pool
  readonly types: readonly string[]
  readonly rooms: ReadonlyMap<string, number>
  readonly each: number
}

/** The first jobs of each caller in the free lane, and of each limited type that has room. */
async function listAllHeads({ db, dialect }: Write, { pool, types, rooms, each }: Looked): Promise<Head[]> {
  const heads = await listHeads(db, dialect, { lane: { pool, types }, each })
  for (const [type, room] of rooms) if (room > 0) heads.push(...(await listHeads(db, dialect, { lane: { type }, each: Math.min(each, room) })))
  return heads
}

import { sql } from 'kysely'
import type { Dialect } from '../../store/dialect.ts'
import type { Db } from '../../store/store.ts'

/** A place for a flow that is under way. */
export interface FlowSlot {
  readonly no: number
  readonly flowId: string | null
}

/** All slots, locked until the write ends: whoever starts or ends a flow sees what the others have done. */
export async function lockSlots(db: Db, dialect: Dialect): Promise<FlowSlot[]> {
  const rows = await db.selectFrom('flow_slot').select(['no', 'flow_id']).orderBy('no').modifyEnd(dialect.forUpdate).execute()
  return rows.map((row) => ({ no: row.no, flowId: row.flow_id }))
}

export async function takeSlot(db: Db, no: number, flowId: string): Promise<void> {
  await db.updateTable('flow_slot').set({ flow_id: flowId }).where('no', '=', no).execute()
}

export async function freeSlot(db: Db, flowId: string): Promise<void> {
  await db.updateTable('flow_slot').set({ flow_id: null }).where('flow_id', '=', flowId).execute()
}

/** Of the open flows without a slot the oldest one of the owner with the fewest flows under way. */
export async function findNextWaiting(db: Db): Promise<string | undefined> {
  const row = await db
    .selectFrom('flow')
    .select('flow.id')
    .innerJoin('flow_dataset', 'flow_dataset.id', 'flow.dataset_id')
    .leftJoin('flow_slot', 'flow_slot.flow_id', 'flow.id')
    .leftJoin(startedByOwner(db), 'started.owner_id', 'flow_dataset.owner_id')
    // Written out: the index of open flows is found by these very words.
    .where(sql<boolean>`flow.state in ('queued', 'running')`)
    .where('flow_slot.no', 'is', null)
    .orderBy(sql`coalesce(started.n, 0)`)
    .orderBy('flow.created_at')
    .orderBy('flow.id')
    .limit(1)
    .executeTakeFirst()
  return row?.id
}

/** Open flows that hold a slot. */
export async function listStarted(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('flow_slot').select('flow_id').where('flow_id', 'is not', null).orderBy('no').execute()
  return rows.flatMap((row) => row.flow_id ?? [])
}

const startedByOwner = (db: Db) =>
  db
    .selectFrom('flow_slot')
    .innerJoin('flow as under_way', 'under_way.id', 'flow_slot.flow_id')
    .innerJoin('flow_dataset as their', 'their.id', 'under_way.dataset_id')
    .select((eb) => ['their.owner_id', eb.fn.countAll<number>().as('n')])
    .groupBy('their.owner_id')
    .as('started')

/** Who owns a flow, and the same as a user of this hub: null when the owner is known to another server only. */
export interface FlowOwner {
  readonly ownerId: string
  readonly userId: string | null
}

export async function getOwner(db: Db, flowId: string): Promise<FlowOwner> {
  const row = await db
    .selectFrom('flow')
    .innerJoin('flow_dataset', 'flow_dataset.id', 'flow.dataset_id')
    .leftJoin('user_account', 'user_account.id', 'flow_dataset.owner_id')
    .select(['flow_dataset.owner_id', 'user_account.id'])
    .where('flow.id', '=', flowId)
    .executeTakeFirstOrThrow()
  return { ownerId: row.owner_id, userId: row.id }
}

import { sql } from 'kysely'
import type { PendingWrite } from './pending-write.ts'
import { statement } from './statement.ts'
import type { Db } from './store.ts'

/** One line of the change feed: gap-free numbers in commit order, the same on both databases. */
export interface Change {
  readonly no: number
  readonly kind: string
  readonly id: string
  readonly what: string
  /** Milliseconds since 1970, UTC. */
  readonly at: number
}

const insertChange = statement((db, p: { kind: string; id: string; what: string; at: number }) =>
  db.insertInto('change').values({
    no: sql<number>`(select coalesce(max(no), 0) + 1 from change)`,
    kind: p.kind,
    entity_id: p.id,
    what: p.what,
    at: p.at,
  }),
)

/** Gives the write's changes their numbers. On PostgreSQL the caller holds the change lock, on SQLite it is the only writer. */
export async function writeChanges(pending: PendingWrite, at = Date.now()): Promise<void> {
  for (const change of pending.changes) await insertChange(pending.db, { ...change, at })
}

const changesAfter = statement((db, p: { since: number; limit: number }) =>
  db.selectFrom('change').selectAll().where('no', '>', p.since).orderBy('no').limit(p.limit),
)

/** The changes after number `since`, oldest first, at most `limit`. */
export async function listChanges(db: Db, since: number, limit: number): Promise<Change[]> {
  const rows = await changesAfter(db, { since, limit })
  return rows.map((row) => ({ no: row.no, kind: row.kind, id: row.entity_id, what: row.what, at: row.at }))
}

/** The number of the last change, 0 when there is none. */
export async function lastChange(db: Db): Promise<number> {
  const row = await db
    .selectFrom('change')
    .select((eb) => eb.fn.max('no').as('no'))
    .executeTakeFirst()
  return row?.no ?? 0
}

import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { PendingWrite } from './pending-write.ts'
import { statement } from './statement.ts'
import type { Db } from './store.ts'
import type { Schema } from './tables/schema.ts'

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

const toChange = (row: Selectable<Schema['change']>): Change => ({ no: row.no, kind: row.kind, id: row.entity_id, what: row.what, at: row.at })

/** The changes after number `since`, oldest first, at most `limit`. */
export async function listChanges(db: Db, since: number, limit: number): Promise<Change[]> {
  const rows = await changesAfter(db, { since, limit })
  return rows.map(toChange)
}

/** Kinds that only sysadmins see: other callers must not learn who has an account and who uploads. */
const innerKinds = ['flow', 'user'] as const
/** Change numbers that one statement scans at most, so that a long run of hidden changes does not make it slow. */
const numbersPerStatement = 2000

/** Finds the public changes between two numbers; `hidden` is a condition on `dataset`. */
const openChanges = (hidden: RawBuilder<unknown>) =>
  statement((db, p: { since: number; until: number; limit: number }) =>
    db
      .selectFrom('change')
      .selectAll()
      .where('no', '>', p.since)
      .where('no', '<=', p.until)
      .where('kind', 'not in', [...innerKinds])
      .where(sql<boolean>`not (change.kind = 'dataset' and exists (select 1 from dataset where dataset.id = change.entity_id and ${hidden}))`)
      .orderBy('no')
      .limit(p.limit),
  )

/** A page of the feed. */
export interface ChangePage {
  readonly changes: readonly Change[]
  /** The number to continue from: everything up to it that the reader may see is in this page or an earlier one. */
  readonly last: number
}

/** A page of all changes, for sysadmins. */
export async function pageOfAll(db: Db, since: number, limit: number): Promise<ChangePage> {
  const changes = await listChanges(db, since, limit)
  return { changes, last: changes.at(-1)?.no ?? since }
}

/**
 * Makes a reader of public pages. They leave out accounts, flows, and the datasets that now meet `hidden`, a condition on `dataset`. A page
 * is short only at the end of the feed.
 */
export function openPages(hidden: RawBuilder<unknown>): typeof pageOfAll {
  const openChangesBetween = openChanges(hidden)
  return async (db, since, limit) => {
    const end = await lastChange(db)
    const changes: Change[] = []
    for (let from = since; from < end && changes.length < limit; from += numbersPerStatement) {
      const until = Math.min(from + numbersPerStatement, end)
      const rows = await openChangesBetween(db, { since: from, until, limit: limit - changes.length })
      changes.push(...rows.map(toChange))
    }
    const isFull = changes.length >= limit
    return { changes, last: isFull ? (changes.at(-1)?.no ?? since) : Math.max(since, end) }
  }
}

/** The number of the last change, 0 when there is none. */
export async function lastChange(db: Db): Promise<number> {
  const row = await db
    .selectFrom('change')
    .select((eb) => eb.fn.max('no').as('no'))
    .executeTakeFirst()
  return row?.no ?? 0
}

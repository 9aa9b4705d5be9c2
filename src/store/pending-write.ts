import type { Dialect } from './dialect.ts'
import type { ChangeKind, Channel, Db, Write } from './store.ts'
import { addWake, type Wakes } from './waker.ts'

/** A change that the write will record as its last statement. */
export interface PendingChange {
  readonly kind: ChangeKind
  readonly id: string
  readonly what: 'created' | 'updated' | 'deleted'
}

/** What a running write has requested: rows for the change feed and channels to wake. */
export class PendingWrite implements Write {
  readonly db: Db
  readonly dialect: Dialect
  readonly changes: PendingChange[] = []
  readonly wakes: Wakes = new Map()

  constructor(db: Db, dialect: Dialect) {
    this.db = db
    this.dialect = dialect
  }

  change(kind: ChangeKind, id: string, what: PendingChange['what']): void {
    this.changes.push({ kind, id, what })
  }

  wake(channel: Channel, id?: string): void {
    addWake(this.wakes, channel, id === undefined ? undefined : [id])
  }
}

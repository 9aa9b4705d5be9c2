/** Which revision changed a row last, and when (milliseconds UTC). */
export interface Stamp {
  readonly id: string
  readonly at: number
}

/** One change of the catalogue: its author, time and message. */
export interface Revision extends Stamp {
  /** Orders revisions by writing. */
  readonly no: number
  /** User name; `system` for the hub itself. */
  readonly author: string
  readonly message: string
  readonly state: string
  /** Set when a pending version of this revision was approved. */
  readonly approvedAt: number | null
}

/** One row as a revision left it, kept in its version. */
export interface ChangedRow {
  readonly kind: 'dataset' | 'resource' | 'tag' | 'extra' | 'membership' | 'relationship' | 'group'
  readonly id: string
  readonly state: string
  readonly values?: Readonly<Record<string, unknown>>
}

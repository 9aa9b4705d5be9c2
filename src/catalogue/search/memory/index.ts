import type { Actor } from '../../../context.ts'
import type { SearchRequest, SortField } from '../search.ts'
import { Column } from './column.ts'
import { grown, TextOrder } from './order.ts'

/** What the index keeps of a dataset beside its columns. */
export interface IndexRow {
  readonly no: number
  readonly id: string
  readonly name: string
  readonly title: string
  readonly listed: number
  readonly private: number
  readonly state: string
  readonly owner_org_no: number | null
  readonly creator_id: string | null
  readonly source_id: string | null
  readonly created_at: number
  readonly modified_at: number
  readonly downloadable: number
}

/** A group or organization, for columns that hold its number. */
export interface GroupLabel {
  readonly no: number
  readonly id: string
  readonly name: string
  readonly isActive: boolean
}

/** Who searches, as far as it decides what is found. */
export interface Viewer {
  readonly actor: Actor
  /** Numbers of organizations in which the caller has a role, and of those where it is more than `member`. */
  readonly memberOf: ReadonlySet<number>
  readonly editorOf: ReadonlySet<number>
}

const flag = { listed: 1, private: 2, draft: 4, deleted: 8, downloadable: 16 } as const

/** Everything about datasets that searches count, judge and order by, in arrays by `dataset.no`. */
export class DatasetIndex {
  /** Number of the last change that it holds. */
  changeNo = 0
  /** Changes up to this one may have moved datasets or their words; later ones were about other things. */
  catalogueNo = 0
  /** One more than the highest dataset number. */
  size = 0
  readonly name = new TextOrder()
  readonly title = new TextOrder()
  readonly id = new TextOrder()
  /** By field; those of `facetColumns` always, others once they were asked for. */
  readonly columns = new Map<string, Column>()
  readonly groups = new Map<number, GroupLabel>()
  readonly #creators = new Column()
  #flags: Uint8Array = new Uint8Array(0)
  /** The organization whose people may read it when it is not public; 0: its creator may. */
  #custodian: Uint32Array = new Uint32Array(0)
  #created: Float64Array = new Float64Array(0)
  #modified: Float64Array = new Float64Array(0)

  /** For the first filling; `sort` ends it. */
  load(row: IndexRow): void {
    this.#put(row)
    for (const field of ['name', 'title', 'id'] as const) this[field].load(row.no, row[field])
  }

  sort(): void {
    for (const field of ['name', 'title', 'id'] as const) this[field].sort()
  }

  put(row: IndexRow): void {
    this.#put(row)
    for (const field of ['name', 'title', 'id'] as const) this[field].put(row.no, row[field])
  }

  /** A dataset that is gone for good. */
  removeId(id: string): void {
    for (let no = 1; no < this.size; no++) {
      if (this.id.text(no) !== id) continue
      this.#flags[no] = 0
      for (const field of ['name', 'title', 'id'] as const) this[field].remove(no)
      for (const column of this.columns.values()) column.set(no, [])
    }
  }

  /** Whether a search of this caller may find the dataset. */
  viewTest({ actor, memberOf, editorOf }: Viewer, { include }: Pick<SearchRequest, 'include'>): (no: number) => boolean {
    const flags = this.#flags
    const isListed = (no: number) => ((flags[no] ?? 0) & flag.listed) !== 0
    if (actor.kind === 'anonymous' || !(include.isPrivate || include.isDraft || include.isDeleted)) return isListed
    const me = new Set([this.#creators.numberOf(actor.id) ?? 0])
    const owns = (no: number, organizations: ReadonlySet<number>) => {
      const custodian = this.#custodian[no] ?? 0
      return actor.sysadmin || (custodian === 0 ? this.#creators.hasAny(no, me) : organizations.has(custodian))
    }
    return (no) => {
      const bits = flags[no] ?? 0
      if (bits & flag.listed) return true
      if (bits & flag.draft) return include.isDraft && owns(no, editorOf)
      if (bits & flag.deleted) return include.isDeleted && owns(no, memberOf)
      return (bits & flag.private) !== 0 && include.isPrivate && owns(no, memberOf)
    }
  }

  isDownloadable(no: number): boolean {
    return ((this.#flags[no] ?? 0) & flag.downloadable) !== 0
  }

  /** Numbers by which datasets are compared. */
  keysOf(field: Exclude<SortField, 'rank'>): Float64Array {
    if (field === 'created') return this.#created
    if (field === 'modified') return this.#modified
    return this[field].keys
  }

  #put(row: IndexRow): void {
    const { no } = row
    if (no >= this.#flags.length) {
      this.#flags = grown(this.#flags, no + 1)
      this.#custodian = grown(this.#custodian, no + 1)
      this.#created = grown(this.#created, no + 1)
      this.#modified = grown(this.#modified, no + 1)
    }
    this.size = Math.max(this.size, no + 1)
    this.#flags[no] = flagsOf(row)
    this.#custodian[no] = row.source_id === null ? (row.owner_org_no ?? 0) : 0
    this.#created[no] = row.created_at
    this.#modified[no] = row.modified_at
    this.#creators.set(no, row.creator_id === null ? [] : [row.creator_id])
  }
}

/** A dataset that waits for approval is in no search: it has no flag. */
function flagsOf(row: IndexRow): number {
  const isPrivate = row.private === 1 && row.state === 'active'
  return (
    (row.listed === 1 ? flag.listed : 0) |
    (isPrivate ? flag.private : 0) |
    (row.state === 'draft' ? flag.draft : 0) |
    (row.state === 'deleted' ? flag.deleted : 0) |
    (row.downloadable === 1 ? flag.downloadable : 0)
  )
}

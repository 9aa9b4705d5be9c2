import type { SearchRequest, SortField } from '../search.ts'
import { Column } from './column.ts'
import { grown, TextOrder } from './order.ts'
import { findableTest, firstFreeFlag, levelFlag, organizationNo, type Viewer } from './visible.ts'

/** The fields of a dataset in the index, without its columns. */
export interface IndexRow {
  readonly no: number
  readonly id: string
  readonly name: string
  readonly title: string
  readonly private: number
  readonly unlisted: number
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

const downloadable = firstFreeFlag

/** Everything about datasets that searches count, filter and sort by, in arrays by `dataset.no`. */
export class DatasetIndex {
  /** Number of the last change that it holds. */
  changeNo = 0
  /** The last change that touched datasets or groups. */
  catalogueNo = 0
  /** One more than the highest dataset number. */
  size = 0
  readonly name = new TextOrder()
  readonly title = new TextOrder()
  readonly id = new TextOrder()
  /** By field; those of `heldFields` always, others from their first use. */
  readonly columns = new Map<string, Column>()
  readonly groups = new Map<number, GroupLabel>()
  readonly #creators = new Column()
  #flags: Uint8Array = new Uint8Array(0)
  /** See `VisibilityColumns`. */
  #organizations: Uint32Array = new Uint32Array(0)
  #created: Float64Array = new Float64Array(0)
  #modified: Float64Array = new Float64Array(0)

  /** Adds a row at the first loading; call `sort` after the last one. */
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

  /** Removes a dataset that was purged. */
  removeId(id: string): void {
    for (let no = 1; no < this.size; no++) {
      if (this.id.text(no) !== id) continue
      this.#flags[no] = 0
      for (const field of ['name', 'title', 'id'] as const) this[field].remove(no)
      for (const column of this.columns.values()) column.set(no, [])
    }
  }

  /** The test whether a search with these options finds a dataset, by number, for the viewer. */
  viewTest(viewer: Viewer, { include }: Pick<SearchRequest, 'include'>): (no: number) => boolean {
    return findableTest(viewer, include, { flags: this.#flags, organizations: this.#organizations, creators: this.#creators })
  }

  isDownloadable(no: number): boolean {
    return ((this.#flags[no] ?? 0) & downloadable) !== 0
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
      this.#organizations = grown(this.#organizations, no + 1)
      this.#created = grown(this.#created, no + 1)
      this.#modified = grown(this.#modified, no + 1)
    }
    this.size = Math.max(this.size, no + 1)
    this.#flags[no] = levelFlag(row) | (row.downloadable === 1 ? downloadable : 0)
    this.#organizations[no] = organizationNo(row)
    this.#created[no] = row.created_at
    this.#modified[no] = row.modified_at
    this.#creators.set(no, row.creator_id === null ? [] : [row.creator_id])
  }
}

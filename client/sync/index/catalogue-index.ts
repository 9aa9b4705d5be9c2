import { CkanDataset } from '../../objects/dataset.ts'
import { extrasToRecord } from '../../objects/extras.ts'
import type { PlainRecord } from '../../record.ts'
import type { SyncSettings } from '../options.ts'
import { HARVEST_SOURCE_KEY, parseSourceId } from '../source-id.ts'
import { covers, Fingerprints } from './fingerprint.ts'
import { GroupSets } from './group-sets.ts'
import { hashText, randomSeed } from './hash.ts'
import { FLAG, RecordTable } from './record-table.ts'

/** A dataset of the catalogue that came from some source. */
export interface Found {
  dataset: CkanDataset
  sourceId: string
}

/** The dataset in a record, and its id in this source; null if it came from elsewhere or cannot be read. */
export function readHarvested(record: PlainRecord, sourceName: string): Found | null {
  try {
    const origin = parseSourceId(extrasToRecord(record['extras'])[HARVEST_SOURCE_KEY])
    return origin?.sourceName === sourceName ? { dataset: new CkanDataset(record), sourceId: origin.sourceId } : null
  } catch {
    // A record of another maker that breaks the rules of datasets is none of this source, and no reason to stop.
    return null
  }
}

/** All source ids of the catalogue and the source, with what tells whether a dataset has changed. One entry for each id. */
export class CatalogueIndex {
  readonly #table = new RecordTable()
  readonly #seed = randomSeed()
  readonly #fingerprints: Fingerprints
  readonly #groupSets = new GroupSets()
  readonly #settings: SyncSettings
  #stored = 0

  constructor(settings: SyncSettings) {
    this.#settings = settings
    this.#fingerprints = new Fingerprints(settings, this.#seed)
  }

  /** Datasets of this source in the catalogue. */
  get storedCount(): number {
    return this.#stored
  }

  /** Takes in a stored dataset. The second one with a source id is kept as one that has vanished. */
  addStored({ dataset, sourceId }: Found): void {
    const key = hashText(sourceId, this.#seed)
    const isDouble = this.#table.find(key) !== undefined
    const entry = isDouble ? this.#table.append(key) : this.#table.add(key)
    this.#stored++
    this.#table.set(entry, FLAG.stored)
    this.#table.setId(entry, String(dataset.id))
    if (isDouble) return
    if (dataset.owner_org) this.#table.set(entry, FLAG.owned)
    if (dataset.canonicalValue('title') === dataset.name) this.#table.set(entry, FLAG.untitled)
    this.#table.setFingerprint(entry, this.#fingerprints.of(dataset))
    this.#table.setGroups(entry, this.#groupSets.numberOf(dataset.groups))
  }

  /** The entry of a source id; a new one if the catalogue has none. */
  entryOf(sourceId: string): number {
    const key = hashText(sourceId, this.#seed)
    return this.#table.find(key) ?? this.#table.add(key)
  }

  /** The entry of a source id that the catalogue has; undefined if it has none. */
  findStored(sourceId: string): number | undefined {
    const entry = this.#table.find(hashText(sourceId, this.#seed))
    return entry !== undefined && this.#table.has(entry, FLAG.stored) ? entry : undefined
  }

  /** The id in the catalogue; null if it has none. */
  ckanIdOf(entry: number): string | null {
    return this.#table.has(entry, FLAG.stored) ? this.#table.idOf(entry) : null
  }

  /** Notes a fact of FLAG. */
  mark(entry: number, flag: number): void {
    this.#table.set(entry, flag)
  }

  is(entry: number, flag: number): boolean {
    return this.#table.has(entry, flag)
  }

  /** Whether an update would surely change nothing. If not, the stored dataset has to be read and compared. */
  isUnchanged(entry: number, source: CkanDataset): boolean {
    if (!this.#table.has(entry, FLAG.stored) || !covers(this.#table.fingerprintOf(entry), this.#fingerprints.of(source))) return false
    const keepsTitle = this.#keeps('title') || source.title || this.#table.has(entry, FLAG.untitled)
    return Boolean(keepsTitle) && this.#keepsOwner(entry, source) && this.#keepsGroups(entry, source)
  }

  /** Numbers of the stored datasets that are to be deleted: those that the source says so of, and if `missing`, those that it does not have. */
  *doomed({ missing }: { missing: boolean }): Generator<number, void, undefined> {
    for (let entry = 0; entry < this.#table.size; entry++) {
      if (!this.#table.has(entry, FLAG.stored) || this.#table.has(entry, FLAG.present)) continue
      if (missing || this.#table.has(entry, FLAG.deleted)) yield entry
    }
  }

  #keeps(field: string): boolean {
    return this.#settings.keepFields.includes(field)
  }

  #keepsOwner(entry: number, source: CkanDataset): boolean {
    if (this.#keeps('owner_org') || !this.#settings.datasetPreserveOrganization) return true
    return this.#table.has(entry, FLAG.owned) || !source.owner_org
  }

  #keepsGroups(entry: number, source: CkanDataset): boolean {
    if (this.#keeps('groups') || this.#settings.datasetGroupMergeStrategy !== 'add') return true
    return this.#groupSets.holds(this.#table.groupsOf(entry), source.groups)
  }
}

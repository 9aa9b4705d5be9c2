import { CkanDataset } from '../../objects/dataset.ts'
import { isRecord, type PlainRecord } from '../../record.ts'
import { SyncFault, textOf } from '../fault.ts'
import type { SyncSettings } from '../options.ts'
import { HARVEST_SOURCE_KEY, parseSourceId } from '../source/source-id.ts'
import { covers, Fingerprints } from './fingerprint.ts'
import { GroupSets } from './group-sets.ts'
import { hashText, randomSeed } from './hash.ts'
import { FLAG, RecordTable } from './record-table.ts'

/** A record of the catalogue that came from this source. */
export interface Found {
  id: string
  sourceId: string
  record: PlainRecord
}

/** Where a record of the catalogue came from; null if that is not this source. */
export function readHarvested(record: PlainRecord, sourceName: string): Found | null {
  const origin = parseSourceId(originIn(record['extras']))
  return origin?.sourceName === sourceName ? { id: String(record['id']), sourceId: origin.sourceId, record } : null
}

/** The value of the extra that says so, whatever else is among the extras. */
function originIn(extras: unknown): unknown {
  if (isRecord(extras)) return extras[HARVEST_SOURCE_KEY]
  const items: unknown[] = Array.isArray(extras) ? extras : []
  const own = items.filter(isRecord).filter(({ key, state }) => key === HARVEST_SOURCE_KEY && state !== 'deleted')
  return own.at(-1)?.['value']
}

/** The dataset of a record of the catalogue.
 * @throws SyncFault INVALID_DATA if the catalogue gives fields other types than they have.
 */
export function toDataset({ id, record }: Found): CkanDataset {
  try {
    return new CkanDataset(record)
  } catch (error) {
    throw new SyncFault('INVALID_DATA', `the catalogue has dataset ${id} in a form that cannot be compared: ${textOf(error)}`, { cause: error })
  }
}

/** All source ids of the catalogue and the source, one entry each, with a fingerprint of the stored dataset. */
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
  addStored(found: Found): void {
    const { id, sourceId } = found
    const key = hashText(sourceId, this.#seed)
    const isDouble = this.#table.find(key) !== undefined
    const entry = isDouble ? this.#table.append(key) : this.#table.add(key)
    this.#stored++
    this.#table.set(entry, FLAG.stored)
    this.#table.setId(entry, id)
    if (!isDouble) this.#describe(entry, found)
  }

  /** Notes what the dataset holds. One that cannot be read stays without: it is compared, and fails, when its record comes. */
  #describe(entry: number, found: Found): void {
    const dataset = readable(found)
    if (!dataset) return
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

function readable(found: Found): CkanDataset | null {
  try {
    return toDataset(found)
  } catch {
    return null
  }
}

import type { CkanDataset } from '../../objects/dataset.ts'
import { type CkanResource, readResources } from '../../objects/resource.ts'
import { copyJson, isRecord, type PlainRecord } from '../../record.ts'
import type { SyncSettings } from '../options.ts'
import { type Hash, hashText } from './hash.ts'
import type { Fingerprint } from './record-table.ts'

/** Fields that a server fills in where a source leaves them empty. */
const FILLED = new Set(['format', 'mimetype'])

/** A column whose keys are named and have no values. */
const EMPTIED = 1

/** Makes fingerprints of datasets. A dataset of the source whose fingerprint is that of the stored one needs no write.
 *
 * What an update would keep (`keepFields`, a preserved name or organization) is not in it. Formats, media types and further keys have columns of
 * their own, since a server may have filled them in: a column that is empty in the source counts for nothing.
 */
export class Fingerprints {
  readonly #seed: Hash
  readonly #left: Set<string>

  constructor(settings: SyncSettings, seed: Hash) {
    this.#seed = seed
    this.#left = new Set(['id', ...settings.keepFields])
    if (settings.datasetPreserveNames) this.#left.add('name')
    if (settings.datasetPreserveOrganization) this.#left.add('owner_org')
    if (settings.datasetGroupMergeStrategy !== 'replace') this.#left.add('groups')
  }

  of(dataset: CkanDataset): Fingerprint {
    const fields = dataset.fieldNames.filter((name) => name !== 'resources' && !this.#left.has(name))
    const resources = this.#left.has('resources') ? [] : readResources(dataset.view('resources'))
    const base = [fields.map((name) => dataset.canonicalValue(name)), resources.map(resourceBase)]
    const others = [dataset.other, ...resources.map((resource) => resource.other)]
    return {
      base: hashText(JSON.stringify(base), this.#seed),
      format: this.#column(resources.map((resource) => resource.canonicalValue('format'))),
      mimetype: this.#column(resources.map((resource) => resource.canonicalValue('mimetype'))),
      other: this.#otherColumn(others),
    }
  }

  /** A hash above EMPTIED; 0 if there is nothing in the column. */
  #column(values: unknown[]): number {
    if (values.every((value) => value === '')) return 0
    return Math.max(hashText(JSON.stringify(values), this.#seed).lo, EMPTIED + 1)
  }

  /** The same for further keys, those of the dataset and of each resource. A source that names keys and gives them no value wants them empty. */
  #otherColumn(others: PlainRecord[]): number {
    const named = others.map((other) => Object.entries(other).filter(([name]) => !this.#left.has(name)))
    const filled = named.map((entries) => entries.filter(([, value]) => value !== null && value !== '').sort(([a], [b]) => (a < b ? -1 : 1)))
    const column = this.#column(filled.map((entries) => (entries.length === 0 ? '' : entries.map(([name, value]) => [name, sortKeys(value)]))))
    return column === 0 && named.some((entries) => entries.length > 0) ? EMPTIED : column
  }
}

/** Whether the stored one holds all that the source gives. */
export function covers(stored: Fingerprint, source: Fingerprint): boolean {
  const isSameBase = stored.base.lo === source.base.lo && stored.base.hi === source.base.hi
  return isSameBase && COLUMNS.every((column) => source[column] === 0 || contentOf(source[column]) === contentOf(stored[column]))
}

const COLUMNS = ['format', 'mimetype', 'other'] as const
const contentOf = (column: number) => (column === EMPTIED ? 0 : column)

function resourceBase(resource: CkanResource): unknown[] {
  const fields = resource.fieldNames.filter((name) => name !== 'id' && !FILLED.has(name))
  return fields.map((name) => resource.canonicalValue(name))
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isRecord(value)) return copyJson(value)
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, sortKeys(inner)])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

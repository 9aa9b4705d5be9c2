import { CkanObject } from '../../objects/object.ts'
import { isRecord, type PlainRecord } from '../../record.ts'
import { SyncFault } from '../fault.ts'
import { openSource, type Source, type SourceRecord, type SyncData, type SyncRecords } from './source.ts'

/** The three parts of a source, opened. */
export interface OpenData {
  organizations: Source
  groups: Source
  datasets: Source
}

const NAMES = [
  ['organizations', 'organization'],
  ['groups', 'group'],
  ['datasets', 'dataset'],
] as const

/** Opens a source.
 * @throws TypeError if the data is not in the form of SyncData, or a partial source would delete what it leaves out.
 */
export function openData(data: SyncData, { incremental }: { incremental: boolean }): OpenData {
  if (!isRecord(data)) throw new TypeError('the data must be a plain object with datasets')
  const known: string[] = NAMES.flat()
  for (const name of Object.keys(data)) if (!known.includes(name)) throw new TypeError(`data: ${name} is none of ${known.join(', ')}`)
  const [organizations, groups, datasets] = NAMES.map(([name, alias]) => pick(data, name, alias))
  if (!datasets) throw new TypeError('data: the datasets are missing')
  const opened = openSource(datasets, 'datasets')
  if (opened.facts?.isPartial && !incremental) {
    throw new TypeError('this source gives only what has changed: sync it with { incremental: true }, or all other datasets would be deleted')
  }
  return { organizations: openSource(organizations ?? [], 'organizations'), groups: openSource(groups ?? [], 'groups'), datasets: opened }
}

function pick(data: PlainRecord, name: string, alias: string): SyncRecords | undefined {
  const given = [data[name], data[alias]].filter((value) => value !== undefined && value !== null)
  if (given.length > 1) throw new TypeError(`data: ${name} and ${alias} are the same; give one of them`)
  return given[0] as SyncRecords | undefined
}

/** The first group or organization whose own name is not its key; undefined if there is none. */
export function findWrongName({ list }: Source): string | undefined {
  const wrong = list?.find(({ key, value }) => {
    const name = key !== null && typeof value === 'object' && value !== null && 'name' in value ? value.name : null
    return name !== null && name !== undefined && name !== key
  })
  return wrong?.key ?? undefined
}

/** The values of a record of a source, with only texts that UTF-8 can hold: lone surrogates become U+FFFD, as on any wire.
 * @throws SyncFault INVALID_DATA if it is no object.
 */
export function valuesOf({ value }: SourceRecord): PlainRecord {
  const values = value instanceof CkanObject ? value.toJSON() : value
  if (!isRecord(values)) throw new SyncFault('INVALID_DATA', `a record must be a plain object; got ${values === null ? 'null' : typeof values}`)
  return wellFormedRecord(values)
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (value instanceof CkanObject) return wellFormedRecord(value.toJSON())
  if (Array.isArray(value)) return value.map(wellFormed)
  return isRecord(value) ? wellFormedRecord(value) : value
}

function wellFormedRecord(record: PlainRecord): PlainRecord {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key.toWellFormed(), wellFormed(value)]))
}

/** The source id of a record: its key, else its `id`; null if there is none that can be stored. */
export function sourceIdOf({ key, value }: SourceRecord): string | null {
  const id = key ?? (typeof value === 'object' && value !== null && 'id' in value ? value.id : null)
  if (typeof id === 'number' && Number.isSafeInteger(id)) return String(id)
  return typeof id === 'string' && id !== '' && id.isWellFormed() ? id : null
}

/** Whether a record says that it was deleted. */
export const isDeletion = ({ value }: SourceRecord) => typeof value === 'object' && value !== null && 'state' in value && value.state === 'deleted'

/** The name in a record, if it has one, for reports. */
export function nameIn({ value }: SourceRecord): string | null {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' ? value.name : null
}

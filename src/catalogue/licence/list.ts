import { readFileSync } from 'node:fs'
import { isObject } from '../../base/json.ts'
import { type Config, ConfigError } from '../../config.ts'
import { parseFlag } from '../field-reader.ts'
import { defaultLicences, isOpen, type Licence } from './licence.ts'

const lists = new WeakMap<Config, ReadonlyMap<string, Licence>>()

/**
 * The licences of this hub by id, in the order in which they are listed: those of the file that the settings name, else the built-in ones.
 * The file is read once. Throws a `ConfigError` when it cannot be used.
 */
export function licencesOf(config: Config): ReadonlyMap<string, Licence> {
  let list = lists.get(config)
  if (!list) {
    const licences = config.licences === undefined ? defaultLicences : readLicences(config.licences)
    list = new Map(licences.map((one) => [one.id, one]))
    lists.set(config, list)
  }
  return list
}

/** The ids of licences under which data is open. */
export const openLicenceIds = (config: Config) => [...licencesOf(config).values()].filter(isOpen).map((licence) => licence.id)

function readLicences(path: string): Licence[] {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigError(`MILLRACE_LICENCES: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  const items = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []
  const licences = items.filter(isObject).flatMap((item) => parseLicence(item) ?? [])
  if (licences.length === 0 || licences.length < items.length)
    throw new ConfigError(`MILLRACE_LICENCES: ${path}: wanted a list of objects with id and title`)
  return licences
}

/** Takes the keys of older and newer licence files. */
function parseLicence(item: Readonly<Record<string, unknown>>): Licence | undefined {
  const { id, title, url } = item
  if (typeof id !== 'string' || typeof title !== 'string' || id === '') return undefined
  const isOpenData = parseFlag(item['is_okd_compliant']) ?? item['od_conformance'] === 'approved'
  const isOpenSource = parseFlag(item['is_osi_compliant']) ?? item['osd_conformance'] === 'approved'
  return { id, title, url: typeof url === 'string' ? url : '', isOpenData, isOpenSource }
}

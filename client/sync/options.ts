import type { ClientOptions } from '../low-level/options.ts'
import type { PlainRecord } from '../record.ts'
import type { SyncProgress } from './report.ts'
import type { StateStore } from './state.ts'

/** The options of a CkanSyncClient. Each has a default. */
export interface SyncOptions extends ClientOptions {
  /** What happens to an organization that the catalogue has already: `create` leaves it, `update` makes it equal to the source's. Default `create`. */
  organizationMergeStrategy?: 'create' | 'update'
  /** The same for groups. */
  groupMergeStrategy?: 'create' | 'update'
  /** Whether a dataset keeps the name that it has in the catalogue. Default true. */
  datasetPreserveNames?: boolean
  /** Whether a dataset keeps the organization that it has in the catalogue. Default true. */
  datasetPreserveOrganization?: boolean
  /** Groups of a dataset: those of both sides (`add`), of the source (`replace`) or of the catalogue (`preserve`). Default `add`. */
  datasetGroupMergeStrategy?: 'add' | 'replace' | 'preserve'
  /** Fields and further keys of datasets that an update never touches. */
  keepFields?: string[]
  /** Whether anything is deleted at all. Default true. */
  deleteMissing?: boolean
  /** `delete` marks as deleted, `wipe` frees the name before, `purge` removes for good. Default `wipe`. */
  deleteMode?: 'delete' | 'wipe' | 'purge'
  /** Whether a source without any record deletes everything that came from it. Default false. */
  allowEmptySource?: boolean
  /** Largest share, 0 to 1, of the source's datasets that one run may delete. Default 1. */
  maxDeleteFraction?: number
  /** Requests in flight at most. Default 4. */
  concurrency?: number
  /** Whether everything is read and compared, and nothing written. Default false. */
  dryRun?: boolean
  /** Whether the first failed item ends the run. Default `continue`. */
  onError?: 'continue' | 'stop'
  /** More failed items than this end the run. Default: no limit. */
  maxErrors?: number
  /** Keeps the position of a run, so that it can be resumed. */
  stateStore?: StateStore
  /** Source records after which the position is saved. Default 100. */
  checkpointEvery?: number
  /** Datasets for each page of the catalogue. Default 100. */
  pageSize?: number
  /** Changes a record of the source before it is used; null leaves it out, which deletes nothing. It gets a copy. */
  transform?: (dataset: PlainRecord) => object | null | Promise<object | null>
  onProgress?: (progress: SyncProgress) => void
  /** Ends the run when it aborts. */
  signal?: AbortSignal
}

type Optional = 'stateStore' | 'transform' | 'onProgress' | 'signal'

/** Checked options with their defaults. */
export type SyncSettings = Required<Omit<SyncOptions, keyof ClientOptions | Optional>> & Pick<SyncOptions, Optional>

type Check = (value: unknown) => boolean

const oneOf = (...words: string[]) => ({ wanted: words.join(' or '), check: (value: unknown) => words.some((word) => word === value) })
const flag = { wanted: 'true or false', check: (value: unknown) => typeof value === 'boolean' }
const whole = { wanted: 'a whole number above 0', check: (value: unknown) => Number.isSafeInteger(value) && Number(value) > 0 }
const callback = { wanted: 'a function', check: (value: unknown) => value === undefined || typeof value === 'function' }
const inRange = (most: number) => (value: unknown) => typeof value === 'number' && value >= 0 && value <= most
const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')
const isStore = (value: unknown) => value === undefined || (typeof value === 'object' && value !== null && 'get' in value && 'set' in value)
const isSignal = (value: unknown) => value === undefined || value instanceof AbortSignal

const RULES: { [K in keyof SyncSettings]-?: { byDefault: SyncSettings[K]; wanted: string; check: Check } } = {
  organizationMergeStrategy: { byDefault: 'create', ...oneOf('create', 'update') },
  groupMergeStrategy: { byDefault: 'create', ...oneOf('create', 'update') },
  datasetPreserveNames: { byDefault: true, ...flag },
  datasetPreserveOrganization: { byDefault: true, ...flag },
  datasetGroupMergeStrategy: { byDefault: 'add', ...oneOf('add', 'replace', 'preserve') },
  keepFields: { byDefault: [], wanted: 'a list of texts', check: isTexts },
  deleteMissing: { byDefault: true, ...flag },
  deleteMode: { byDefault: 'wipe', ...oneOf('delete', 'wipe', 'purge') },
  allowEmptySource: { byDefault: false, ...flag },
  maxDeleteFraction: { byDefault: 1, wanted: 'a number from 0 to 1', check: inRange(1) },
  concurrency: { byDefault: 4, ...whole },
  dryRun: { byDefault: false, ...flag },
  onError: { byDefault: 'continue', ...oneOf('continue', 'stop') },
  maxErrors: { byDefault: Infinity, wanted: 'a number, 0 or more', check: inRange(Infinity) },
  stateStore: { byDefault: undefined, wanted: 'an object with get, set and delete', check: isStore },
  checkpointEvery: { byDefault: 100, ...whole },
  pageSize: { byDefault: 100, ...whole },
  transform: { byDefault: undefined, ...callback },
  onProgress: { byDefault: undefined, ...callback },
  signal: { byDefault: undefined, wanted: 'an AbortSignal', check: isSignal },
}

const CLIENT_OPTIONS = new Set<string>([
  'apiKey',
  'fetch',
  'headers',
  'userAgent',
  'signal',
  'timeoutMs',
  'retries',
  'retryBaseMs',
  'maxRetryDelayMs',
  'requestsPerSecond',
] satisfies (keyof ClientOptions)[])

/** Divides options into those of the run and those of the low-level client.
 * @throws TypeError naming an option that is of no use or not known: a misspelled guard must not go unnoticed.
 */
export function parseSyncOptions(options: SyncOptions): { settings: SyncSettings; clientOptions: ClientOptions } {
  if (typeof options !== 'object' || options === null) throw new TypeError('the options must be a plain object')
  const given = new Map<string, unknown>(Object.entries(options))
  for (const name of given.keys()) {
    if (!Object.hasOwn(RULES, name) && !CLIENT_OPTIONS.has(name)) throw new TypeError(`there is no option ${name}`)
  }
  const settings = Object.entries(RULES).map(([name, { byDefault, wanted, check }]): [string, unknown] => {
    const value = given.get(name) ?? byDefault
    if (!check(value)) throw new TypeError(`${name} must be ${wanted}; got ${String(value)}`)
    return [name, value]
  })
  const clientOptions = [...given].filter(([name]) => CLIENT_OPTIONS.has(name))
  return { settings: Object.fromEntries(settings) as unknown as SyncSettings, clientOptions: Object.fromEntries(clientOptions) }
}

import assert from 'node:assert/strict'
import { CkanHighLevelClient, CkanSyncClient, CkanSyncError, HARVEST_SOURCE_KEY, type SyncOptions } from '../index.ts'
import { isRecord, type PlainRecord } from '../record.ts'
import { ADMIN_KEY, ForeignCkan } from './foreign-ckan.ts'
import type { Script, SeenRequest } from './scripted-server.ts'
import { withServer } from './with-server.ts'

/** A catalogue with the habits of a CKAN, and clients of its sysadmin. */
export interface SyncStage {
  ckan: ForeignCkan
  url: string
  high: CkanHighLevelClient
  seen: SeenRequest[]
  client: (options?: SyncOptions) => CkanSyncClient
}

/** Runs a scenario on a fresh catalogue. `faults` may answer a request in place of the catalogue. */
export function withCatalogue(scenario: (stage: SyncStage) => Promise<void>, faults?: (ckan: ForeignCkan) => Script): Promise<void> {
  const ckan = new ForeignCkan()
  return withServer(faults?.(ckan) ?? ckan.answer, async ({ url, seen }) => {
    const high = new CkanHighLevelClient(url, { apiKey: ADMIN_KEY })
    const client = (options: SyncOptions = {}) => new CkanSyncClient(url, { apiKey: ADMIN_KEY, retryBaseMs: 1, retries: 1, ...options })
    await scenario({ ckan, url, high, seen, client })
  })
}

/** The last word of a request's path. */
export const actionOf = (request: SeenRequest) => request.path.split('/').at(-1) ?? ''

/** The actions of requests that change something. */
export const writesOf = (seen: SeenRequest[]) => seen.map(actionOf).filter((name) => !/_(show|search|list)$/.test(name))

/** The JSON body of a request. */
export function bodyOf(request: SeenRequest | undefined): PlainRecord {
  const body: unknown = JSON.parse(request?.body || '{}')
  return isRecord(body) ? body : assert.fail('the body is an object')
}

/** Extras of a stored record as a record. */
export function extrasOf(record: PlainRecord): PlainRecord {
  const extras: unknown[] = Array.isArray(record['extras']) ? record['extras'] : []
  return Object.fromEntries(extras.filter(isRecord).map(({ key, value }) => [key, value]))
}

/** The stored dataset that came from a source id. */
export function storedOf(ckan: ForeignCkan, origin: string): PlainRecord {
  const found = ckan.rooms.package.filter((one) => extrasOf(one)[HARVEST_SOURCE_KEY] === origin && one['state'] === 'active')
  assert.equal(found.length, 1, `${origin} is stored once`)
  return found[0] ?? {}
}

/** Active datasets of a catalogue: name by origin. */
export function activeNames(ckan: ForeignCkan): Record<string, unknown> {
  const active = ckan.rooms.package.filter((one) => one['state'] === 'active')
  return Object.fromEntries(active.map((one) => [String(extrasOf(one)[HARVEST_SOURCE_KEY] ?? one['name']), one['name']]).sort())
}

/** The error of a run that ends before its work is done. */
export async function syncErrorOf(run: Promise<unknown>): Promise<CkanSyncError> {
  const error: unknown = await run.then(
    () => undefined,
    (caught) => caught,
  )
  assert.ok(error instanceof CkanSyncError, String(error))
  assert.equal(error.report.status, 'aborted')
  return error
}

/** Datasets as a stream. */
export async function* stream<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items
}

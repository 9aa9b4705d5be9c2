import { CkanNotAuthorizedError, CkanNotFoundError } from '../../errors.ts'
import { CkanLowLevelClient } from '../../low-level/low-level.ts'
import { isRecord, type PlainRecord } from '../../record.ts'
import { readChangedDatasets } from './change-feed.ts'
import { SOURCE_FACTS, type SourceFacts } from './source.ts'

export interface CkanSourceOptions {
  /** Only datasets that changed since then, by their `metadata_modified`. Needs an incremental run. */
  since?: Date | string | null
  /** How much earlier to begin, since clocks differ. Default one hour. */
  overlapMs?: number
  /** Only datasets that meet this condition, in the search language of the catalogue. */
  fq?: string
  /** Datasets for each page. Default 100. */
  pageSize?: number
  /** Only what changed after this number of the feed `GET /changes` of a Millrace, deletions included. Needs an incremental run; excludes `since` and `fq`. */
  changesSince?: number
  signal?: AbortSignal
}

/** Datasets of another catalogue, in the form of `data.datasets`. */
export interface CkanSource extends AsyncIterable<PlainRecord> {
  /** With `changesSince`: the number to give as `changesSince` next time, known when the reading has begun; else null. */
  readonly lastChange: number | null
  readonly [SOURCE_FACTS]: SourceFacts
}

const HOUR_MS = 3_600_000

/** Reads the datasets of another catalogue: ids as they are there, organizations and groups by name.
 *
 * Left out are datasets of type `harvest`, and of resources and tags what has a meaning on that server only (`url_type`, `revision_id`, vocabularies).
 * A partial source, by `since` or `changesSince`, is for incremental runs only.
 * @throws TypeError for options that are of no use.
 */
export function ckanSource(server: string | CkanLowLevelClient, options: CkanSourceOptions = {}): CkanSource {
  const { changesSince, signal } = options
  const given = server instanceof CkanLowLevelClient ? server : new CkanLowLevelClient(server, { signal })
  const client = signal && given.signal !== signal ? given.withSignal(signal) : given
  const filter = parseFilter(options)
  const isPartial = isGiven(options.since) || changesSince !== undefined
  let lastChange: number | null = null
  const noteLast = (last: number) => {
    lastChange = last
  }
  return {
    get lastChange() {
      return lastChange
    },
    [Symbol.asyncIterator]: () =>
      changesSince === undefined ? readDatasets(client, filter) : readChanges(client, { since: changesSince, noteLast }),
    [SOURCE_FACTS]: { isPartial, has: (id) => hasDataset(client, filter.fq, id) },
  }
}

interface Filter {
  fq: string | undefined
  pageSize: number | undefined
}

function parseFilter({ since, overlapMs = HOUR_MS, fq, pageSize, changesSince }: CkanSourceOptions): Filter {
  if (fq !== undefined && typeof fq !== 'string') throw new TypeError(`fq must be a text; got ${typeof fq}`)
  if (pageSize !== undefined && !(Number.isSafeInteger(pageSize) && pageSize > 0)) throw new TypeError('pageSize must be a whole number above 0')
  if (!(typeof overlapMs === 'number' && overlapMs >= 0 && overlapMs < Infinity)) throw new TypeError('overlapMs must be a number, 0 or more')
  if (changesSince !== undefined) {
    if (!(Number.isSafeInteger(changesSince) && changesSince >= 0)) throw new TypeError('changesSince must be a whole number, 0 or more')
    if (isGiven(since) || fq !== undefined) throw new TypeError('changesSince cannot be combined with since or fq')
  }
  const terms = [...(fq ? [isGiven(since) ? `(${fq})` : fq] : []), ...(isGiven(since) ? [modifiedSince(since, overlapMs)] : [])]
  return { fq: terms.length > 0 ? terms.join(' AND ') : undefined, pageSize }
}

const isGiven = (since: Date | string | null | undefined): since is Date | string => since !== undefined && since !== null

function modifiedSince(since: Date | string, overlapMs: number): string {
  const ms = new Date(since).getTime()
  if (Number.isNaN(ms)) throw new TypeError(`since must be a date; got ${String(since)}`)
  return `metadata_modified:[${new Date(ms - overlapMs).toISOString()} TO *]`
}

async function* readDatasets(client: CkanLowLevelClient, { fq, pageSize }: Filter): AsyncGenerator<PlainRecord, void, undefined> {
  for await (const record of client.iterDatasets({ fq, pageSize, readAhead: true })) if (isWanted(record)) yield toSourceRecord(record)
}

async function* readChanges(
  client: CkanLowLevelClient,
  { since, noteLast }: { since: number; noteLast: (last: number) => void },
): AsyncGenerator<PlainRecord, void, undefined> {
  const { changes, last } = await readChangedDatasets(client, since)
  noteLast(last)
  for (const [id, isDeleted] of changes) {
    const record = isDeleted ? null : await findDataset(client, id)
    if (record === 'hidden') continue
    if (record === null || record['state'] === 'deleted') yield { id, state: 'deleted' }
    else if (isWanted(record)) yield toSourceRecord(record)
  }
}

/** A dataset that the feed names: null if it has gone since, `hidden` if this caller may not see it any more, which is no deletion. */
async function findDataset(client: CkanLowLevelClient, id: string): Promise<PlainRecord | null | 'hidden'> {
  try {
    return await client.getDataset(id)
  } catch (error) {
    if (error instanceof CkanNotFoundError) return null
    if (error instanceof CkanNotAuthorizedError) return 'hidden'
    throw error
  }
}

/** Whether the catalogue still has the dataset, and it is one of those that this source gives: pages that shift while they are read may pass one over. */
async function hasDataset(client: CkanLowLevelClient, fq: string | undefined, id: string): Promise<boolean> {
  if (fq === undefined) {
    const record = await findDataset(client, id)
    return record !== null && record !== 'hidden' && record['id'] === id && (record['state'] ?? 'active') !== 'deleted' && isWanted(record)
  }
  const term = `id:"${id.replaceAll(/["\\]/g, '\\$&')}"`
  for await (const record of client.iterDatasets({ fq: `(${fq}) AND ${term}`, pageSize: 1 })) return record['id'] === id && isWanted(record)
  return false
}

const isWanted = (record: PlainRecord) => record['type'] !== 'harvest'

function toSourceRecord(record: PlainRecord): PlainRecord {
  const { organization, groups, resources, tags, owner_org: owner, ...rest } = record
  const name = isRecord(organization) ? organization['name'] : undefined
  return {
    ...rest,
    owner_org: name ?? owner ?? null,
    groups: records(groups).map((group) => group['name'] ?? group['id']),
    resources: records(resources).map(({ url_type: _type, revision_id: _revision, ...resource }) => resource),
    tags: records(tags).map((tag) => ({ name: tag['name'] })),
  }
}

function records(list: unknown): PlainRecord[] {
  const items: unknown[] = Array.isArray(list) ? list : []
  return items.map((item) => (isRecord(item) ? item : { name: item }))
}

import { CkanProtocolError } from '../../errors.ts'
import type { CkanLowLevelClient } from '../../low-level/low-level.ts'
import { isRecord } from '../../record.ts'

const CHANGES_PER_PAGE = 1000
const MAX_DATASETS = 1_000_000

/** Datasets that changed, each once, and whether its last change was its end. */
export interface ChangedDatasets {
  changes: Map<string, boolean>
  /** Number of the last change that was read. */
  last: number
}

/** Reads the feed `GET /changes` of a Millrace from a number to its end. It is read whole before any dataset: what changes later comes in the next run.
 * @throws CkanError if the server has no such feed.
 */
export async function readChangedDatasets(client: CkanLowLevelClient, since: number): Promise<ChangedDatasets> {
  const changes = new Map<string, boolean>()
  for (let from = since; ; ) {
    const { status, data } = await client.request('GET', '/changes', { query: { since: from, limit: CHANGES_PER_PAGE } })
    const page = parsePage(data)
    if (!page)
      throw new CkanProtocolError('GET /changes: the answer is not the feed of a Millrace', {
        status,
        method: 'GET',
        url: `${client.baseUrl}/changes`,
      })
    for (const { id, isEnd } of page.changes) changes.set(id, isEnd)
    if (changes.size > MAX_DATASETS)
      throw new RangeError(`more than ${MAX_DATASETS} datasets changed since ${since}; read the whole catalogue instead`)
    if (page.last <= from) return { changes, last: from }
    from = page.last
  }
}

interface FeedPage {
  changes: { id: string; isEnd: boolean }[]
  last: number
}

function parsePage(data: unknown): FeedPage | null {
  if (!isRecord(data) || !Array.isArray(data['changes']) || !Number.isSafeInteger(data['last'])) return null
  const entries: unknown[] = data['changes']
  const changes = entries.filter(isRecord).flatMap(({ kind, id, what }) => {
    return kind === 'dataset' && typeof id === 'string' ? [{ id, isEnd: what === 'deleted' || what === 'purged' }] : []
  })
  return { changes, last: Number(data['last']) }
}

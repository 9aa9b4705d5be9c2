import { copyJson, copyRecord, isRecord, type PlainRecord } from '../record.ts'

/** One extra as the Action API has it. */
export interface Extra {
  key: string
  value: string
}

/** Extras of any API version as one record: a record, a list of `{key, value}` (the last of a key wins, deleted ones are skipped), or nothing.
 * @throws TypeError for anything else.
 */
export function extrasToRecord(extras: unknown): PlainRecord {
  if (extras === null || extras === undefined) return {}
  if (isRecord(extras)) return copyRecord(extras)
  if (!Array.isArray(extras)) throw new TypeError('extras must be an object or a list of {key, value}')
  const items: unknown[] = extras
  return Object.fromEntries(items.flatMap(parseExtra))
}

/** Extras as the Action API takes them: sorted by key, without those that are null, values as texts (objects as JSON). */
export function extrasToList(extras: PlainRecord): Extra[] {
  return Object.entries(extras)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => ({ key, value: typeof value === 'object' ? JSON.stringify(value) : String(value) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

function parseExtra(item: unknown): [string, unknown][] {
  if (!isRecord(item) || typeof item['key'] !== 'string') throw new TypeError('each of the extras must be an object with a key')
  return item['state'] === 'deleted' ? [] : [[item['key'], copyJson(item['value'] ?? null)]]
}

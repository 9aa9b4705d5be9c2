import { isRecord, type PlainRecord } from '../record.ts'
import { protocolError, type Reply } from './answer.ts'
import type { Page } from './paging.ts'

/** What an action gave, and the answer that it came in. */
export interface Answer {
  result: unknown
  reply: Reply
}

/** The result as an object. Throws CkanProtocolError, as the others here. */
export function parseObject({ result, reply }: Answer): PlainRecord {
  if (!isRecord(result)) throw protocolError(reply, 'the result is not an object')
  return result
}

/** The result as a list of texts. */
export function parseTexts({ result, reply }: Answer): string[] {
  if (!Array.isArray(result) || !result.every((item) => typeof item === 'string')) throw protocolError(reply, 'the result is not a list of texts')
  return result
}

/** The result as a list of objects. */
export function parseRecords({ result, reply }: Answer): PlainRecord[] {
  if (!Array.isArray(result) || !result.every(isRecord)) throw protocolError(reply, 'the result is not a list of objects')
  return result
}

/** The rows of a search. */
export function parseSearchPage({ result, reply }: Answer): Page<PlainRecord> {
  return parseIdentified({ result: isRecord(result) ? result['results'] : undefined, reply })
}

/** A list of objects that all have an id. */
export function parseIdentified(answer: Answer): Page<PlainRecord> {
  const items = parseRecords(answer)
  if (!items.every((item) => typeof item['id'] === 'string')) throw protocolError(answer.reply, 'an object of the result has no id')
  return { items, reply: answer.reply }
}

/** The id of a listed object, which has one. */
export const idOf = (record: PlainRecord) => String(record['id'])

import { type SelectQueryBuilder, sql } from 'kysely'
import { conflict } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Store } from '../../store/store.ts'
import type { Schema } from '../../store/tables/schema.ts'
import { giveDueTurn } from '../../store/turns.ts'
import { type KeptDataset, type KeptRow, keptFacts, type Page, toKept } from './store.ts'

/** Rows of one statement. */
const maxPartRows = 100
/** Bytes of a document that is read together with others; a longer one is read by a statement of its own. A part has at most 10 MB. */
const maxSharedBytes = 100_000

type Reader = Pick<Store, 'db' | 'dialect'>

/** How the caller gets a list that is within the limit: ends the message of the refusal. */
type Advice = string

type ListedRow = Omit<KeptRow, 'document'> & { readonly document: string | null }

const columns = [
  ...keptFacts,
  sql<string | null>`case when octet_length(document) <= ${sql.lit(maxSharedBytes)} then document end`.as('document'),
] as const

/** Reads the documents of one answer. Throws `conflict` when they have together more than `limits.answerChars` characters. */
class ListReader {
  readonly #store: Reader
  readonly #advice: Advice
  #characters = 0

  constructor(store: Reader, advice: Advice) {
    this.#store = store
    this.#advice = advice
  }

  /** Several datasets by number, in the given order, without those that do not exist. */
  async readByNo(nos: readonly number[]): Promise<KeptDataset[]> {
    const { db, dialect } = this.#store
    const found: KeptDataset[] = []
    for (let from = 0; from < nos.length; from += maxPartRows) {
      await giveDueTurn()
      const part = nos.slice(from, from + maxPartRows)
      const among = sql<boolean>`no ${dialect.among(dialect.numbers(part))}`
      const rows = await db.selectFrom('dataset').select(columns).where(among).execute()
      const byNo = new Map(rows.map((row) => [row.no, row]))
      found.push(...(await this.complete(part.flatMap((no) => byNo.get(no) ?? []))))
    }
    return found
  }

  /** Adds the long documents to rows, and counts the characters of all. */
  async complete(rows: readonly ListedRow[]): Promise<KeptDataset[]> {
    const datasets: KeptDataset[] = []
    for (const row of rows) {
      const document = row.document ?? (await this.#readLong(row.no))
      if (document === undefined) continue
      this.#characters += document.length
      if (this.#characters > limits.answerChars) {
        throw conflict(`The packages of this answer have together more than ${limits.answerChars} characters, which is the limit: ${this.#advice}`)
      }
      datasets.push(toKept(row, document))
    }
    return datasets
  }

  /** The document of a dataset; undefined if the dataset was purged meanwhile. */
  async #readLong(no: number): Promise<string | undefined> {
    await giveDueTurn()
    return (await this.#store.db.selectFrom('dataset').select('document').where('no', '=', no).executeTakeFirst())?.document
  }
}

/** Several datasets by number, in the given order, without those that do not exist. Throws `conflict` beyond `limits.answerChars`. */
export const findKeptByNo = (store: Reader, nos: readonly number[], advice: Advice): Promise<KeptDataset[]> =>
  new ListReader(store, advice).readByNo(nos)

type DatasetQuery = SelectQueryBuilder<Schema, 'dataset', object>

/** A page of the datasets of a query. Those behind the first part are listed by number first, so that no dataset comes twice. */
async function readPage(store: Reader, query: DatasetQuery, { limit, offset = 0, advice }: Page & { advice: Advice }): Promise<KeptDataset[]> {
  const maxRows = limit ?? Number.MAX_SAFE_INTEGER
  const reader = new ListReader(store, advice)
  const rows = await query.select(columns).limit(Math.min(maxRows, maxPartRows)).offset(offset).execute()
  const first = await reader.complete(rows)
  if (rows.length < maxPartRows || maxRows <= maxPartRows) return first
  const seen = new Set(rows.map((row) => row.no))
  const listed = await query.select('no').limit(maxRows).offset(offset).execute()
  return [...first, ...(await reader.readByNo(listed.map((row) => row.no).filter((no) => !seen.has(no))))]
}

/** The datasets that a user made, by name, without deleted ones; only those that everyone may find if `isListed`. Throws `conflict` beyond `limits.answerChars`. */
export function listMadeBy(store: Reader, creatorId: string, { isListed, limit }: { isListed: boolean; limit: number }): Promise<KeptDataset[]> {
  const made = store.db.selectFrom('dataset').where('creator_id', '=', creatorId)
  const query = (isListed ? made.where('listed', '=', 1) : made.where('state', '!=', 'deleted')).orderBy('name')
  return readPage(store, query, { limit, advice: 'ask without include_datasets' })
}

/** The datasets that everyone may find, the most recently revised core first. Throws `conflict` beyond `limits.answerChars`. */
export function listRecentlyRevised(store: Reader, page: Page): Promise<KeptDataset[]> {
  const query = store.db.selectFrom('dataset').where('listed', '=', 1).orderBy('revision_at', 'desc').orderBy('no', 'desc')
  return readPage(store, query, { ...page, advice: 'ask with a smaller limit, and with offset for the next page' })
}

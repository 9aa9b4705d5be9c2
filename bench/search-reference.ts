import { DatabaseSync } from 'node:sqlite'
import { tokenize } from '../src/catalogue/search/tokenizer.ts'

/** Values of one field of all datasets in flat arrays: for each dataset where its values begin, and the values as numbers. */
interface Flat {
  readonly from: Uint32Array
  readonly values: Uint32Array
  readonly different: number
}

/**
 * The reference: FTS5's own ranked query for the page, its hits row by row, and counts from integer columns in JavaScript; on the same file
 * as the hub. No access rules, no query language, no catching up.
 */
export class PlainFts {
  readonly #database: DatabaseSync
  readonly #page
  readonly #hits
  readonly #facets: readonly Flat[]

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true })
    this.#database.exec('pragma cache_size = -32000')
    this.#page = this.#database.prepare('select rowid from dataset_search where dataset_search match ? order by bm25(dataset_search) limit 20')
    this.#hits = this.#database.prepare('select rowid from dataset_search where dataset_search match ?')
    this.#hits.setReturnArrays(true)
    this.#facets = [
      'select dataset_no as no, tag_no as value from dataset_tag order by dataset_no',
      'select no, owner_org_no as value from dataset order by no',
      'select no, license_id as value from dataset order by no',
    ].map((sql) => this.#load(sql))
  }

  search(text: string): number {
    const match = tokenize(text)
      .map((token) => `"${token}"`)
      .join(' AND ')
    this.#page.all(match)
    const hits = this.#hits.all(match) as unknown as number[][]
    for (const facet of this.#facets) topCounts(facet, hits)
    return hits.length
  }

  close(): void {
    this.#database.close()
  }

  #load(sql: string): Flat {
    const rows = this.#database.prepare(sql).all() as { no: number; value: number | string }[]
    const size = (rows.at(-1)?.no ?? 0) + 2
    const numbers = new Map<number | string, number>()
    const from = new Uint32Array(size)
    const values = new Uint32Array(rows.length)
    let no = 0
    for (const [at, row] of rows.entries()) {
      while (no < row.no) from[++no] = at
      if (!numbers.has(row.value)) numbers.set(row.value, numbers.size)
      values[at] = numbers.get(row.value) ?? 0
    }
    while (no < size - 1) from[++no] = rows.length
    return { from, values, different: numbers.size }
  }
}

function topCounts({ from, values, different }: Flat, hits: readonly number[][]): number[] {
  const counts = new Uint32Array(different)
  for (const [no] of hits) {
    const end = from[(no as number) + 1] as number
    for (let at = from[no as number] as number; at < end; at++) (counts[values[at] as number] as number)++
  }
  return [...counts.keys()].sort((one, other) => (counts[other] as number) - (counts[one] as number)).slice(0, 50)
}

import { sql } from 'kysely'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'
import { type Numbers, parseNos } from './dataset-numbers.ts'
import type { SearchStore } from './search-store.ts'

const insertWords = statement(
  (_, p: { no: number; heading: string; body: string }) =>
    sql`insert into dataset_search (rowid, heading, body) values (${p.no}, ${p.heading}, ${p.body})`,
)
const deleteWords = statement((_, p: { no: number }) => sql`delete from dataset_search where rowid = ${p.no}`)

/** FTS5 without the texts: an entry can be deleted without knowing what was in it. */
export const searchStoreSqlite: SearchStore = {
  async add(db, no, { heading, body }) {
    await insertWords(db, { no, heading: heading.join(' '), body: body.join(' ') })
  },
  async replace(db, no, words) {
    await deleteWords(db, { no })
    await this.add(db, no, words)
  },
  async remove(db, no) {
    await deleteWords(db, { no })
  },
  having(tokens, place) {
    return sql<number>`(select rowid from dataset_search where dataset_search match ${matching(tokens, place)})`
  },
  find(db, tokens) {
    return find(db, matching(tokens, 'anywhere'))
  },
  async rank(db, tokens) {
    const nos = await find(db, matching(tokens, 'anywhere'))
    const inHeading = new Uint8Array(nos.length)
    for (const token of nos.length === 0 ? [] : tokens) {
      const hits = await find(db, matching([token], 'heading'))
      let place = 0
      for (const no of hits) {
        while (place < nos.length && (nos[place] as number) < no) place++
        if (nos[place] === no) (inHeading[place] as number)++
      }
    }
    return { nos, inHeading }
  },
}

/** Tokens are letters, marks and digits only, so quoting them is enough. */
function matching(tokens: readonly string[], place: 'anywhere' | 'heading'): string {
  const all = tokens.map((token) => `"${token}"`).join(' AND ')
  return place === 'heading' ? `{heading} : (${all})` : all
}

/** FTS5 gives its rows by number. */
async function find(db: Db, match: string): Promise<Numbers> {
  const { rows } = await sql<{
    nos: string | null
  }>`select group_concat(rowid) as nos from dataset_search where dataset_search match ${match}`.execute(db)
  return parseNos(rows[0]?.nos)
}

import { sql } from 'kysely'
import { statement } from '../../../store/statement.ts'
import type { Db } from '../../../store/store.ts'
import { gapMark } from '../mark.ts'
import { type Numbers, parseNos } from '../numbers.ts'
import { beginnings, type Term } from '../term.ts'
import type { WordStream } from '../words.ts'
import type { SearchStore } from './word-index.ts'

const insertWords = statement(
  (_, p: { no: number; heading: string; body: string }) =>
    sql`insert into dataset_search (rowid, heading, body) values (${p.no}, ${p.heading}, ${p.body})`,
)
const deleteWords = statement((_, p: { no: number }) => sql`delete from dataset_search where rowid = ${p.no}`)

/** FTS5 without the texts: an entry can be deleted without knowing what was in it. */
export const searchStoreSqlite: SearchStore = {
  async add(db, no, { heading, body }) {
    await insertWords(db, { no, heading: textOf(heading), body: textOf(body) })
  },
  async replace(db, no, words) {
    await deleteWords(db, { no })
    await this.add(db, no, words)
  },
  async remove(db, no) {
    await deleteWords(db, { no })
  },
  having(terms, place) {
    return sql<number>`(select rowid from dataset_search where dataset_search match ${matching(terms, place)})`
  },
  find(db, terms) {
    return find(db, matching(terms, 'anywhere'))
  },
  async rank(db, terms) {
    const nos = await find(db, matching(terms, 'anywhere'))
    const inHeading = new Uint8Array(nos.length)
    for (const term of nos.length === 0 ? [] : terms) {
      const hits = await find(db, matching([term], 'heading'))
      let place = 0
      for (const no of hits) {
        while (place < nos.length && (nos[place] as number) < no) place++
        if (nos[place] === no) (inHeading[place] as number)++
      }
    }
    return { nos, inHeading }
  },
}

/** A mark between tokens that are not adjacent in the text, so that no phrase crosses it. */
function textOf({ sequence, others }: WordStream): string {
  const text = sequence.map((token) => token || gapMark).join(' ')
  return others.length === 0 ? text : `${text} ${gapMark} ${others.join(' ')}`
}

function matching(terms: readonly Term[], place: 'anywhere' | 'heading'): string {
  const all = terms.map(termText).join(' AND ')
  return place === 'heading' ? `{heading} : (${all})` : all
}

/** Tokens have no ASCII signs, so quoting them is enough; a quoted list of them is a phrase. */
function termText(term: Term): string {
  if (term.isPrefix)
    return `(${beginnings(term)
      .map((token) => `"${token}"*`)
      .join(' OR ')})`
  const ways = [...(term.tokens.length > 0 ? [term.tokens.join(' ')] : []), ...(term.or === undefined ? [] : [term.or])]
  return ways.length === 1 ? `"${ways[0]}"` : `(${ways.map((way) => `"${way}"`).join(' OR ')})`
}

/** FTS5 gives its rows by number. */
async function find(db: Db, match: string): Promise<Numbers> {
  const { rows } = await sql<{
    nos: string | null
  }>`select group_concat(rowid) as nos from dataset_search where dataset_search match ${match}`.execute(db)
  return parseNos(rows[0]?.nos)
}

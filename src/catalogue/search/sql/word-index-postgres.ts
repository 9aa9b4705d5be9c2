import { sql } from 'kysely'
import { statement } from '../../../store/statement.ts'
import { parseNos } from '../numbers.ts'
import { beginnings, type Term } from '../term.ts'
import type { SearchWords, WordStream } from '../words.ts'
import type { SearchStore } from './word-index.ts'

const insertWords = statement(
  (_, p: { no: number; words: string }) => sql`insert into dataset_search (no, words) values (${p.no}, ${p.words}::tsvector)`,
)
const updateWords = statement((_, p: { no: number; words: string }) => sql`update dataset_search set words = ${p.words}::tsvector where no = ${p.no}`)

/** `tsvector` from finished words: weight A for the heading, D for the rest; PostgreSQL's own parser is not used. */
export const searchStorePostgres: SearchStore = {
  async add(db, no, words) {
    await insertWords(db, { no, words: vector(words) })
  },
  async replace(db, no, words) {
    await updateWords(db, { no, words: vector(words) })
  },
  async remove(db, no) {
    await sql`delete from dataset_search where no = ${no}`.execute(db)
  },
  having(terms, place) {
    return sql<number>`(select no from dataset_search where words @@ ${matching(terms, place)}::tsquery)`
  },
  async find(db, terms) {
    const { rows } = await sql<{ nos: string | null }>`select string_agg(no::text, ',') as nos
      from dataset_search where words @@ ${matching(terms, 'anywhere')}::tsquery`.execute(db)
    return parseNos(rows[0]?.nos).sort()
  },
  // One statement for hits and rank, because most of its cost is visiting the row of each hit.
  async rank(db, terms) {
    const places = terms.map((term) => sql`(words @@ ${matching([term], 'heading')}::tsquery)::int`)
    const { rows } = await sql<{ nos: string | null }>`select string_agg((no * 16 + ${sql.join(places, sql` + `)})::text, ',') as nos
      from dataset_search where words @@ ${matching(terms, 'anywhere')}::tsquery`.execute(db)
    // A dataset's number times 16, and its rank.
    const ranked = parseNos(rows[0]?.nos).sort()
    return { nos: ranked.map((one) => one >>> 4), inHeading: new Uint8Array(ranked.map((one) => one & 15)) }
  },
}

/** The last place that PostgreSQL numbers, far behind those of phrases. */
const noPlace = 16_383

function vector({ heading, body }: SearchWords): string {
  const places = new Map<string, string>()
  const note = (token: string, place: string) => {
    const known = places.get(token)
    places.set(token, known === undefined ? place : `${known},${place}`)
  }
  const noteStream = ({ sequence, others }: WordStream, from: number, weight: string) => {
    for (const [at, token] of sequence.entries()) if (token !== '') note(token, `${from + at}${weight}`)
    for (const token of others) note(token, `${noPlace}${weight}`)
  }
  noteStream(heading, 1, 'A')
  noteStream(body, heading.sequence.length + 2, '')
  let text = ''
  for (const [token, list] of places) text += `'${token}':${list} `
  return text
}

function matching(terms: readonly Term[], place: 'anywhere' | 'heading'): string {
  const weight = place === 'heading' ? 'A' : ''
  return terms.map((term) => termText(term, weight)).join(' & ')
}

/** Tokens have no quotes, so quoting them is enough. */
function termText(term: Term, weight: string): string {
  const quoted = (token: string) => (weight === '' ? `'${token}'` : `'${token}':${weight}`)
  if (term.isPrefix)
    return `(${beginnings(term)
      .map((token) => `'${token}':*${weight}`)
      .join(' | ')})`
  const phrase = term.tokens.map(quoted).join(' <-> ')
  if (term.or === undefined) return term.tokens.length > 1 ? `(${phrase})` : phrase
  return term.tokens.length === 0 ? quoted(term.or) : `((${phrase}) | ${quoted(term.or)})`
}

import { sql } from 'kysely'
import { statement } from '../store/statement.ts'
import { parseNos } from './dataset-numbers.ts'
import type { SearchStore, SearchWords } from './search-store.ts'

const insertWords = statement(
  (_, p: { no: number; words: string }) => sql`insert into dataset_search (no, words) values (${p.no}, ${p.words}::tsvector)`,
)
const updateWords = statement((_, p: { no: number; words: string }) => sql`update dataset_search set words = ${p.words}::tsvector where no = ${p.no}`)

/** `tsvector` from finished words: weight A for the heading, D for the rest; PostgreSQL's own parser has no say. */
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
  having(tokens, place) {
    return sql<number>`(select no from dataset_search where words @@ ${matching(tokens, place)}::tsquery)`
  },
  async find(db, tokens) {
    const { rows } = await sql<{ nos: string | null }>`select string_agg(no::text, ',') as nos
      from dataset_search where words @@ ${matching(tokens, 'anywhere')}::tsquery`.execute(db)
    return parseNos(rows[0]?.nos).sort()
  },
  // One statement for hits and rank: it visits the row of each hit, and that is what it costs.
  async rank(db, tokens) {
    const places = tokens.map((token) => sql`(words @@ ${matching([token], 'heading')}::tsquery)::int`)
    const { rows } = await sql<{ nos: string | null }>`select string_agg((no * 16 + ${sql.join(places, sql` + `)})::text, ',') as nos
      from dataset_search where words @@ ${matching(tokens, 'anywhere')}::tsquery`.execute(db)
    // A dataset's number times 16, and its rank.
    const ranked = parseNos(rows[0]?.nos).sort()
    return { nos: ranked.map((one) => one >>> 4), inHeading: new Uint8Array(ranked.map((one) => one & 15)) }
  },
}

function vector({ heading, body }: SearchWords): string {
  return [...heading.map((token) => `'${token}':1A`), ...body.map((token) => `'${token}':1`)].join(' ')
}

function matching(tokens: readonly string[], place: 'anywhere' | 'heading'): string {
  return tokens.map((token) => `'${token}'${place === 'heading' ? ':A' : ''}`).join(' & ')
}

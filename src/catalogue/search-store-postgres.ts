import { sql } from 'kysely'
import type { SearchStore } from './search-store.ts'

/** `tsvector` from finished words: weight A for the heading, D for the rest; PostgreSQL's own parser has no say. */
export const searchStorePostgres: SearchStore = {
  async put(db, no, { heading, body }) {
    const words = [...heading.map((token) => `'${token}':1A`), ...body.map((token) => `'${token}':1`)].join(' ')
    await sql`insert into dataset_search (no, words) values (${no}, ${words}::tsvector)
      on conflict (no) do update set words = excluded.words`.execute(db)
  },
  async remove(db, no) {
    await sql`delete from dataset_search where no = ${no}`.execute(db)
  },
  having(tokens, place) {
    const all = tokens.map((token) => `'${token}'${place === 'heading' ? ':A' : ''}`).join(' & ')
    return sql<number>`(select no from dataset_search where words @@ ${all}::tsquery)`
  },
}

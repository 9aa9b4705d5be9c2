import { sql } from 'kysely'
import type { SearchStore } from './search-store.ts'

/** FTS5 without the texts: an entry can be deleted without knowing what was in it. */
export const searchStoreSqlite: SearchStore = {
  async put(db, no, { heading, body }) {
    await sql`delete from dataset_search where rowid = ${no}`.execute(db)
    await sql`insert into dataset_search (rowid, heading, body) values (${no}, ${heading.join(' ')}, ${body.join(' ')})`.execute(db)
  },
  async remove(db, no) {
    await sql`delete from dataset_search where rowid = ${no}`.execute(db)
  },
  having(tokens, place) {
    // Tokens are letters, marks and digits only, so quoting them is enough.
    const all = tokens.map((token) => `"${token}"`).join(' AND ')
    return sql<number>`(select rowid from dataset_search where dataset_search match ${place === 'heading' ? `{heading} : (${all})` : all})`
  },
}

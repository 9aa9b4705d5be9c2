import type { RawBuilder } from 'kysely'
import type { Dialect } from '../../../store/dialect.ts'
import type { Db } from '../../../store/store.ts'
import type { Numbers } from '../numbers.ts'
import type { Term } from '../term.ts'
import type { SearchWords } from '../words.ts'
import { searchStorePostgres } from './word-index-postgres.ts'
import { searchStoreSqlite } from './word-index-sqlite.ts'

/** Datasets that meet certain terms, and how many of these are in name or title. */
export interface Ranked {
  readonly nos: Numbers
  /** By place in `nos`. */
  readonly inHeading: Uint8Array
}

/** The full-text index of one database. It gets tokenized words only, so both databases agree on every word. */
export interface SearchStore {
  /** Keeps the words of a new dataset, in the write that makes it. */
  add(db: Db, no: number, words: SearchWords): Promise<void>
  /** Puts the words of a dataset in place of those it had, in the write that changes the dataset. */
  replace(db: Db, no: number, words: SearchWords): Promise<void>
  /** Removes a dataset, in the write that deletes it. */
  remove(db: Db, no: number): Promise<void>
  /** The numbers of datasets that meet all terms (anywhere, or in the heading): a subquery for `dataset.no in …`. */
  having(terms: readonly Term[], place: 'anywhere' | 'heading'): RawBuilder<number>
  /** The same as a list. */
  find(db: Db, terms: readonly Term[]): Promise<Numbers>
  /** The datasets that meet all terms, with the number of terms in their headings. */
  rank(db: Db, terms: readonly Term[]): Promise<Ranked>
}

export const searchStoreOf = (dialect: Dialect): SearchStore => (dialect.name === 'sqlite' ? searchStoreSqlite : searchStorePostgres)

import { type RawBuilder, sql } from 'kysely'
import type { Snapshots } from '../../../store/snapshots.ts'
import type { Db } from '../../../store/store.ts'
import { complement, intersect, type Numbers, unite, without } from '../numbers.ts'
import type { Query, WordsQuery } from '../query.ts'
import { conditionOf, type Strictness } from '../sql/conditions.ts'
import { type SearchStore, searchStoreOf } from '../sql/word-index.ts'
import { spellingTerm, type Term, termKey, termsOf } from '../term.ts'
import { listNos } from './store.ts'

/** Lists of at least this length are cached until a dataset changes. */
const minRememberedLength = 2000
/** Maximum count of cached numbers: 8 MB. */
const maxRememberedNumbers = 2_000_000

/** Datasets, and how well each fits, by place in `nos`: the more of the terms spelt as asked for, then the more of them in name or title. */
export interface RankedNos {
  readonly nos: Numbers
  readonly rank: Uint8Array
}

/** Larger than the number of terms of a rank. */
const spellingWeight = 16

export const termsKey = (terms: readonly Term[]) => terms.map(termKey).join(' ')

/** Finds the datasets of a query, by the index of words and by SQL, in one snapshot. */
export class Matcher {
  readonly #snapshots: Pick<Snapshots, 'dialect' | 'guard'>
  readonly #store: SearchStore
  readonly #remembered = new Map<string, RankedNos>()
  #rememberedLength = 0
  #catalogueNo = -1

  constructor(snapshots: Pick<Snapshots, 'dialect' | 'guard'>) {
    this.#snapshots = snapshots
    this.#store = searchStoreOf(snapshots.dialect)
  }

  /** Datasets that meet all terms, and their rank. Lists of common words are kept while no dataset or group changes. */
  async rank(db: Db, terms: readonly Term[], catalogueNo: number): Promise<RankedNos> {
    if (catalogueNo !== this.#catalogueNo || this.#rememberedLength > maxRememberedNumbers) {
      this.#remembered.clear()
      this.#rememberedLength = 0
      this.#catalogueNo = catalogueNo
    }
    const key = termsKey(terms)
    const known = this.#remembered.get(key)
    if (known) return known
    const { nos, inHeading } = await this.#store.rank(db, terms)
    const ranked = { nos, rank: await this.#addSpelling(db, terms, { nos, rank: inHeading }) }
    if (ranked.nos.length >= minRememberedLength) {
      this.#remembered.set(key, ranked)
      this.#rememberedLength += ranked.nos.length
    }
    return ranked
  }

  /** Adds how many terms each dataset spells as they were asked for. Most words have one spelling, so this finds little. */
  async #addSpelling(db: Db, terms: readonly Term[], { nos, rank }: RankedNos): Promise<Uint8Array> {
    for (const { spelling, otherSpelling } of nos.length < 2 ? [] : terms) {
      let spelt: Numbers | undefined
      for (const token of spelling) spelt = intersect(await this.#store.find(db, [spellingTerm(token)]), spelt ?? nos)
      for (const token of otherSpelling) {
        const others = await this.#store.find(db, [spellingTerm(token)])
        if (others.length > 0) spelt = without(spelt ?? nos, others)
      }
      // If all datasets do, the rank does not change.
      if (spelt) addWeight(rank, { nos, chosen: spelt })
    }
    return rank
  }

  /** The datasets that meet the query, or undefined for every one below `size`. */
  async find(db: Db, query: Query, scope: MatchScope): Promise<Numbers | undefined> {
    switch (query.kind) {
      case 'all':
        return undefined
      case 'none':
        return new Uint32Array(0)
      case 'words':
        return this.#words(db, [query], scope)
      case 'not':
        return complement((await this.find(db, query.query, scope)) ?? complement(new Uint32Array(0), scope.size), scope.size)
      case 'or':
        return this.#any(db, query.queries, scope)
      case 'and':
        return this.#every(db, query.queries, scope)
      default:
        return this.#bySql(db, [query], scope)
    }
  }

  async #any(db: Db, queries: readonly Query[], scope: MatchScope): Promise<Numbers | undefined> {
    const found: Numbers[] = []
    for (const query of queries) {
      const nos = await this.find(db, query, scope)
      if (!nos) return undefined
      found.push(nos)
    }
    return unite(found, scope.size)
  }

  /** First the words, then the SQL conditions in one statement, then the rest. Stops as soon as no dataset is left. */
  async #every(db: Db, queries: readonly Query[], scope: MatchScope): Promise<Numbers | undefined> {
    const words = queries.filter((query) => query.kind === 'words')
    const conditions = queries.filter((query) => query.kind === 'field' || query.kind === 'period')
    const others = queries.filter((query) => query.kind === 'and' || query.kind === 'or' || query.kind === 'not' || query.kind === 'none')
    let left = words.length > 0 ? await this.#words(db, words, scope) : undefined
    const narrow = (nos: Numbers | undefined) => (left && nos ? intersect(left, nos) : (left ?? nos))
    if (conditions.length > 0 && left?.length !== 0) left = narrow(await this.#bySql(db, conditions, scope))
    for (const query of others) if (left?.length !== 0) left = narrow(await this.find(db, query, scope))
    return left
  }

  async #words(db: Db, queries: readonly WordsQuery[], scope: MatchScope): Promise<Numbers | undefined> {
    const terms = [...new Map(queries.flatMap((query) => termsOf(query).map((term) => [termKey(term), term] as const))).values()]
    if (terms.length === 0) return undefined
    return scope.ranked?.key === termsKey(terms) ? scope.ranked.nos : this.#store.find(db, terms)
  }

  #bySql(db: Db, queries: readonly Query[], { strictness }: MatchScope): Promise<Numbers> {
    const { dialect, guard } = this.#snapshots
    const conditions: RawBuilder<unknown>[] = queries.map((query) => conditionOf(query, { dialect, strictness, guard }))
    return listNos(db, dialect, sql.join([guard, ...conditions], sql` and `))
  }
}

export interface MatchScope {
  readonly strictness: Strictness
  /** One more than the highest dataset number. */
  readonly size: number
  /** The datasets with all words that decide the rank, and these words. */
  readonly ranked: { readonly key: string; readonly nos: Numbers } | undefined
}

function addWeight(rank: Uint8Array, { nos, chosen }: { nos: Numbers; chosen: Numbers }): void {
  let place = 0
  for (const no of chosen) {
    while (place < nos.length && (nos[place] as number) < no) place++
    if (nos[place] === no) (rank[place] as number) += spellingWeight
  }
}

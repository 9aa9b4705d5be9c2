import { sql } from 'kysely'
import { DomainError } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { searchStoreOf } from '../search/sql/word-index.ts'
import { completionTerms } from '../search/term.ts'
import { foldText } from '../search/tokenizer.ts'
import { containsAll } from '../tag/list-store.ts'

/** What completes the beginning of a name or title. */
export interface Completion {
  readonly name: string
  readonly title: string
  /** Whether the name begins so; else the title does, or one of its words. */
  readonly isByName: boolean
}

/** Sorts after every text with the same beginning. */
const lastCharacter = '\u{10FFFF}'

/** Characters. Each word costs a look-up, and no user types more than this. */
const maxBeginningLength = 200

/** The context of a completion. While search is being rebuilt, completions are refused. */
type Completer = Pick<Context, 'store' | 'search'>

/**
 * Listed datasets whose name or title begins with a text, or where a word does, by name. Of more than `limit` by title the first by title are
 * taken, so that each half is a stretch of its index, however rare or common the beginning is; words are looked for when these leave room.
 * Throws `invalid` for a text that is too long.
 */
export async function completeDatasets({ store, search }: Completer, text: string, limit: number): Promise<Completion[]> {
  search?.rebuild?.requireEnd()
  if (text.length > maxBeginningLength)
    throw new DomainError('invalid', `The text to complete must not be longer than ${maxBeginningLength} characters, got ${text.length}`)
  const { db } = store
  const from = [...foldText(text)].slice(0, 200).join('')
  const begin = (column: 'name' | 'title_folded') =>
    db
      .selectFrom('dataset')
      .select(['name', 'title'])
      // A plain `listed = 1` would make SQLite read and sort all listed datasets for a title.
      .where(column === 'name' ? sql<boolean>`listed = 1` : sql<boolean>`(listed = 1) is true`)
      .where(column, '>=', from)
      .where(column, '<', from + lastCharacter)
      .orderBy(column)
      .orderBy('name')
      .limit(limit)
      .execute()
  const byName = await begin('name')
  const names = new Set(byName.map((row) => row.name))
  const byTitle = (await begin('title_folded')).filter((row) => !names.has(row.name))
  for (const row of byTitle) names.add(row.name)
  const byWord = names.size < limit ? (await listByWord(store, text, limit)).filter((row) => !names.has(row.name)) : []
  const found = [...byName.map((row) => ({ ...row, isByName: true })), ...[...byTitle, ...byWord].map((row) => ({ ...row, isByName: false }))]
  // Names are ASCII, where the order of texts is that of the databases.
  return found.sort((one, other) => (one.name < other.name ? -1 : 1)).slice(0, limit)
}

/** Listed datasets that have all words of a text in name or title, the last one as a beginning. */
async function listByWord({ db, dialect }: Context['store'], text: string, limit: number): Promise<{ name: string; title: string }[]> {
  const terms = completionTerms(text)
  if (terms.length === 0) return []
  const { rows } = await sql<{ name: string; title: string }>`select name, title from dataset
    where +listed = 1 and no in ${searchStoreOf(dialect).having(terms, 'heading')} order by name limit ${limit}`.execute(db)
  return rows.map(({ name, title }) => ({ name, title }))
}

/** Formats of resources of listed datasets that contain a text, the most frequent first. */
export async function completeFormats({ store, search }: Completer, text: string, limit: number): Promise<string[]> {
  search?.rebuild?.requireEnd()
  const { rows } = await sql<{ format: string }>`select resource.format_name as format from resource join dataset on dataset.no = resource.dataset_no
    where resource.state = 'active' and resource.format_name <> '' and dataset.listed = 1 and ${containsAll('resource.format_folded', [text])}
    group by resource.format_name order by count(*) desc, resource.format_name limit ${limit}`.execute(store.db)
  return rows.map((row) => row.format)
}

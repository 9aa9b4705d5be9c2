import { sql } from 'kysely'
import type { Db } from '../store/store.ts'
import { containsAll } from './tag-list-store.ts'
import { fold } from './tokenizer.ts'

/** What completes the beginning of a name or title. */
export interface Completion {
  readonly name: string
  readonly title: string
  /** Whether the name begins so; else the title does. */
  readonly isByName: boolean
}

/** Behind every text that begins with the same characters. */
const lastCharacter = '\u{10FFFF}'

/**
 * Listed datasets whose name or title begins with a text, by name. Of more than `limit` by title the first by title are taken, so that each
 * half is a stretch of its index, however rare or common the beginning is.
 */
export async function completeDatasets(db: Db, text: string, limit: number): Promise<Completion[]> {
  const from = [...fold(text)].slice(0, 200).join('')
  const begin = (column: 'name' | 'title_folded') =>
    db
      .selectFrom('dataset')
      .select(['name', 'title'])
      // Said plainly, SQLite reads all listed datasets for a title and sorts them.
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
  const found = [...byName.map((row) => ({ ...row, isByName: true })), ...byTitle.map((row) => ({ ...row, isByName: false }))]
  // Names are ASCII, where the order of texts is that of the databases.
  return found.sort((one, other) => (one.name < other.name ? -1 : 1)).slice(0, limit)
}

/** Formats of resources of listed datasets that contain a text, the most frequent first. */
export async function completeFormats(db: Db, text: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ format: string }>`select resource.format from resource join dataset on dataset.no = resource.dataset_no
    where resource.state = 'active' and resource.format <> '' and dataset.listed = 1 and ${containsAll('resource.format_folded', [text])}
    group by resource.format order by count(*) desc, resource.format limit ${limit}`.execute(db)
  return rows.map((row) => row.format)
}

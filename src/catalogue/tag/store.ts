import type { Dialect } from '../../store/dialect.ts'
import { newId } from '../../store/id.ts'
import { batches, perDialect, statement } from '../../store/statement.ts'
import type { Db, Write } from '../../store/store.ts'
import type { DatasetTag } from '../dataset/dataset.ts'
import { foldText } from '../search/tokenizer.ts'

export type TagRow = Pick<DatasetTag, 'no' | 'id' | 'name'>

/** The tags with these names, by name; missing ones are created. */
export async function ensureTags(db: Db, dialect: Dialect, names: readonly string[]): Promise<TagRow[]> {
  if (names.length === 0) return []
  const known = await findTags(db, dialect, names)
  if (known.length === names.length) return known
  const found = new Set(known.map((tag) => tag.name))
  // Always in the same order, so that two writers that create the same tags cannot deadlock.
  const missing = names.filter((name) => !found.has(name)).sort()
  for (const batch of batches(missing.map((name) => ({ id: newId(), name, name_folded: foldText(name) })))) {
    await db
      .insertInto('tag')
      .values(batch)
      .onConflict((oc) => oc.column('name').doNothing())
      .execute()
  }
  return findTags(db, dialect, names)
}

/** The same, for a dataset that has most of the tags already: `known` tags need no look-up. */
export async function ensureMoreTags(write: Pick<Write, 'db' | 'dialect'>, names: readonly string[], present: readonly TagRow[]): Promise<TagRow[]> {
  const wanted = new Set(names)
  const kept = present.filter((tag) => wanted.has(tag.name))
  if (kept.length < wanted.size) return ensureTags(write.db, write.dialect, names)
  return kept.map(({ no, id, name }) => ({ no, id, name }))
}

const tagsByName = perDialect((dialect) =>
  statement((db, p: { names: readonly string[] }) =>
    db.selectFrom('tag').select(['no', 'id', 'name']).where('name', 'in', dialect.list(p.names)).orderBy('name'),
  ),
)

const findTags = (db: Db, dialect: Dialect, names: readonly string[]): Promise<TagRow[]> => tagsByName(dialect)(db, { names })

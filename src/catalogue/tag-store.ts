import { randomUUID } from 'node:crypto'
import { batches } from '../store/batches.ts'
import type { Dialect } from '../store/dialect.ts'
import type { Db } from '../store/store.ts'
import type { DatasetTag } from './dataset.ts'
import { fold } from './tokenizer.ts'

export type TagRow = Pick<DatasetTag, 'no' | 'id' | 'name'>

/** The tags with these names; those that nobody has used yet are made. */
export async function ensureTags(db: Db, dialect: Dialect, names: readonly string[]): Promise<TagRow[]> {
  if (names.length === 0) return []
  const known = await findTags(db, dialect, names)
  if (known.length === names.length) return known
  const found = new Set(known.map((tag) => tag.name))
  // In one order everywhere: two writers that make the same tags then wait for each other instead of blocking each other.
  const missing = names.filter((name) => !found.has(name)).sort()
  for (const batch of batches(missing.map((name) => ({ id: randomUUID(), name, name_folded: fold(name) })))) {
    await db
      .insertInto('tag')
      .values(batch)
      .onConflict((oc) => oc.column('name').doNothing())
      .execute()
  }
  return findTags(db, dialect, names)
}

async function findTags(db: Db, dialect: Dialect, names: readonly string[]): Promise<TagRow[]> {
  return db.selectFrom('tag').select(['no', 'id', 'name']).where('name', 'in', dialect.list(names)).orderBy('name').execute()
}

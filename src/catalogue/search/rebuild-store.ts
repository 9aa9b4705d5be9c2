import { sql } from 'kysely'
import type { Dialect } from '../../store/dialect.ts'
import type { Db } from '../../store/store.ts'
import type { StoredDataset } from '../dataset/dataset.ts'
import { searchWords } from '../dataset/save.ts'
import { foldedRow, indexedRow } from '../dataset/write-store.ts'
import { readableTexts } from '../resource/store.ts'
import { foldInTurns } from '../text-pieces.ts'
import { searchStoreOf } from './sql/word-index.ts'
import { foldedPrefix, foldText } from './tokenizer.ts'

/** Set by the migration: the number of the last dataset that has been rebuilt. */
const mark = 'search_rebuild'

/** The number of the last dataset whose words are in the current form; undefined when all are. */
export async function findRebuildPoint(db: Db): Promise<number | undefined> {
  const row = await db.selectFrom('setting').select('value').where('name', '=', mark).executeTakeFirst()
  return row && Number(row.value)
}

/** The same, with its row locked until the write ends: one process at a time continues from there. */
export async function lockRebuildPoint(db: Db, dialect: Dialect): Promise<number | undefined> {
  const row = await db.selectFrom('setting').select('value').where('name', '=', mark).modifyEnd(dialect.forUpdate).executeTakeFirst()
  return row && Number(row.value)
}

export async function saveRebuildPoint(db: Db, no: number): Promise<void> {
  await db
    .updateTable('setting')
    .set({ value: String(no) })
    .where('name', '=', mark)
    .execute()
}

export async function endRebuild(db: Db): Promise<void> {
  await db.deleteFrom('setting').where('name', '=', mark).execute()
}

/** Numbers of the next datasets, ascending. */
export async function listNosAfter(db: Db, no: number, limit: number): Promise<number[]> {
  const rows = await db.selectFrom('dataset').select('no').where('no', '>', no).orderBy('no').limit(limit).execute()
  return rows.map((row) => row.no)
}

export async function countAfter(db: Db, no: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from dataset where no > ${no}`.execute(db)
  return rows[0]?.count ?? 0
}

/** Writes the search columns and words of a dataset, whose row is locked. The dataset itself does not change. */
export async function rewriteSearchForms(db: Db, dialect: Dialect, dataset: StoredDataset): Promise<void> {
  const { no } = dataset
  await searchStoreOf(dialect).replace(db, no, await searchWords(dataset))
  await db
    .updateTable('dataset')
    .set({ title_folded: indexedRow(dataset).title_folded })
    .where('no', '=', no)
    .execute()
  await db
    .updateTable('dataset_folded')
    .set(await foldedRow(dataset))
    .where('dataset_no', '=', no)
    .execute()
  for (const resource of dataset.resources) {
    await db
      .updateTable('resource')
      .set(await readableTexts(resource))
      .where('id', '=', resource.id)
      .where('dataset_no', '=', no)
      .execute()
  }
  for (const { key, value } of dataset.extras) {
    const folded = await foldInTurns(value)
    await db.updateTable('dataset_extra').set({ value_folded: folded }).where('dataset_no', '=', no).where('key', '=', key).execute()
  }
}

/** Rebuilds tags and groups; there are few. */
export async function rewriteLabels(db: Db): Promise<void> {
  const tags = await db.selectFrom('tag').select(['no', 'name', 'name_folded']).execute()
  for (const { no, name, name_folded } of tags) {
    const folded = foldText(name)
    if (folded !== name_folded) await db.updateTable('tag').set({ name_folded: folded }).where('no', '=', no).execute()
  }
  const groups = await db.selectFrom('catalogue_group').select(['no', 'title', 'title_folded']).execute()
  for (const { no, title, title_folded } of groups) {
    const folded = foldedPrefix(title)
    if (folded !== title_folded) await db.updateTable('catalogue_group').set({ title_folded: folded }).where('no', '=', no).execute()
  }
}

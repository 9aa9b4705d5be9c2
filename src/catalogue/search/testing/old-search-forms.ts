import { sql } from 'kysely'
import { stemmer } from 'stemmer'
import type { Store } from '../../../store/store.ts'
import { fold } from '../tokenizer.ts'

/** The words of a text as they were kept before `0012-search-forms`: each once, with accents, without pairs, places and marks. */
function oldTokens(text: string): string[] {
  const words = fold(text).match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  return [...new Set(words.map((word) => (/^[a-z]{3,}$/.test(word) ? stemmer(word) : word)))]
}

/** Puts everything that searches look at into the form that it had before, as if the migration had just run over such a database. */
export async function makeOldForms(store: Store): Promise<void> {
  await store.write(async ({ db }) => {
    const datasets = await db.selectFrom('dataset').select(['no', 'name', 'title', 'notes']).execute()
    for (const { no, name, title, notes } of datasets) {
      const [heading, body] = [oldTokens(`${name} ${title}`), oldTokens(notes ?? '')]
      if (store.dialect.name === 'sqlite') {
        await sql`delete from dataset_search where rowid = ${no}`.execute(db)
        await sql`insert into dataset_search (rowid, heading, body) values (${no}, ${heading.join(' ')}, ${body.join(' ')})`.execute(db)
      } else {
        const vector = [...heading.map((token) => `'${token}':1A`), ...body.map((token) => `'${token}':1`)].join(' ')
        await sql`update dataset_search set words = ${vector}::tsvector where no = ${no}`.execute(db)
      }
      await db
        .updateTable('dataset_folded')
        .set({ title: fold(title), notes: notes === null ? null : fold(notes) })
        .where('dataset_no', '=', no)
        .execute()
    }
    for (const { id, format } of await db.selectFrom('resource').select(['id', 'format']).execute()) {
      const old = { format_name: '', format_folded: fold(format), name_folded: null, description_folded: '' }
      await db.updateTable('resource').set(old).where('id', '=', id).execute()
    }
    for (const { no, name } of await db.selectFrom('tag').select(['no', 'name']).execute()) {
      await db
        .updateTable('tag')
        .set({ name_folded: fold(name) })
        .where('no', '=', no)
        .execute()
    }
    for (const { id, key, value } of await db.selectFrom('dataset_extra').select(['id', 'key', 'value']).execute()) {
      await db
        .updateTable('dataset_extra')
        .set({ value_folded: fold(value) })
        .where('id', '=', id)
        .where('key', '=', key)
        .execute()
    }
    await db.insertInto('setting').values({ name: 'search_rebuild', value: '0' }).execute()
  })
}

import type { Db } from './store.ts'

/** The next integer of a named series: from 1, without gaps, never given twice. Holds the series until the write ends. */
export async function nextNumber(db: Db, series: string): Promise<number> {
  const row = await db
    .insertInto('counter')
    .values({ name: series, value: 1 })
    .onConflict((oc) => oc.column('name').doUpdateSet((eb) => ({ value: eb('counter.value', '+', 1) })))
    .returning('value')
    .executeTakeFirstOrThrow()
  return row.value
}

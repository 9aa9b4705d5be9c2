import { statement } from './statement.ts'
import type { Db } from './store.ts'

const countUp = statement((db, p: { name: string }) =>
  db
    .insertInto('counter')
    .values({ name: p.name, value: 1 })
    .onConflict((oc) => oc.column('name').doUpdateSet((eb) => ({ value: eb('counter.value', '+', 1) })))
    .returning('value'),
)

/** The next integer of a named series: from 1, without gaps, never reused. Locks the series until the write ends. */
export async function nextNumber(db: Db, series: string): Promise<number> {
  const [row] = await countUp(db, { name: series })
  if (!row) throw new Error(`the series ${series} gave no number`)
  return row.value
}

import { sql } from 'kysely'
import type { Dialect } from '../dialect.ts'
import type { Db } from '../store.ts'

/** Every column that names a file of the file store by its digest. */
export const fileColumns = [
  ['job', 'data_file'],
  ['job', 'result_file'],
  ['resource', 'digest'],
  ['flow_source', 'digest'],
  ['flow_file', 'digest'],
] as const

/** JSON texts that name files. They are searched as text, so only for files that no column names. */
const fileTexts = [['flow_pipeline', 'result']] as const

/** Which of these files no row refers to. */
export async function listUnnamed(db: Db, dialect: Dialect, digests: readonly string[]): Promise<string[]> {
  let left = new Set(digests)
  for (const [table, column] of fileColumns) {
    const named = sql<{ digest: string }>`select ${sql.ref(column)} as digest from ${sql.table(table)}
      where ${sql.ref(column)} ${dialect.among(sql`select * from ${dialect.list([...left])} as listed`)}`
    const { rows } = await named.execute(db)
    left = left.difference(new Set(rows.map((row) => row.digest)))
  }
  for (const [table, column] of fileTexts) {
    for (const digest of left) {
      const { rows } = await sql`select 1 from ${sql.table(table)} where ${sql.ref(column)} like ${`%${digest}%`} limit 1`.execute(db)
      if (rows.length > 0) left.delete(digest)
    }
  }
  return [...left]
}

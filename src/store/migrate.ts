import { CompiledQuery, sql } from 'kysely'
import type { Dialect } from './dialect.ts'
import { migrations } from './migrations/index.ts'
import type { Store } from './store.ts'

/** One step of the schema: forward only, never edited once released. */
export interface Migration {
  /** `NNNN-name`; the order of the list is the order of the numbers. */
  readonly name: string
  readonly statements: (dialect: Dialect) => readonly string[]
}

/** The advisory lock that lets one process migrate at a time. The number is arbitrary. */
const migrationLock = 7_235_002

/** Brings the schema up to date; several processes may start at once. Returns the names of the steps taken. */
export async function migrate(store: Store): Promise<string[]> {
  const { dialect } = store
  const taken: string[] = []
  await store.write(async ({ db }) => {
    if (dialect.name === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`.execute(db)
    await db.executeQuery(
      CompiledQuery.raw(
        `create table if not exists migration (name ${dialect.types.text} primary key, at ${dialect.types.integer} not null) ${dialect.tableOptions}`,
      ),
    )
  })
  for (const migration of migrations) {
    const applied = await store.write(async ({ db }) => {
      if (dialect.name === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`.execute(db)
      const done = await db.selectFrom('migration').select('name').where('name', '=', migration.name).executeTakeFirst()
      if (done) return false
      for (const statement of migration.statements(dialect)) await db.executeQuery(CompiledQuery.raw(statement))
      await db.insertInto('migration').values({ name: migration.name, at: Date.now() }).execute()
      return true
    })
    if (applied) taken.push(migration.name)
  }
  return taken
}

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { newId } from '../src/store/id.ts'
import { statement } from '../src/store/statement.ts'
import type { Store } from '../src/store/store.ts'
import { makeDatabase, openTestStore } from '../test/store.ts'
import { benchLegs } from './databases.ts'
import { callers, compare, report, type Slice } from './measure.ts'

const text = 'x'.repeat(300)

const read = statement((db, p: { name: string }) => db.selectFrom('setting').select('value').where('name', '=', p.name))
const insert = statement((db, p: { name: string; value: string }) => db.insertInto('setting').values({ name: p.name, value: p.value }))

/** A change of the size of a dataset's: one read, five inserts, 1.5 KB. */
async function datasetSized(store: Store): Promise<void> {
  const key = newId()
  await store.write(async ({ db }) => {
    await read(db, { name: key })
    for (let part = 0; part < 5; part++) await insert(db, { name: `${key}-${part}`, value: text })
  })
}

/** The same statements without the store: one commit each, one caller after the other. */
function bareSqlite(path: string): { slice: Slice; close: () => void } {
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; create table setting (name text primary key, value text not null) strict')
  const [begin, select, add, commit] = [
    'begin immediate',
    'select value from setting where name = ?',
    'insert into setting values (?, ?)',
    'commit',
  ].map((sql) => database.prepare(sql))
  const once = async () => {
    const key = newId()
    begin?.run()
    select?.get(key)
    for (let part = 0; part < 5; part++) add?.run(`${key}-${part}`, text)
    commit?.run()
  }
  return { slice: callers(1, once), close: () => database.close() }
}

async function barePostgres(url: string): Promise<{ slice: Slice; close: () => Promise<void> }> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const once = async () => {
    const key = newId()
    await client.query('begin')
    await client.query('select value from setting where name = $1', [key])
    for (let part = 0; part < 5; part++) await client.query('insert into setting values ($1, $2)', [`${key}-${part}`, text])
    await client.query('commit')
  }
  return { slice: callers(1, once), close: () => client.end() }
}

/** `store.write` by 1, 16 and 64 callers beside the same statements with one commit each. */
export async function storeBench(): Promise<void> {
  for (const leg of await benchLegs()) {
    const database = await makeDatabase(leg)
    const store = await openTestStore(database.url)
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
    const bare = leg === 'sqlite' ? bareSqlite(join(folder, 'bare.db')) : await barePostgres(database.url)
    for (const count of [1, 16, 64]) {
      const aim = leg === 'sqlite' && count === 16 ? '>= 3' : 'shown'
      report(
        await compare(`${leg}: dataset-sized write, ${count} callers`, aim, {
          reference: bare.slice,
          own: callers(count, () => datasetSized(store)),
        }),
      )
    }
    const rows = await store.db
      .selectFrom('setting')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    assert.equal(rows.count % 5, 0, 'a write is whole or not there')
    await bare.close()
    await store.close()
    await database.drop()
    await rm(folder, { recursive: true })
  }
}

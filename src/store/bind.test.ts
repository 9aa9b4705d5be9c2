import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { freshStore } from '../../test/store.ts'
import { BindError } from './bind.ts'
import { postgresDialect, sqliteDialect } from './dialect.ts'

const { store, drop } = await freshStore()
after(drop)
let made = 0

async function roundTrip(value: string): Promise<string> {
  const name = `round-${made++}`
  await store.write(({ db }) => db.insertInto('setting').values({ name, value }).execute())
  const row = await store.db.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirstOrThrow()
  return row.value
}

test('a text is read as it was written, or is refused: NUL, surrogates, astral characters, ten kilobytes', async () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.constantFrom('😀'.repeat(2500), '', '\'\\%_"', 'e\u0301', '\ufeff', '\uffff'),
  )
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      if (text.includes('\0') || !text.isWellFormed()) await assert.rejects(roundTrip(text), BindError)
      else assert.equal(await roundTrip(text), text)
    }),
    { numRuns: 150 },
  )
})

test('texts are ordered by code point, whatever the locale of the database', async () => {
  const names = ['ord-_x', 'ord--x', 'ord-10', 'ord-a', 'ord-A', 'ord-ä', 'ord-B', 'ord-\u{1f600}', 'ord-\uffee', 'ord-z']
  await store.write(async ({ db }) => {
    for (const name of names) await db.insertInto('setting').values({ name, value: '' }).execute()
  })
  const rows = await store.db.selectFrom('setting').select('name').where('name', '>=', 'ord-').where('name', '<', 'ord.').orderBy('name').execute()
  const byCodePoint = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(
    rows.map((row) => row.name),
    byCodePoint,
  )
})

test('counts are numbers on both databases', async () => {
  const row = await store.db
    .selectFrom('setting')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.max('value').as('most')])
    .executeTakeFirstOrThrow()
  assert.equal(typeof row.count, 'number')
})

test('a list parameter finds its values, many, one or none', async () => {
  const find = async (values: string[]) => {
    const rows = await store.db.selectFrom('setting').select('name').where('name', 'in', store.dialect.list(values)).execute()
    return rows.length
  }
  assert.deepEqual([await find(['ord-a', 'ord-z', 'nothing']), await find(['ord-a']), await find([])], [2, 1, 0])
})

test('the clock of the database is in milliseconds', async () => {
  const row = await store.db.selectFrom('setting').select(store.dialect.now.as('now')).limit(1).executeTakeFirstOrThrow()
  assert.ok(Math.abs(row.now - Date.now()) < 10_000)
  assert.notEqual(sqliteDialect.name, postgresDialect.name)
})

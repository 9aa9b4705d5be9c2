import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { freshStore } from '../../test/store.ts'
import { statement } from './statement.ts'

const { store, drop } = await freshStore()
after(drop)

let built = 0
const put = statement((db, p: { name: string; value: string }) => db.insertInto('setting').values({ name: p.name, value: p.value }))
const page = statement((db, p: { from: string; limit: number }) => {
  built++
  return db.selectFrom('setting').select('name').where('name', '>=', p.from).where('value', '=', 'v').orderBy('name').limit(p.limit)
})

test('a statement is compiled once for each handle and takes new values each time', async () => {
  await store.write(async ({ db }) => {
    for (const name of ['s1', 's2', 's3']) await put(db, { name, value: 'v' })
  })
  const names = async (values: { from: string; limit: number }) => (await page(store.db, values)).map((row) => row.name)
  assert.deepEqual(await names({ from: 's1', limit: 2 }), ['s1', 's2'])
  assert.deepEqual(await names({ from: 's2', limit: 9 }), ['s2', 's3'])
  assert.equal(built, 1)
  await store.write(async ({ db }) => assert.equal((await page(db, { from: 's3', limit: 1 })).length, 1))
  assert.equal(built, 2)
})

test('a statement takes lists and records of any length', async () => {
  const { dialect } = store
  const putAll = statement((_, p: { rows: readonly { name: string; value: string }[] }) => {
    return sql`insert into setting (name, value) select name, value from ${dialect.rows('v', { name: 'text', value: 'text' }, p.rows)} where true`
  })
  const among = statement((db, p: { names: readonly string[] }) =>
    db.selectFrom('setting').select('name').where('name', 'in', dialect.list(p.names)).orderBy('name'),
  )
  await store.write(async ({ db }) => {
    await putAll(db, { rows: [] })
    await putAll(db, { rows: ['l1', 'l2', 'l3'].map((name) => ({ name, value: 'w' })) })
  })
  const found = async (names: readonly string[]) => (await among(store.db, { names })).map((row) => row.name)
  assert.deepEqual(await found(['l3', 'l1', 'no']), ['l1', 'l3'])
  assert.deepEqual(await found([]), [])
})

test('the values of a statement are checked like all others', async () => {
  await assert.rejects(
    store.write(({ db }) => put(db, { name: 'bad', value: 'a\0b' })),
    /value/,
  )
})

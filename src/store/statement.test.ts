import assert from 'node:assert/strict'
import { after, test } from 'node:test'
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

test('the values of a statement are checked like all others', async () => {
  await assert.rejects(
    store.write(({ db }) => put(db, { name: 'bad', value: 'a\0b' })),
    /value/,
  )
})

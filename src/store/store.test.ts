import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { after, test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { freshStore, leg, openTestStore } from '../../test/store.ts'
import { BindError } from './bind.ts'
import { listChanges } from './changes.ts'
import { DuplicateKey } from './database-error.ts'

const { store, url, drop } = await freshStore()
after(drop)

const put = (name: string, value: string) => store.write(({ db }) => db.insertInto('setting').values({ name, value }).execute())

test('a write is seen by the next read', async () => {
  await put('a', '1')
  const row = await store.db.selectFrom('setting').selectAll().where('name', '=', 'a').executeTakeFirst()
  assert.deepEqual({ ...row }, { name: 'a', value: '1' })
})

test('a write that throws stores nothing, and other writes in the same commit are kept', async () => {
  const outcomes = await Promise.allSettled(
    [...Array(20).keys()].map((at) =>
      store.write(async ({ db, change }) => {
        await db
          .insertInto('setting')
          .values({ name: `n${at}`, value: 'x' })
          .execute()
        if (at % 3 === 0) throw new Error('refused')
        void change
      }),
    ),
  )
  assert.equal(outcomes.filter((one) => one.status === 'rejected').length, 7)
  const rows = await store.db.selectFrom('setting').select('name').where('name', 'like', 'n%').execute()
  assert.equal(rows.length, 13)
})

test('sixteen writers of one key: one succeeds, the others get an error that names the column', async () => {
  const outcomes = await Promise.allSettled([...Array(16)].map(() => put('same', 'x')))
  const lost = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason)
  assert.equal(lost.length, 15)
  for (const error of lost) {
    assert.ok(error instanceof DuplicateKey)
    assert.deepEqual([error.table, error.columns], ['setting', ['name']])
  }
})

test('successive writers leave turns of the event loop to other work', async () => {
  let turns = 0
  let isOver = false
  const count = () => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const write = () => store.write(async () => undefined)
  await Promise.all(
    [...Array(100)].map(async () => {
      for (let at = 0; at < 10; at++) await write()
    }),
  )
  isOver = true
  // At most 32 of them share a commit, and each commit is followed by a turn.
  assert.ok(turns >= 30, `${turns} turns`)
})

test('change numbers have no gap and follow the commits', async () => {
  await Promise.allSettled(
    [...Array(40).keys()].map((at) =>
      store.write(async (write) => {
        write.change('dataset', `d${at}`, 'created')
        await write.db
          .insertInto('setting')
          .values({ name: `c${at}`, value: 'x' })
          .execute()
        if (at % 4 === 0) throw new Error('refused')
      }),
    ),
  )
  const changes = await listChanges(store.db, 0, 1000)
  assert.deepEqual(
    changes.map((one) => one.no),
    [...Array(30).keys()].map((at) => at + 1),
  )
})

test('the outer handle throws inside a write and inside a snapshot', async () => {
  const misuse = () => store.db.selectFrom('setting').selectAll().execute()
  await assert.rejects(store.write(misuse), /inside a write/)
  await assert.rejects(store.read(misuse), /inside a write/)
})

test('a write inside a write joins it, and is rolled back with it', async () => {
  await assert.rejects(
    store.write(async () => {
      await put('inner', 'x')
      throw new Error('outer')
    }),
    /outer/,
  )
  assert.equal(await store.db.selectFrom('setting').select('name').where('name', '=', 'inner').executeTakeFirst(), undefined)
})

test('a write that awaits something other than the store is refused on SQLite, where it would block every writer', {
  skip: leg !== 'sqlite',
}, async () => {
  const slow = store.write(async ({ db }) => {
    await db.insertInto('setting').values({ name: 'slow', value: 'x' }).execute()
    await new Promise((resolve) => setTimeout(resolve, 5))
  })
  await assert.rejects(slow, /awaited something other/)
  assert.equal(await store.db.selectFrom('setting').select('name').where('name', '=', 'slow').executeTakeFirst(), undefined)
})

test('a write of many statements lets other code read between them, which sees the state before the write', async () => {
  let isOver = false
  const long = store.write(async ({ db }) => {
    const insert = (at: number) =>
      db
        .insertInto('setting')
        .values({ name: `long-${at}`, value: 'x' })
        .execute()
    for (let at = 0; at < 3000; at += 3) await Promise.all([insert(at), insert(at + 1), insert(at + 2)])
    isOver = true
  })
  let reads = 0
  while (!isOver) {
    const row = await store.db.selectFrom('setting').select('name').where('name', '=', 'long-0').executeTakeFirst()
    if (!isOver) assert.equal(row, undefined)
    reads++
    await nextTurn()
  }
  await long
  assert.ok(reads > 1, `${reads} reads`)
  assert.ok(await store.db.selectFrom('setting').select('name').where('name', '=', 'long-2999').executeTakeFirst())
})

test('a handle that outlives its write is refused', async () => {
  const leaked = await store.write(
    async ({ db }) =>
      async () =>
        db.selectFrom('setting').selectAll().execute(),
  )
  await assert.rejects(leaked(), /after its end/)
})

test('a snapshot does not see what is committed meanwhile', async () => {
  const outside = AsyncLocalStorage.snapshot()
  const [before, after] = await store.read(async (db) => {
    const count = () =>
      db
        .selectFrom('setting')
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
    const first = await count()
    await outside(() => put('later', 'x'))
    return [first.n, (await count()).n]
  })
  assert.equal(before, after)
  assert.ok(await store.db.selectFrom('setting').select('name').where('name', '=', 'later').executeTakeFirst())
})

test('values that the databases would not store alike are refused, with the column', async () => {
  for (const value of ['a\0b', '\ud800', Number.NaN, 2 ** 53, new Date(), { a: 1 }, true]) {
    await assert.rejects(put('bad', value as string), (error: Error) => error instanceof BindError && /value/.test(error.message), String(value))
  }
})

test('a commit of another process wakes listeners', async () => {
  const other = await openTestStore(url)
  const woken = new Promise<void>((resolve) => store.listen('jobs', () => resolve()))
  await other.write(async (write) => {
    await write.db.insertInto('setting').values({ name: 'wake', value: 'x' }).execute()
    write.wake('jobs')
  })
  await Promise.race([woken, pause(5000, undefined, { ref: false }).then(() => assert.fail('not woken within 5 s'))])
  await other.close()
})

test('two stores on one database write at once and lose nothing', async () => {
  const other = await openTestStore(url)
  const names = [...Array(60).keys()].map((at) => `two${at}`)
  await Promise.all(
    names.map((name, at) => (at % 2 ? store : other).write(({ db }) => db.insertInto('setting').values({ name, value: 'x' }).execute())),
  )
  const rows = await store.db.selectFrom('setting').select('name').where('name', 'like', 'two%').execute()
  assert.equal(rows.length, 60)
  await other.close()
})

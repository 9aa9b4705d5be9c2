import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { after, mock, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { freshStore } from '../../test/store.ts'
import { filterInTurns, mapInTurns, stringifyInTurns } from './turns.ts'

const { store, drop } = await freshStore()
after(drop)

/** Counts the turns of the event loop while something runs, on a clock that moves on by so many milliseconds with each look at it. */
async function countTurns(stepMs: number, run: () => Promise<unknown>): Promise<number> {
  await nextTurn()
  let now = 0
  const clock = mock.method(performance, 'now', () => (now += stepMs))
  let turns = -1
  let isOver = false
  const count = () => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  try {
    await run()
  } finally {
    isOver = true
    clock.mock.restore()
  }
  return turns
}

const list = [...Array(100).keys()]

test('a long loop yields to the event loop every ten milliseconds, a short one does not', async () => {
  const double = () => mapInTurns(list, (one) => one * 2)
  assert.deepEqual(
    await double(),
    list.map((one) => one * 2),
  )
  const turns = await countTurns(1, double)
  assert.ok(turns >= 7 && turns <= 10, `${turns} turns`)
  assert.ok((await countTurns(0, double)) <= 0)
  assert.ok((await countTurns(11, () => filterInTurns(list, (one) => one > 50))) >= 45)
  assert.ok((await countTurns(11, () => stringifyInTurns(list, (no) => ({ no })))) >= 45)
})

test('successive short loops count as one long loop', async () => {
  const turns = await countTurns(1, async () => {
    for (let at = 0; at < 5; at++) await mapInTurns(list.slice(0, 20), String)
  })
  assert.ok(turns >= 7, `${turns} turns`)
})

test('the functions in turns return the same results as the plain ones', async () => {
  assert.deepEqual(
    await filterInTurns(list, (one) => one % 7 === 0),
    list.filter((one) => one % 7 === 0),
  )
  assert.equal(await stringifyInTurns(list, (no) => ({ no })), JSON.stringify(list.map((no) => ({ no }))))
  assert.equal(await stringifyInTurns([], String), '[]')
})

test('the loops of a write yield as well: it is not refused, no other write begins, and no reader sees a part of it', async () => {
  const seen: number[] = []
  let turns = 0
  const own = ['turn-first', 'turn-second']
  const count = async () => (await store.db.selectFrom('setting').select('name').where('name', 'in', own).execute()).length
  const put = (name: string) => store.write(({ db }) => db.insertInto('setting').values({ name, value: 'x' }).execute())
  const others: Promise<unknown>[] = []
  const outside = AsyncLocalStorage.snapshot()
  turns = await countTurns(11, () =>
    store.write(async ({ db }) => {
      await db.insertInto('setting').values({ name: 'turn-first', value: 'x' }).execute()
      await mapInTurns(list, (one) => {
        if (one === 50)
          outside(() =>
            setImmediate(() =>
              others.push(
                put('turn-other'),
                count().then((rows) => seen.push(rows)),
              ),
            ),
          )
      })
      await db.insertInto('setting').values({ name: 'turn-second', value: 'x' }).execute()
    }),
  )
  await Promise.all(others)
  assert.ok(turns >= 45, `${turns} turns`)
  // PostgreSQL may read after the commit.
  assert.ok(seen[0] === 0 || seen[0] === own.length, `saw ${seen[0]} rows of ${own.length}`)
  assert.equal(await count(), own.length)
})

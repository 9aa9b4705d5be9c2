import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { people } from '../../../test/catalogue.ts'
import { makeDatabase, openTestStore } from '../../../test/store.ts'
import { parseConfig } from '../../config.ts'
import type { Context } from '../../context.ts'
import { createDataset, deleteDataset, updateDataset } from './edit.ts'
import { showDataset } from './read.ts'

const database = await makeDatabase()
const stores = [await openTestStore(database.url), await openTestStore(database.url)]
after(async () => {
  for (const store of stores) await store.close()
  await database.drop()
})

/** Two processes on one database would have a store each, as these have. */
const [here, there] = stores.map((store) => ({ store, actor: people.maria, config: parseConfig({}), clock: Date.now }) as unknown as Context) as [
  Context,
  Context,
]

const titleIn = async (ctx: Context, ref: string): Promise<string> => JSON.parse((await showDataset(ctx, ref)).dataset.document).title

test('a change by another process is shown by the next call', async () => {
  const { id } = await createDataset(here, { name: 'shared', title: '0' })
  for (let at = 1; at <= 20; at++) {
    const [writer, reader] = at % 2 ? [here, there] : [there, here]
    await titleIn(reader, 'shared')
    await updateDataset(writer, id, { input: { title: String(at) } })
    assert.deepEqual([await titleIn(reader, id), await titleIn(reader, 'shared'), await titleIn(writer, 'shared')], Array(3).fill(String(at)))
  }
})

test('a name that another dataset has taken leads to that dataset', async () => {
  const first = await createDataset(here, { name: 'moving', title: 'first' })
  assert.equal(await titleIn(there, 'moving'), 'first')
  await updateDataset(here, first.id, { input: { name: 'moved' } })
  await assert.rejects(showDataset(there, 'moving'), { code: 'not_found' })
  await createDataset(here, { name: 'moving', title: 'second' })
  assert.deepEqual([await titleIn(there, 'moving'), await titleIn(there, 'moved')], ['second', 'first'])
})

test('concurrent readers never see an older title than one that was acknowledged', async () => {
  const { id } = await createDataset(here, { name: 'racing', title: '0' })
  let acknowledged = 0
  const writing = (async () => {
    for (let at = 1; at <= 60; at++) {
      await updateDataset(at % 2 ? here : there, id, { input: { title: String(at) } })
      acknowledged = at
    }
  })()
  const reading = [here, there].map(async (ctx) => {
    while (acknowledged < 60) {
      const least = acknowledged
      assert.ok(Number(await titleIn(ctx, 'racing')) >= least)
      // A look-up in SQLite takes no turn of the event loop, and the writer needs some.
      await nextTurn()
    }
  })
  await Promise.all([writing, ...reading])
})

test('a deleted dataset is not shown from the cache', async () => {
  await createDataset(here, { name: 'soon-gone' })
  await titleIn(there, 'soon-gone')
  await deleteDataset(here, 'soon-gone')
  const stranger = { ...there, actor: people.jonas }
  await assert.rejects(showDataset(stranger, 'soon-gone'), { code: 'forbidden' })
})

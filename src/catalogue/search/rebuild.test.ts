import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { makeBed } from '../../../test/catalogue.ts'
import { DomainError } from '../../base/errors.ts'
import type { DatabasePlace } from '../../store/snapshots.ts'
import { completeDatasets, completeFormats } from '../dataset/complete-store.ts'
import { createDataset, updateDataset } from '../dataset/edit.ts'
import { SearchThread } from './memory/engine.ts'
import { parseQuery } from './parser.ts'
import { SearchRebuild } from './rebuild.ts'
import { findRebuildPoint } from './rebuild-store.ts'
import type { SearchRequest } from './search.ts'
import { sqlSearch } from './sql/engine.ts'
import { makeOldForms } from './testing/old-search-forms.ts'
import { asking } from './testing/search-model.ts'

const bed = await makeBed()
const root = bed.as('root')
const { store } = root
const log = pino({ level: 'silent' })
const place: DatabasePlace = bed.url.startsWith('sqlite:')
  ? { kind: 'sqlite', path: bed.url.slice('sqlite:'.length) }
  : { kind: 'postgres', url: bed.url }

after(() => bed.drop())

const read = (text: string) => parseQuery(text, { parameter: 'q', now: 0 })
const count = async (text: string) => (await sqlSearch.search(root, asking(read(text)))).count
const formats = async () => (await sqlSearch.search(root, asking({ kind: 'all' }))).facets.get('res_format')

const datasets = 60
/** Searches that the old form answers with less, or otherwise. */
const searches = ['munchen', '"air quality"', '東京', 'title:munchen', 'educati*', 'res_name:levels', 'res_format:CSV', 'colour:rose']

for (let at = 0; at < datasets; at++) {
  await createDataset(root, {
    name: `set-${at}`,
    title: `München ${at}`,
    notes: 'Air in 東京都, education and air quality',
    tags: [{ name: 'Grün' }],
    extras: [{ key: 'colour', value: 'Rosé' }],
    resources: [{ url: 'http://a.example/', format: ['csv', '.CSV', 'text/csv', 'json'][at % 4], name: 'Levels' }],
  })
}

test('a rebuild that is killed in the middle continues where it was, and every search finds what it found in the new form', async () => {
  const expected = new Map<string, number>()
  for (const text of searches) expected.set(text, await count(text))
  const expectedFormats = await formats()
  assert.deepEqual(expectedFormats, [
    { value: 'CSV', count: 45 },
    { value: 'JSON', count: 15 },
  ])
  await makeOldForms(store)
  for (const text of searches) assert.notEqual(await count(text), expected.get(text), text)

  const child = spawn(process.execPath, [fileURLToPath(new URL('./testing/rebuilding-process.ts', import.meta.url)), bed.url], { stdio: 'inherit' })
  while (((await findRebuildPoint(store.db)) ?? 0) === 0) await nextTurn()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const point = (await findRebuildPoint(store.db)) ?? 0
  assert.ok(point > 0 && point < datasets, String(point))

  const rebuild = new SearchRebuild(store, log)
  await rebuild.start()
  assert.equal(rebuild.left, datasets - point)
  // A change in the middle is in the new form at once, and stays so.
  await updateDataset(root, 'set-59', { input: { name: 'set-59', title: 'Zürich', notes: 'Air quality' } })
  await rebuild.ended
  assert.deepEqual([rebuild.isRunning, rebuild.left, await findRebuildPoint(store.db)], [false, 0, undefined])
  for (const text of searches)
    assert.equal(await count(text), (expected.get(text) ?? 0) - (text === '"air quality"' ? 0 : text.startsWith('res_format') ? 0 : 1), text)
  assert.deepEqual(await formats(), [
    { value: 'CSV', count: 45 },
    { value: 'JSON', count: 14 },
  ])
  const tag = await store.db.selectFrom('tag').select('name_folded').where('name', '=', 'Grün').executeTakeFirstOrThrow()
  assert.equal(tag.name_folded, 'grun')
})

test('searches that depend on the rebuild are refused while it runs, all other calls are answered', async () => {
  await makeOldForms(store)
  const rebuild = new SearchRebuild(store, log)
  const thread = new SearchThread({ place, log, minDatasets: 1, rebuild })
  await rebuild.start()
  const ask = (q: string, fq = '', also: Partial<SearchRequest> = {}) =>
    thread.search(root, asking(read(q), { filter: read(fq), facets: [], ...also }))
  const isRefused = (error: unknown) => error instanceof DomainError && error.code === 'unavailable' && /being rebuilt/.test(error.message)
  for (const text of searches) await assert.rejects(ask(text), isRefused, text)
  await assert.rejects(ask('', '-title:*'), isRefused)
  await assert.rejects(ask('', '', { facets: ['res_format'] }), isRefused)
  const ctx = { store, search: thread }
  await assert.rejects(completeDatasets(ctx, 'mun', 5), isRefused)
  await assert.rejects(completeFormats(ctx, 'c', 5), isRefused)
  for (const q of ['', '*:*', 'tags:Grün OR name:set-59', '-organization:x metadata_modified:[2020 TO *]']) {
    assert.equal((await ask(q, '', { facets: ['tags', 'year'] })).count, datasets, q)
  }
  await rebuild.ended
  assert.equal((await ask('munchen')).count, datasets - 1)
  assert.equal((await completeDatasets(ctx, 'mun', 5)).length, 5)
  await thread.close()
})

test('two rebuilds at once take turns, one that is stopped ends after its write, and a whole hub has nothing to do', async () => {
  await makeOldForms(store)
  const [one, other, stopped] = [new SearchRebuild(store, log), new SearchRebuild(store, log), new SearchRebuild(store, log)]
  await Promise.all([one.start(), other.start(), stopped.start()])
  await stopped.stop()
  await Promise.all([one.ended, other.ended])
  assert.equal(await findRebuildPoint(store.db), undefined)
  assert.equal(await count('munchen'), datasets - 1)
  const idle = new SearchRebuild(store, log)
  await idle.start()
  assert.deepEqual([idle.isRunning, idle.left], [false, 0])
  await idle.stop()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStateStore, type SyncState } from '../index.ts'
import type { PlainRecord } from '../record.ts'
import { actionOf, activeNames, bodyOf, type SyncStage, stream, syncErrorOf, withCatalogue, writesOf } from '../testing/sync-stage.ts'
import { Position } from './state.ts'

const none = { created: 0, updated: 0, deleted: 0, unchanged: 0, skipped: 0, failed: 0 }
const many = (count: number, values: PlainRecord = {}) => Array.from({ length: count }, (_, at) => ({ id: `${at}`, name: `d-${at}`, ...values }))

/** A stream that fails at its end. */
async function* failing(items: object[], error = new Error('the file is cut')): AsyncGenerator<object, void, undefined> {
  yield* items
  throw error
}

const isLeft = ({ ckan }: SyncStage, count: number) => assert.equal(Object.keys(activeNames(ckan)).length, count)

test('an empty source deletes nothing, unless that is allowed or nothing is there', () =>
  withCatalogue(async (stage) => {
    const { client } = stage
    await client().sync('s', { datasets: [] })
    await client().sync('s', { datasets: many(3) })
    for (const datasets of [[], {}, stream([])]) {
      const error = await syncErrorOf(client().sync('s', { datasets }))
      assert.equal(error.code, 'EMPTY_SOURCE')
      assert.match(error.message, /allowEmptySource/)
    }
    for (const options of [{ deleteMissing: false }, { allowEmptySource: true, dryRun: true }]) await client(options).sync('s', { datasets: [] })
    await client().sync('s', { datasets: [] }, { incremental: true })
    isLeft(stage, 3)
    assert.equal((await client({ allowEmptySource: true }).sync('s', { datasets: stream([]) })).datasets.deleted, 3)
  }))

test('a whole source that only says what was deleted is an empty one', () =>
  withCatalogue(async (stage) => {
    await stage.client().sync('s', { datasets: many(3) })
    const deletions = [{ id: '0', state: 'deleted' }]
    for (const datasets of [deletions, stream(deletions)]) {
      assert.equal((await syncErrorOf(stage.client().sync('s', { datasets }))).code, 'EMPTY_SOURCE')
    }
    isLeft(stage, 3)
  }))

test('more deletions than allowed end the run before the first one, and before anything is written where the source is in memory', () =>
  withCatalogue(async (stage) => {
    const { client, seen } = stage
    await client().sync('s', { datasets: many(4) })
    const careful = client({ maxDeleteFraction: 0.5 })
    seen.length = 0
    const error = await syncErrorOf(careful.sync('s', { datasets: many(1, { title: 'New' }) }))
    assert.deepEqual([error.code, error.report.datasets], ['TOO_MANY_DELETES', none])
    assert.match(error.message, /3 of 4 datasets/)
    assert.deepEqual(writesOf(seen), [])
    const streamed = await syncErrorOf(careful.sync('s', { datasets: stream(many(1, { title: 'New' })) }))
    assert.deepEqual([streamed.code, streamed.report.datasets], ['TOO_MANY_DELETES', { ...none, updated: 1 }])
    isLeft(stage, 4)
    assert.equal((await careful.sync('s', { datasets: many(2, { title: 'New' }) })).datasets.deleted, 2)
  }))

test('deletions that the source names are carried out in incremental runs too, and count for the guard', () =>
  withCatalogue(async (stage) => {
    const { client } = stage
    await client().sync('s', { datasets: many(4) })
    const deletions = ['0', '1', '2', 'unknown'].map((id) => ({ id, state: 'deleted' }))
    for (const datasets of [deletions, stream(deletions)]) {
      const error = await syncErrorOf(client({ maxDeleteFraction: 0.5 }).sync('s', { datasets }, { incremental: true }))
      assert.equal(error.code, 'TOO_MANY_DELETES')
      isLeft(stage, 4)
    }
    const report = await client().sync('s', { datasets: stream(deletions) }, { incremental: true })
    assert.deepEqual(report.datasets, { ...none, deleted: 3, skipped: 1 })
    assert.deepEqual(activeNames(stage.ckan), { 's:3': 'd-3' })
    const both = [
      { id: '3', state: 'deleted' },
      { id: '3', name: 'd-3' },
    ]
    assert.equal((await client().sync('s', { datasets: both }, { incremental: true })).datasets.deleted, 0)
    isLeft(stage, 1)
  }))

test('an incremental run deletes nothing that is only missing', () =>
  withCatalogue(async (stage) => {
    await stage.client().sync('s', { datasets: many(3) })
    const report = await stage.client().sync('s', { datasets: many(1, { title: 'New' }) }, { incremental: true })
    assert.deepEqual([report.datasets, report.incremental], [{ ...none, updated: 1 }, true])
    isLeft(stage, 3)
  }))

test('a source that fails ends the run with what it gave until then, and deletes nothing', () =>
  withCatalogue(async (stage) => {
    const { client } = stage
    await client().sync('s', { datasets: many(10) })
    const error = await syncErrorOf(client().sync('s', { datasets: failing(many(4, { title: 'New' })) }))
    assert.deepEqual([error.code, error.report.datasets], ['SOURCE_FAILED', { ...none, updated: 4 }])
    assert.match(error.message, /the file is cut/)
    assert.ok(error.cause instanceof Error)
    const groups = await syncErrorOf(client().sync('s', { groups: failing([{ name: 'g' }]), datasets: [] }))
    assert.deepEqual([groups.code, groups.report.groups.created], ['SOURCE_FAILED', 1])
    isLeft(stage, 10)
  }))

test('a key that is not the name of its group ends the run before anything is sent', () =>
  withCatalogue(async ({ client, seen }) => {
    for (const data of [{ groups: { a: { name: 'b' } } }, { organizations: { a: {}, c: { name: 'd' } } }]) {
      assert.equal((await syncErrorOf(client().sync('s', { ...data, datasets: {} }))).code, 'INVALID_DATA')
    }
    assert.deepEqual(seen, [])
  }))

test('errors end the run where they are one too many, and then nothing is deleted', () =>
  withCatalogue(async (stage) => {
    const { client } = stage
    await client().sync('s', { datasets: many(3) })
    const bad = [
      { id: 'x', name: 'x', owner_org: 'nobody' },
      { id: 'y', groups: 7 },
      { id: 'z', name: 'z' },
    ]
    const report = await client().sync('s', { datasets: [...many(3), ...bad] })
    assert.deepEqual([report.status, report.datasets], ['partial', { ...none, created: 1, unchanged: 3, failed: 2 }])
    assert.deepEqual(report.errors.map((item) => [item.sourceId, item.error?.code]).sort(), [
      ['x', 'UNKNOWN_ORGANIZATION'],
      ['y', 'INVALID_DATA'],
    ])
    for (const options of [{ onError: 'stop' as const }, { maxErrors: 0 }, { maxErrors: 1 }]) {
      const error = await syncErrorOf(client({ ...options, concurrency: 1 }).sync('s', { datasets: stream(bad) }))
      assert.deepEqual([error.code, error.report.datasets.failed], ['TOO_MANY_ERRORS', options.maxErrors === 1 ? 2 : 1])
    }
    assert.equal((await client({ maxErrors: 2, deleteMissing: false }).sync('s', { datasets: bad })).status, 'partial')
    isLeft(stage, 4)
  }))

test('no more than 1000 errors are kept, and the report says so', () =>
  withCatalogue(async ({ client }) => {
    const report = await client({ concurrency: 50 }).sync('s', { datasets: stream(many(1001, { groups: 7 })) })
    assert.deepEqual([report.datasets.failed, report.errors.length, report.errorsTruncated], [1001, 1000, true])
  }))

test('an abort ends the run, closes the source, and leaves no request behind', () =>
  withCatalogue(async (stage) => {
    const { client, seen } = stage
    const controller = new AbortController()
    let closed = false
    async function* endless() {
      try {
        for (let at = 0; ; at++) {
          if (at === 20) controller.abort(new Error('enough'))
          yield { id: `${at}`, name: `d-${at}` }
        }
      } finally {
        closed = true
      }
    }
    const error = await syncErrorOf(client({ signal: controller.signal }).sync('s', { datasets: endless() }))
    assert.deepEqual([error.code, error.cause], ['ABORTED', controller.signal.reason])
    assert.ok(closed && error.report.datasets.created > 0)
    const before = seen.length
    await syncErrorOf(client({ signal: controller.signal }).sync('s', { datasets: [] }))
    assert.equal(seen.length, before)
  }))

test('an abort also ends a run whose source never answers', () =>
  withCatalogue(async ({ client }) => {
    const controller = new AbortController()
    const silent: AsyncIterable<object> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          controller.abort(new Error('enough'))
          return new Promise(() => undefined)
        },
      }),
    }
    assert.equal((await syncErrorOf(client({ signal: controller.signal }).sync('s', { datasets: silent }))).code, 'ABORTED')
  }))

test('an abort by a timer also ends a run that waits for nothing', () =>
  withCatalogue(async ({ client }) => {
    const controller = new AbortController()
    function* endless() {
      setTimeout(() => controller.abort(new Error('enough')))
      for (;;) yield { id: 'always the same' }
    }
    const run = client({ signal: controller.signal, transform: () => null }).sync('s', { datasets: endless() })
    assert.equal((await syncErrorOf(run)).code, 'ABORTED')
  }))

test('a promise in a source that is rejected is a source that failed, and is closed', () =>
  withCatalogue(async ({ client }) => {
    let closed = false
    function* rejecting() {
      try {
        yield Promise.resolve({ id: '1', name: 'a' })
        yield Promise.reject(new Error('not there'))
      } finally {
        closed = true
      }
    }
    const error = await syncErrorOf(client().sync('s', { datasets: rejecting() }))
    assert.deepEqual([error.code, error.report.datasets.created, closed], ['SOURCE_FAILED', 1, true])
  }))

test('an onProgress that throws ends the run instead of being passed over', () =>
  withCatalogue(async ({ client }) => {
    const error = await syncErrorOf(client({ onProgress: () => assert.fail('no') }).sync('s', { datasets: many(3) }))
    assert.deepEqual([error.code, error.message], ['ABORTED', 'onProgress failed: no'])
  }))

test('a position counts the records from the start that have all finished well, in whatever order', () => {
  const position = new Position(2)
  for (const record of [0, 1, 3, 4, 6]) position.finish(record, true)
  assert.equal(position.value, 2)
  position.finish(2, true)
  assert.equal(position.value, 5)
  position.finish(7, false)
  position.finish(5, true)
  for (const record of [8, 9]) position.finish(record, true)
  assert.equal(position.value, 7)
})

const stateOf = async (store: MemoryStateStore) => (await store.get('millrace-sync:s')) as SyncState

test('a run that broke off is resumed where it ended, and what was done counts as present', () =>
  withCatalogue(async (stage) => {
    const { client, seen } = stage
    const stateStore = new MemoryStateStore()
    await client().sync('s', { datasets: many(12) })
    const broken = await syncErrorOf(client({ stateStore }).sync('s', { datasets: failing(many(8, { title: 'New' })) }))
    const state = await stateOf(stateStore)
    assert.deepEqual([state.position, state.complete, state.lastCompleteStartedAt, state.runId], [8, false, null, broken.report.runId])
    seen.length = 0
    const report = await client({ stateStore }).sync('s', { datasets: stream(many(10, { title: 'New' })) }, { resume: true })
    assert.deepEqual([report.datasets, report.runId], [{ ...none, skipped: 8, updated: 2, deleted: 2 }, state.runId])
    const read = seen.filter((request) => actionOf(request) === 'package_update').map((request) => bodyOf(request)['name'])
    assert.deepEqual(read.slice(0, 2).sort(), ['d-8', 'd-9'])
    assert.deepEqual(await stateOf(stateStore), { ...state, position: 0, complete: true, lastCompleteStartedAt: state.startedAt })
    const fresh = await client({ stateStore }).sync('s', { datasets: many(10, { title: 'New' }) }, { resume: true })
    assert.deepEqual([fresh.datasets.unchanged, fresh.runId === state.runId], [10, false])
  }))

test('a record that waits for its name is where the next run resumes', () =>
  withCatalogue(async ({ client }) => {
    const stateStore = new MemoryStateStore()
    await client().sync('s', { datasets: many(3) })
    const swapped = [
      { id: '1', name: 'd-1' },
      { id: 'new', name: 'd-0' },
      { id: '2', name: 'd-2' },
    ]
    await syncErrorOf(client({ stateStore }).sync('s', { datasets: failing(swapped) }))
    assert.equal((await stateOf(stateStore)).position, 1)
    const report = await client({ stateStore }).sync('s', { datasets: stream(swapped) }, { resume: true, collectItems: true })
    assert.deepEqual(report.datasets, { ...none, skipped: 1, created: 1, unchanged: 1, deleted: 1 })
    assert.equal(report.items.find((item) => item.action === 'create')?.name, 'd-0')
  }))

test('a failed record is where the next run resumes, and only a run without failure counts as complete', () =>
  withCatalogue(async ({ client }) => {
    const stateStore = new MemoryStateStore()
    const datasets = many(6)
    const complete = await client({ stateStore }).sync('s', { datasets })
    const wrong = datasets.map((dataset, at) => (at === 3 ? { ...dataset, groups: ['nobody'] } : dataset))
    await client({ stateStore, checkpointEvery: 1 }).sync('s', { datasets: wrong })
    const state = await stateOf(stateStore)
    assert.deepEqual([state.position, state.complete, state.lastCompleteStartedAt], [3, false, complete.startedAt])
    const report = await client({ stateStore }).sync('s', { datasets }, { resume: true })
    assert.deepEqual(report.datasets, { ...none, skipped: 3, unchanged: 3 })
  }))

test('checkpoints are saved while the run goes on, a dry run saves none', () =>
  withCatalogue(async ({ client }) => {
    const positions: unknown[] = []
    class Recorder extends MemoryStateStore {
      override async set(key: string, value: PlainRecord) {
        positions.push(value['position'])
        await super.set(key, value)
      }
    }
    await client({ stateStore: new Recorder(), dryRun: true }).sync('s', { datasets: many(5) })
    assert.deepEqual(positions, [])
    await client({ stateStore: new Recorder(), checkpointEvery: 2, concurrency: 1 }).sync('s', { datasets: many(5) })
    assert.deepEqual(positions, [2, 4, 0])
  }))

test('a state that cannot be read or saved ends the run and says so', () =>
  withCatalogue(async ({ client, seen }) => {
    const stateStore = new MemoryStateStore()
    await stateStore.set('millrace-sync:s', { version: 2 })
    const old = await syncErrorOf(client({ stateStore }).sync('s', { datasets: many(1) }))
    assert.deepEqual([old.code, seen.length], ['STATE_FAILED', 0])
    class Full extends MemoryStateStore {
      override set(): Promise<void> {
        return Promise.reject(new Error('disk full'))
      }
    }
    const full = await syncErrorOf(client({ stateStore: new Full(), checkpointEvery: 1 }).sync('s', { datasets: many(3) }))
    assert.equal(full.code, 'STATE_FAILED')
    assert.match(full.message, /disk full/)
  }))

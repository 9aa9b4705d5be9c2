import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startHub, type TestHub } from '../../test/hub.ts'
import { CkanHighLevelClient, CkanLowLevelClient, CkanSyncClient, ckanSource, type SyncOptions } from '../index.ts'
import type { PlainRecord } from '../record.ts'

const none = { created: 0, updated: 0, deleted: 0, unchanged: 0, skipped: 0, failed: 0 }
let hub: TestHub
let ckan: CkanLowLevelClient
let high: CkanHighLevelClient
/** Actions that the last clients called. */
const seen: string[] = []

const recording: typeof fetch = (input, init) => {
  seen.push(String(input).split('/').at(-1) ?? '')
  return fetch(input, init)
}

before(async () => {
  hub = await startHub({}, { http: true, workers: false })
  ckan = new CkanLowLevelClient(hub.url, { apiKey: hub.adminKey })
  high = new CkanHighLevelClient(ckan)
})
after(() => hub.close())

const syncClient = (options: SyncOptions = {}) => new CkanSyncClient(hub.url, { apiKey: hub.adminKey, fetch: recording, ...options })
const writes = () => seen.filter((name) => /_(create|update|patch|delete|purge)$/.test(name))

const full = (at: number): PlainRecord => ({
  name: `stop-${at}`,
  title: `Stop ${at}`,
  notes: 'All of it.',
  owner_org: 'city-of-x',
  groups: ['transport'],
  tags: ['bus', 'stop'],
  license_id: 'cc-by',
  version: '2',
  extras: { theme: 'mobility', count: 3 },
  resources: [
    { url: `https://x.example/${at}.csv`, format: 'CSV', size: 17 },
    { url: `https://x.example/${at}.json` },
    { url: 'https://x.example/page' },
  ],
})
const names = { organizations: { 'city-of-x': { title: 'City of X' } }, groups: { transport: { title: 'Transport', description: 'D' } } }

test('a source arrives on a hub whole; a second run writes nothing and reads no dataset by itself', async () => {
  const datasets = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`https://x.example/d/${at}`, full(at)]))
  const update = { groupMergeStrategy: 'update', organizationMergeStrategy: 'update' } as const
  const report = await syncClient(update).sync('portal', { ...names, datasets })
  assert.deepEqual([report.status, report.datasets], ['complete', { ...none, created: 20 }])
  const stored = await high.getDatasetByName('stop-7')
  assert.deepEqual([stored.tags, stored.extras['theme'], stored.resources.length], [['bus', 'stop'], 'mobility', 3])
  seen.length = 0
  const second = await syncClient(update).sync('portal', { ...names, datasets })
  assert.deepEqual(
    [second.datasets, second.groups, second.organizations],
    [
      { ...none, unchanged: 20 },
      { ...none, unchanged: 1 },
      { ...none, unchanged: 1 },
    ],
  )
  assert.deepEqual([writes(), seen.filter((name) => name === 'package_show')], [[], []])
  const empty = await syncClient({ allowEmptySource: true }).sync('portal', { datasets: {} })
  assert.deepEqual(empty.datasets, { ...none, deleted: 20 })
})

test('8,000 resources and texts that UTF-8 cannot hold arrive on a hub, and are unchanged in the next run', async () => {
  const resources = Array.from({ length: 8000 }, (_, at) => ({ url: `https://x.example/${at}.csv`, name: `File ${at}` }))
  const odd = { name: 'odd', title: 'A\ud800', notes: '\udc00', extras: { 'k\udfff': 'v' }, tags: ['bus'] }
  const data = { datasets: { huge: { name: 'huge', resources }, odd } }
  const first = await syncClient().sync('bad', data)
  assert.deepEqual([first.errors, first.datasets], [[], { ...none, created: 2 }])
  assert.equal((await high.getDatasetByName('odd')).title, 'A\ufffd')
  seen.length = 0
  assert.deepEqual((await syncClient().sync('bad', data)).datasets, { ...none, unchanged: 2 })
  assert.deepEqual(writes(), [])
  const ids = (await high.getDatasetByName('huge')).resources.map((resource) => resource.id)
  const shorter = { huge: { name: 'huge', resources: resources.slice(1) }, odd }
  assert.equal((await syncClient().sync('bad', { datasets: shorter })).datasets.updated, 1)
  const after = (await high.getDatasetByName('huge')).resources.map((resource) => resource.id)
  assert.deepEqual(after, ids.slice(1))
  assert.equal((await syncClient({ allowEmptySource: true, deleteMode: 'purge' }).sync('bad', { datasets: [] })).datasets.deleted, 2)
})

test('a hub is a source too: whole, and by its feed of changes', async () => {
  const [a, b] = [await ckan.createDataset({ name: 'first', notes: 'N' }), await ckan.createDataset({ name: 'second' })]
  const other = await startHub({}, { http: true, workers: false })
  try {
    const sync = new CkanSyncClient(other.url, { apiKey: other.adminKey })
    const whole = ckanSource(hub.url)
    assert.equal((await sync.sync('hub', { datasets: whole })).datasets.created, 2)
    const feed = ckanSource(hub.url, { changesSince: 0 })
    const caughtUp = await sync.sync('hub', { datasets: feed }, { incremental: true })
    assert.equal(caughtUp.datasets.unchanged, 2)
    assert.ok(feed.lastChange !== null && feed.lastChange > 0)
    await ckan.patchDataset({ id: a['id'], notes: 'New' })
    await ckan.deleteDataset(String(b['id']))
    const next = await sync.sync('hub', { datasets: ckanSource(hub.url, { changesSince: feed.lastChange }) }, { incremental: true })
    assert.deepEqual(next.datasets, { ...none, updated: 1, deleted: 1 })
    const since = await sync.sync(
      'hub',
      { datasets: ckanSource(hub.url, { since: new Date(), fq: 'name:first OR name:second' }) },
      { incremental: true },
    )
    assert.deepEqual(since.datasets, { ...none, unchanged: 1 })
  } finally {
    await other.close()
  }
})

// What the tests of the seed system pin, on a real hub.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { startHub, type TestHub } from '../test/hub.ts'
import {
  CkanDataset,
  CkanHighLevelClient,
  CkanNotFoundError,
  CkanSyncClient,
  CkanValidationError,
  HARVEST_SOURCE_KEY,
  type SyncData,
  type SyncOptions,
} from './index.ts'
import type { PlainRecord } from './record.ts'

let hub: TestHub
let client: CkanHighLevelClient

before(async () => {
  hub = await startHub({}, { http: true, workers: false })
  client = new CkanHighLevelClient(hub.url, { apiKey: hub.adminKey, verify: 'throw' })
})
after(() => hub.close())
beforeEach(async () => {
  for (const id of await client.listDatasets()) await client.purgeDataset(id)
})

const noCounts = { created: 0, updated: 0, deleted: 0, unchanged: 0, skipped: 0, failed: 0 }
const isNotFound = (error: unknown) => error instanceof CkanNotFoundError && error.status === 404

const full = (name: string): PlainRecord => ({
  name,
  title: 'Title',
  notes: 'Notes',
  author: 'Author',
  author_email: 'author@x.example',
  maintainer: 'Maintainer',
  maintainer_email: 'maintainer@x.example',
  license_id: 'cc-by',
  url: 'https://x.example',
  version: '1.0',
  extras: { a: 'A', b: 'B' },
  tags: ['one', 'two'],
  resources: [0, 1, 2].map((at) => ({
    url: `https://x.example/${at}.csv`,
    format: 'CSV',
    name: `File ${at}`,
    description: 'D',
    mimetype: 'text/csv',
    size: at,
  })),
})

test('a created dataset reads back equal, and an update of the title differs in the title alone', async () => {
  const sent = new CkanDataset(full('complete'))
  const created = await client.createDataset(sent)
  const read = await client.getDataset(created.id)
  assert.ok(sent.isEquivalent(read))
  assert.ok(created.equals(read))
  const changed = read.clone()
  changed.title = 'New title'
  await client.updateDataset(changed)
  const after = await client.getDataset(created.id)
  assert.deepEqual(
    read.diff(after).map((one) => one.field),
    ['title'],
  )
  assert.deepEqual(
    after.resources.map((resource) => resource.id),
    read.resources.map((resource) => resource.id),
  )
})

test('a deleted dataset is nothing to anonymous callers, deleted to sysadmins, and in no list', async () => {
  const { id } = await client.createDataset({ name: 'gone' })
  await client.createDataset({ name: 'stays' })
  await client.deleteDataset(id)
  await assert.rejects(client.lowLevel.anonymous.getDataset(id), (error) => [403, 404].includes((error as { status?: number }).status ?? 0))
  await assert.rejects(client.anonymous.getDataset(id), isNotFound)
  await assert.rejects(client.getDataset(id), isNotFound)
  assert.equal((await client.getDataset(id, { allowDeleted: true })).state, 'deleted')
  assert.ok(!(await client.listDatasets()).includes(id))
  assert.deepEqual(await client.listDatasetNames(), ['stays'])
})

test('an id is not taken for a name, nor a name for an id: datasets, groups, organizations', async () => {
  const dataset = await client.createDataset({ name: 'a-dataset' })
  const group = await client.createGroup({ name: 'a-group' })
  const organization = await client.createOrganization({ name: 'an-organization' })
  assert.equal((await client.getDatasetByName('a-dataset')).id, dataset.id)
  assert.equal((await client.getGroupByName('a-group')).id, group.id)
  assert.equal((await client.getOrganizationByName('an-organization')).id, organization.id)
  const calls = [
    () => client.getDataset('a-dataset'),
    () => client.getDatasetByName(dataset.id),
    () => client.getGroup('a-group'),
    () => client.getGroupByName(group.id),
    () => client.getOrganization('an-organization'),
    () => client.getOrganizationByName(organization.id),
  ]
  for (const call of calls) await assert.rejects(call, (error) => isNotFound(error) && (error as CkanNotFoundError).logical)
})

test('extras: one is added and removed, and all is as it began', async () => {
  const begin = await client.createDataset(full('with-extras'))
  const dataset = begin.clone()
  dataset.extras['c'] = 'C'
  const more = await client.updateDataset(dataset)
  assert.deepEqual(more.extras, { a: 'A', b: 'B', c: 'C' })
  Reflect.deleteProperty(more.extras, 'c')
  const end = await client.updateDataset(more)
  assert.deepEqual(end.extras, { a: 'A', b: 'B' })
  assert.ok(end.equals(begin))
})

test('resources: three, then one at the end, then one at the front', async () => {
  let dataset = await client.createDataset(full('with-resources'))
  const urls = () => dataset.resources.map((resource) => resource.url?.split('/').at(-1))
  assert.deepEqual(urls(), ['0.csv', '1.csv', '2.csv'])
  dataset.resources.push(...new CkanDataset({ resources: [{ url: 'https://x.example/end.csv' }] }).resources)
  dataset = await client.updateDataset(dataset)
  assert.deepEqual(urls(), ['0.csv', '1.csv', '2.csv', 'end.csv'])
  dataset.resources.unshift(...new CkanDataset({ resources: [{ url: 'https://x.example/front.csv' }] }).resources)
  dataset = await client.updateDataset(dataset)
  assert.deepEqual(urls(), ['front.csv', '0.csv', '1.csv', '2.csv', 'end.csv'])
})

test('the name of a dataset is taken, that of a wiped one is free', async () => {
  const { id } = await client.createDataset({ name: 'wanted' })
  await assert.rejects(
    client.createDataset({ name: 'wanted' }),
    (error) => error instanceof CkanValidationError && error.status === 409 && 'name' in error.fields,
  )
  await client.wipeDataset(id)
  await client.createDataset({ name: 'wanted' })
})

/** Datasets number `from` to `to`, spread over groups and organizations. */
function harvest(from: number, to: number, parts: number): SyncData {
  const names = (prefix: string) => Object.fromEntries(Array.from({ length: parts }, (_, at) => [`${prefix}-${at}`, { title: `${prefix} ${at}` }]))
  const datasets = Array.from({ length: to - from }, (_, step): [string, PlainRecord] => {
    const at = from + step
    const extras = { theme: `theme ${at % 3}` }
    return [`record-${at}`, { ...full(`harvested-${at}`), extras, owner_org: `org-${at % parts}`, groups: [`grp-${at % parts}`, 'grp-0'] }]
  })
  return { organizations: names('org'), groups: names('grp'), datasets: Object.fromEntries(datasets) }
}

const syncClient = (options: SyncOptions = {}) => new CkanSyncClient(client.lowLevel, options)

test('a source of 20 grows by 20, loses 15 and wins 20, loses 25 and wins 20 with more groups and organizations', async () => {
  await client.createDataset({ name: 'by-hand', title: 'By hand', extras: { [HARVEST_SOURCE_KEY]: 'other:record-1' } })
  const runs: [SyncData, typeof noCounts][] = [
    [harvest(0, 20, 2), { ...noCounts, created: 20 }],
    [harvest(0, 40, 2), { ...noCounts, created: 20, unchanged: 20 }],
    [harvest(15, 60, 2), { ...noCounts, created: 20, deleted: 15, unchanged: 25 }],
    [harvest(40, 80, 5), { ...noCounts, created: 20, deleted: 25, updated: 16, unchanged: 4 }],
    [harvest(40, 80, 5), { ...noCounts, unchanged: 40 }],
  ]
  for (const [data, expected] of runs) {
    const report = await syncClient({ datasetGroupMergeStrategy: 'replace', datasetPreserveOrganization: false }).sync('portal', data)
    assert.deepEqual([report.status, report.datasets], ['complete', expected])
    const stored = await collectHarvested()
    assert.deepEqual(
      [...stored.keys()].sort(),
      Object.keys(data.datasets ?? {})
        .map((id) => `portal:${id}`)
        .sort(),
    )
  }
  const stored = (await collectHarvested()).get('portal:record-43')
  const organization = await client.getOrganizationByName('org-3')
  const groups = [await client.getGroupByName('grp-0'), await client.getGroupByName('grp-3')]
  assert.equal(stored?.owner_org, organization.id)
  assert.deepEqual(stored?.groups.sort(), groups.map((group) => group.id).sort())
  assert.equal((await client.getDatasetByName('by-hand')).title, 'By hand')
})

/** The datasets that came from the source `portal`, by their origin. */
async function collectHarvested(): Promise<Map<string, CkanDataset>> {
  const found = new Map<string, CkanDataset>()
  for await (const dataset of client.iterDatasets()) {
    const origin = String(dataset.extras[HARVEST_SOURCE_KEY] ?? '')
    if (origin.startsWith('portal:')) found.set(origin, dataset)
  }
  return found
}

test('every strategy of merging, one after the other on one source', async () => {
  const base = { name: 'strategy', title: 'T' }
  const parts = {
    organizations: { 'so-1': { title: 'Org 1' }, 'so-2': { title: 'Org 2' } },
    groups: { 'sg-1': { title: 'Group 1' }, 'sg-2': {}, 'sg-3': {} },
  }
  const ids = async (...names: string[]) =>
    Promise.all(names.map(async (name) => (await client.getGroupByName(name)).id)).then((found) => found.sort())
  const orgId = async (name: string) => (await client.getOrganizationByName(name)).id
  const run = async (options: SyncOptions, record: PlainRecord, others: Partial<SyncData> = {}) => {
    const report = await syncClient(options).sync('portal', { ...parts, ...others, datasets: { 1: { ...base, ...record } } })
    assert.equal(report.status, 'complete', JSON.stringify(report.errors))
    const dataset = (await collectHarvested()).get('portal:1')
    return dataset ?? assert.fail('is stored')
  }
  let dataset = await run({}, { groups: ['sg-1'], owner_org: 'so-1' })
  assert.deepEqual([dataset.name, dataset.groups, dataset.owner_org], ['strategy', await ids('sg-1'), await orgId('so-1')])

  dataset = await run({}, { name: 'renamed', groups: ['sg-2'], owner_org: 'so-2' })
  assert.deepEqual([dataset.name, dataset.groups.sort(), dataset.owner_org], ['strategy', await ids('sg-1', 'sg-2'), await orgId('so-1')])

  dataset = await run({ datasetPreserveNames: false }, { name: 'renamed', groups: ['sg-2'], owner_org: 'so-2' })
  assert.deepEqual([dataset.name, dataset.owner_org], ['renamed', await orgId('so-1')])

  dataset = await run({ datasetGroupMergeStrategy: 'replace' }, { groups: ['sg-2', 'sg-3'] })
  assert.deepEqual([dataset.name, dataset.groups.sort()], ['renamed', await ids('sg-2', 'sg-3')])

  dataset = await run({ datasetGroupMergeStrategy: 'preserve', datasetPreserveOrganization: false }, { groups: ['sg-1'], owner_org: 'so-2' })
  assert.deepEqual([dataset.groups.sort(), dataset.owner_org], [await ids('sg-2', 'sg-3'), await orgId('so-2')])

  const changed = { organizations: { 'so-1': { title: 'New' } }, groups: { 'sg-1': { title: 'New' } } }
  await run({}, {}, changed)
  assert.deepEqual([(await client.getGroupByName('sg-1')).title, (await client.getOrganizationByName('so-1')).title], ['Group 1', 'Org 1'])
  await run({ groupMergeStrategy: 'update', organizationMergeStrategy: 'update' }, {}, changed)
  assert.deepEqual([(await client.getGroupByName('sg-1')).title, (await client.getOrganizationByName('so-1')).title], ['New', 'New'])
  assert.equal((await client.getOrganizationByName('so-2')).title, 'Org 2')

  await client.lowLevel.deleteGroup('sg-1', { purge: false })
  await client.lowLevel.deleteOrganization('so-1', { purge: false })
  await run({}, {}, parts)
  assert.deepEqual([(await client.getGroupByName('sg-1')).state, (await client.getOrganizationByName('so-1')).title], ['active', 'New'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CkanSyncClient, HARVEST_SOURCE_KEY, joinSourceId, parseSourceId, type SyncItem, type SyncOptions } from '../index.ts'
import type { PlainRecord } from '../record.ts'
import { activeNames, bodyOf, extrasOf, storedOf, stream, withCatalogue, writesOf } from '../testing/sync-stage.ts'

const none = { created: 0, updated: 0, deleted: 0, unchanged: 0, skipped: 0, failed: 0 }
const portal = {
  organizations: { 'city-of-x': { title: 'City of X' } },
  groups: { transport: { title: 'Transport' } },
  datasets: {
    'https://x.example/d/17': {
      name: 'bus-stops',
      title: 'Bus stops',
      owner_org: 'city-of-x',
      groups: ['transport'],
      extras: { theme: 'mobility' },
      resources: [{ url: 'https://x.example/d/17.csv', format: 'CSV' }],
    },
  },
}

test('a source arrives whole, and a second run writes nothing and reads no dataset by itself', () =>
  withCatalogue(async ({ ckan, client, seen }) => {
    const report = await client().sync('city-portal', portal)
    assert.deepEqual(report.datasets, { ...none, created: 1 })
    assert.deepEqual(
      [report.organizations, report.groups],
      [
        { ...none, created: 1 },
        { ...none, created: 1 },
      ],
    )
    assert.deepEqual([report.status, report.source, report.dryRun, report.errors, report.items], ['complete', 'city-portal', false, [], []])
    const stored = storedOf(ckan, 'city-portal:https://x.example/d/17')
    assert.equal(stored['owner_org'], ckan.rooms.organization[0]?.['id'])
    assert.deepEqual(stored['groups'], [{ id: ckan.rooms.group[0]?.['id'] }])
    assert.equal(extrasOf(stored)['theme'], 'mobility')
    seen.length = 0
    const second = await client().sync('city-portal', portal)
    assert.deepEqual(
      [second.datasets, second.groups],
      [
        { ...none, unchanged: 1 },
        { ...none, unchanged: 1 },
      ],
    )
    assert.deepEqual(writesOf(seen), [])
    assert.ok(!seen.some((request) => request.path.endsWith('package_show')))
  }))

test('lists, iterables and streams are keyed by id; what is gone is wiped, and its name is free for the next', () =>
  withCatalogue(async ({ ckan, client }) => {
    const datasets = (ids: string[]) => ids.map((id) => ({ id, name: `dataset-${id}`, title: id.toUpperCase() }))
    await client().sync('s', { datasets: datasets(['a', 'b', 'c']) })
    assert.deepEqual(activeNames(ckan), { 's:a': 'dataset-a', 's:b': 'dataset-b', 's:c': 'dataset-c' })
    const fewer = await client().sync('s', { dataset: new Set(datasets(['b', 'c', 'd'])) })
    assert.deepEqual(fewer.datasets, { ...none, created: 1, deleted: 1, unchanged: 2 })
    const moved = stream([
      { id: 'x', name: 'dataset-b' },
      { id: 'd', name: 'dataset-d', title: 'Changed' },
    ])
    const last = await client().sync('s', { datasets: moved }, { collectItems: true })
    assert.deepEqual(last.datasets, { ...none, created: 1, updated: 1, deleted: 2 })
    assert.deepEqual(activeNames(ckan), { 's:d': 'dataset-d', 's:x': 'dataset-b' })
    const updated = last.items.find((item) => item.action === 'update')
    assert.deepEqual(updated?.changedFields, ['title'])
    const deleted = last.items.filter((item) => item.action === 'delete').map((item) => [item.sourceId, item.name])
    assert.deepEqual(deleted.sort(), [
      ['b', 'dataset-b'],
      ['c', 'dataset-c'],
    ])
  }))

test('other sources and datasets made by hand are left alone, whatever their extra says', () =>
  withCatalogue(async ({ ckan, client, high }) => {
    await high.createDataset({ name: 'by-hand' })
    for (const [at, origin] of ['', ':', 'x', 'x:', ':x', 'other:https://x.example/a:b:c', 'ss:1'].entries()) {
      await high.createDataset({ name: `foreign-${at}`, extras: { [HARVEST_SOURCE_KEY]: origin } })
    }
    await client().sync('s', { datasets: { 'https://x.example:80/a:b': { name: 'mine' } } })
    const report = await client({ allowEmptySource: true }).sync('s', { datasets: {} })
    assert.deepEqual(report.datasets, { ...none, deleted: 1 })
    assert.equal(ckan.rooms.package.filter((one) => one['state'] === 'active').length, 8)
  }))

test('source ids may hold colons, names of sources may not', () => {
  assert.equal(joinSourceId('s', 'https://x'), 's:https://x')
  assert.deepEqual(parseSourceId('s:https://x'), { sourceName: 's', sourceId: 'https://x' })
  for (const value of ['', ':', 's', 's:', ':x', null, 7, undefined]) assert.equal(parseSourceId(value), null)
  for (const name of ['', 'a:b']) assert.throws(() => joinSourceId(name, 'x'), TypeError)
  assert.throws(() => joinSourceId('s', ''), TypeError)
})

test('groups and organizations: create leaves what is there, update overwrites it, both bring back what was deleted', () =>
  withCatalogue(async ({ ckan, client, high }) => {
    const group = await high.createGroup({ name: 'g', title: 'By hand', extras: { kept: '1' } })
    const organization = await high.createOrganization({ name: 'o', title: 'By hand' })
    await high.lowLevel.deleteGroup(String(group.id), { purge: false })
    await high.lowLevel.deleteOrganization(String(organization.id), { purge: false })
    const data = { groups: { g: { title: 'From source' } }, organizations: [{ name: 'o', title: 'From source' }], datasets: [] }
    const created = await client().sync('s', data, { collectItems: true })
    assert.deepEqual(
      [created.groups, created.organizations],
      [
        { ...none, updated: 1 },
        { ...none, updated: 1 },
      ],
    )
    assert.deepEqual(
      created.items.map((item) => item.changedFields),
      [['state'], ['state']],
    )
    assert.deepEqual([ckan.rooms.group[0]?.['title'], ckan.rooms.group[0]?.['state']], ['By hand', 'active'])
    const strategies = { groupMergeStrategy: 'update', organizationMergeStrategy: 'update' } as const
    await client(strategies).sync('s', data)
    assert.deepEqual([ckan.rooms.group[0]?.['title'], ckan.rooms.organization[0]?.['title']], ['From source', 'From source'])
    assert.deepEqual((await client(strategies).sync('s', data)).groups, { ...none, unchanged: 1 })
    assert.deepEqual((await client().sync('s', { datasets: [] })).groups, none)
    assert.equal(ckan.rooms.group.length, 1)
  }))

test('a group whose name is the id of another one is not taken for it', () =>
  withCatalogue(async ({ ckan, client, high }) => {
    const { id } = await high.createGroup({ name: 'g', title: 'G' })
    const report = await client({ groupMergeStrategy: 'update' }).sync('s', { groups: { [id]: { title: 'New' } }, datasets: [] })
    assert.deepEqual(report.groups, { ...none, created: 1 })
    assert.deepEqual(
      ckan.rooms.group.map((group) => [group['name'], group['title']]),
      [
        ['g', 'G'],
        [id, 'New'],
      ],
    )
  }))

for (const [deleteMode, state] of [
  ['delete', 'deleted'],
  ['wipe', 'deleted'],
  ['purge', undefined],
] as const) {
  test(`what has vanished is removed by ${deleteMode}; without deleteMissing nothing is`, () =>
    withCatalogue(async ({ ckan, client }) => {
      await client().sync('s', {
        datasets: [
          { id: '1', name: 'a' },
          { id: '2', name: 'b' },
        ],
      })
      const without = await client({ deleteMissing: false }).sync('s', {
        datasets: [
          { id: '2', name: 'b' },
          { id: '1', state: 'deleted' },
        ],
      })
      assert.deepEqual(without.datasets, { ...none, unchanged: 1, skipped: 1 })
      await client({ deleteMode }).sync('s', { datasets: [{ id: '2', name: 'b' }] })
      const gone = ckan.rooms.package.find((one) => extrasOf(one)[HARVEST_SOURCE_KEY] === 's:1')
      assert.equal(gone?.['state'], state)
      if (deleteMode === 'wipe') assert.match(String(gone?.['name']), /^deleted-[a-z0-9]{10}$/)
      if (deleteMode === 'delete') assert.equal(gone?.['name'], 'a')
    }))
}

test('transform changes records, and what it leaves out is neither written nor deleted', () =>
  withCatalogue(async ({ ckan, client }) => {
    await client().sync('s', { datasets: { 1: { name: 'a' }, 2: { name: 'b' }, 3: { name: 'c' } } })
    const own = { identifier: '1', name: 'a', secret: 'x' }
    const transform = async ({ identifier, name }: PlainRecord) => (name === 'b' ? null : { id: identifier, name, title: 'T' })
    const report = await client({ transform }).sync('s', { datasets: [own, { id: '2', name: 'b' }, { id: '4', name: 'd' }] })
    assert.deepEqual(report.datasets, { ...none, created: 1, updated: 1, deleted: 1, skipped: 1 })
    assert.equal(storedOf(ckan, 's:1')['title'], 'T')
    assert.deepEqual(own, { identifier: '1', name: 'a', secret: 'x' })
    const failing = client({ transform: () => assert.fail('no') })
    const failed = await failing.sync('s', { datasets: [{ id: '1' }, { id: '2' }, { id: '4' }] })
    assert.deepEqual(failed.datasets, { ...none, failed: 3 })
    assert.equal(failed.errors[0]?.error?.message, 'transform failed: no')
  }))

test('a name that is taken gets six digits, a long one is cut, and a name that frees up later in the run is waited for', () =>
  withCatalogue(async ({ ckan, client, high }) => {
    await high.createDataset({ name: 'taken' })
    const long = 'x'.repeat(120)
    await client().sync('s', {
      datasets: [
        { id: '1', name: 'taken' },
        { id: '2', name: long },
        { id: '3', name: long },
      ],
    })
    const names = activeNames(ckan)
    assert.match(String(names['s:1']), /^taken-\d{6}$/)
    const cut = [names['s:2'], names['s:3']].map(String).sort((a, b) => a.length - b.length)
    assert.match(cut[0] ?? '', /^x{80}-\d{6}$/)
    assert.equal(cut[1], 'x'.repeat(100))
    const renamed = client({ datasetPreserveNames: false })
    const data = {
      datasets: [
        { id: '1', name: 'taken', notes: 'N' },
        { id: '9', name: 'free' },
      ],
    }
    const report = await renamed.sync('s', data)
    assert.deepEqual(report.datasets, { ...none, created: 1, updated: 1, deleted: 2 })
    assert.equal(storedOf(ckan, 's:1')['notes'], 'N')
    assert.match(String(storedOf(ckan, 's:1')['name']), /^taken-\d{6}$/)
    assert.deepEqual((await renamed.sync('s', data)).datasets, { ...none, unchanged: 2 })
  }))

test('a dry run reads and compares everything, and writes nothing', () =>
  withCatalogue(async ({ client, seen }) => {
    await client().sync('s', { datasets: { 1: { name: 'a' }, 2: { name: 'b' }, 3: { name: 'c' } } })
    seen.length = 0
    const data = { groups: { g: {} }, datasets: { 1: { name: 'a' }, 2: { name: 'b', title: 'New', groups: ['g'] }, 4: { name: 'd', groups: ['g'] } } }
    const report = await client({ dryRun: true }).sync('s', data, { collectItems: true })
    assert.deepEqual(
      [report.datasets, report.groups],
      [
        { ...none, created: 1, updated: 1, deleted: 1, unchanged: 1 },
        { ...none, created: 1 },
      ],
    )
    assert.deepEqual([report.dryRun, report.status], [true, 'complete'])
    assert.deepEqual(writesOf(seen), [])
    const created = report.items.filter((item) => item.action === 'create').map(({ kind, ckanId, name }) => [kind, ckanId, name])
    assert.deepEqual(created, [
      ['group', null, 'g'],
      ['dataset', null, 'd'],
    ])
    assert.deepEqual(report.items.find((item) => item.action === 'update')?.changedFields, ['title', 'groups'])
  }))

test('items come one by one, and leaving the loop ends the run', () =>
  withCatalogue(async ({ client, seen }) => {
    const datasets = Array.from({ length: 30 }, (_, at) => ({ id: `${at}`, name: `d-${at}` }))
    const run = client({ concurrency: 2 }).iterSync('s', { datasets })
    const items: SyncItem[] = []
    let next = await run.next()
    for (; !next.done; next = await run.next()) items.push(next.value)
    assert.equal(items.length, 30)
    assert.deepEqual(next.value.datasets, { ...none, created: 30 })
    seen.length = 0
    let taken = 0
    let closed = false
    async function* changed() {
      try {
        for (const dataset of datasets) {
          taken++
          yield { ...dataset, title: 'New' }
        }
      } finally {
        closed = true
      }
    }
    for await (const item of client({ concurrency: 2 }).iterSync('s', { datasets: changed() })) {
      assert.equal(item.action, 'update')
      break
    }
    assert.ok(closed)
    // One item taken, four in the channel, two with the workers.
    assert.ok(taken <= 1 + 4 + 2 + 2, `${taken} were taken`)
    assert.throws(() => client().iterSync('a:b', { datasets }), TypeError)
  }))

test('no more requests than allowed are in flight, and no more records are taken than can be worked on', () =>
  withCatalogue(async ({ url }) => {
    let flying = 0
    let most = 0
    const slow: typeof fetch = async (input, init) => {
      most = Math.max(most, ++flying)
      try {
        return await fetch(input, init)
      } finally {
        flying--
      }
    }
    let taken = 0
    let finished = 0
    let ahead = 0
    async function* source() {
      for (; taken < 40; taken++) {
        ahead = Math.max(ahead, taken + 1 - finished)
        yield { id: `${taken}`, name: `d-${taken}`, groups: ['g'] }
      }
    }
    const onProgress = ({ phase, done }: { phase: string; done: number }) => {
      if (phase === 'datasets') finished = done
    }
    const client = new CkanSyncClient(url, { apiKey: 'the-key-of-the-sysadmin', fetch: slow, concurrency: 3, onProgress })
    assert.equal((await client.sync('s', { groups: [{ name: 'g' }], datasets: source() })).datasets.created, 40)
    assert.equal(most, 3)
    assert.ok(ahead <= 6, `${ahead} were taken and not finished`)
  }))

test('progress goes through the phases, counts, and knows the total of what is in memory', () =>
  withCatalogue(async ({ client }) => {
    await client().sync('s', { datasets: { 1: { name: 'a' }, 2: { name: 'b' } } })
    const lines: string[] = []
    const onProgress: SyncOptions['onProgress'] = (p) => lines.push(`${p.phase} ${p.done}/${p.total} +${p.created} -${p.deleted} =${p.unchanged}`)
    await client({ onProgress, concurrency: 1 }).sync('s', { groups: [{ name: 'g' }], datasets: { 1: { name: 'a' }, 3: { name: 'c' } } })
    assert.deepEqual(lines, [
      'organizations 0/0 +0 -0 =0',
      'groups 0/1 +0 -0 =0',
      'groups 1/1 +1 -0 =0',
      'index 0/null +1 -0 =0',
      'index 1/null +1 -0 =0',
      'index 2/null +1 -0 =0',
      'delete 0/1 +1 -0 =0',
      'delete 1/1 +1 -1 =0',
      'datasets 0/2 +1 -1 =0',
      'datasets 1/2 +1 -1 =1',
      'datasets 2/2 +2 -1 =1',
      'done 0/null +2 -1 =1',
    ])
  }))

test('options that are unknown or of no use are refused before anything is sent', () =>
  withCatalogue(async ({ client, seen }) => {
    const wrong: object[] = [
      { groupMergeStrategy: 'replace' },
      { organizationMergeStrategy: 'x' },
      { datasetGroupMergeStrategy: 'create' },
      { deleteMode: 'erase' },
      { onError: 'ignore' },
      { concurrency: 0 },
      { maxDeleteFraction: 50 },
      { maxDeleteFracton: 0.5 },
      { keepFields: 'extras' },
      { dryRun: 'yes' },
    ]
    for (const options of wrong) assert.throws(() => client(options), TypeError, JSON.stringify(options))
    const calls: [unknown, unknown, unknown?][] = [
      ['', { datasets: [] }],
      ['a:b', { datasets: [] }],
      ['s', {}],
      ['s', { datasets: 'text' }],
      ['s', { datasets: 7 }],
      ['s', { datasets: [], dataset: [] }],
      ['s', { dataset: [], organisations: [] }],
      ['s', { datasets: [] }, { resume: true }],
      ['s', { datasets: [] }, { incrementel: true }],
    ]
    for (const call of calls) await assert.rejects(Reflect.apply(client().sync, client(), call), TypeError, JSON.stringify(call))
    assert.deepEqual(seen, [])
  }))

test('records of the catalogue that came twice from one record are made one again', () =>
  withCatalogue(async ({ ckan, client, high }) => {
    for (const name of ['a', 'b']) await high.createDataset({ name, extras: { [HARVEST_SOURCE_KEY]: 's:1' } })
    const incremental = await client().sync('s', { datasets: { 1: { name: 'a' } } }, { incremental: true })
    assert.deepEqual(incremental.datasets, { ...none, unchanged: 1 })
    const report = await client().sync('s', { datasets: { 1: { name: 'a' } } })
    assert.deepEqual(report.datasets, { ...none, unchanged: 1, deleted: 1 })
    storedOf(ckan, 's:1')
  }))

test('unchanged datasets cost no request even where the server has more than the source', () =>
  withCatalogue(async ({ ckan, client, seen }) => {
    const datasets = { 1: { name: 'a', groups: ['g'], frequency: 'daily', resources: [{ url: 'u', name: 'n' }] } }
    await client().sync('s', { groups: [{ name: 'g' }, { name: 'h' }], datasets })
    const stored = storedOf(ckan, 's:1')
    stored['groups'] = ckan.rooms.group.map((group) => ({ id: group['id'] }))
    Object.assign((stored['resources'] as PlainRecord[])[0] ?? {}, { format: 'CSV' })
    seen.length = 0
    assert.deepEqual((await client().sync('s', { datasets })).datasets, { ...none, unchanged: 1 })
    assert.deepEqual(
      seen.map((request) => request.path.split('/').at(-1)),
      ['package_search', 'package_search', 'group_show'],
    )
    assert.equal(bodyOf(seen[2])['include_datasets'], false)
  }))

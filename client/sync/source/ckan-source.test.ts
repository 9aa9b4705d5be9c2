import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CkanLowLevelClient, type CkanSourceOptions, ckanSource, HARVEST_SOURCE_KEY } from '../../index.ts'
import type { PlainRecord } from '../../record.ts'
import { ADMIN_KEY, ForeignCkan } from '../../testing/foreign-ckan.ts'
import { type SeenRequest, success } from '../../testing/scripted-server.ts'
import { actionOf, activeNames, bodyOf, syncErrorOf, withCatalogue } from '../../testing/sync-stage.ts'
import { withServer } from '../../testing/with-server.ts'

const none = { created: 0, updated: 0, deleted: 0, unchanged: 0, skipped: 0, failed: 0 }

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Another catalogue with so many datasets. */
async function foreignWith(names: string[]): Promise<ForeignCkan> {
  const foreign = new ForeignCkan()
  await withServer(foreign.answer, async ({ url }) => {
    const client = new CkanLowLevelClient(url, { apiKey: ADMIN_KEY })
    for (const name of names) await client.createDataset({ name, title: name.toUpperCase() })
  })
  return foreign
}

const idOf = (foreign: ForeignCkan, name: string) => String(foreign.rooms.package.find((one) => one['name'] === name)?.['id'])
const fqOf = (seen: SeenRequest[]) => bodyOf(seen[0])['fq']

test('datasets of another catalogue come with names for ids, and without what means something there only', () => {
  const record: PlainRecord = {
    id: 'f-1',
    name: 'a',
    type: 'dataset',
    owner_org: 'org-id',
    organization: { id: 'org-id', name: 'org-name' },
    groups: [{ id: 'g-id', name: 'g-name' }],
    tags: [
      { id: 't', name: 'bus', vocabulary_id: null },
      { name: 'EU', vocabulary_id: 'v' },
    ],
    resources: [{ id: 'r', url: 'u', url_type: 'upload', revision_id: 'x' }],
    revision_id: 'r-1',
    frequency: 'daily',
  }
  const pages = [[record, { id: 'f-2', name: 'h', type: 'harvest' }], []]
  return withServer(
    () => success({ count: 2, results: pages.shift() }),
    async ({ url }) => {
      const [first, ...others] = await collect(ckanSource(url))
      assert.deepEqual(others, [])
      const { owner_org: owner, groups, tags, resources, frequency } = first ?? {}
      assert.deepEqual(
        [owner, groups, tags, resources, frequency],
        ['org-name', ['g-name'], [{ name: 'bus' }, { name: 'EU' }], [{ id: 'r', url: 'u' }], 'daily'],
      )
    },
  )
})

const filters: [CkanSourceOptions, string | undefined][] = [
  [{}, undefined],
  [{ fq: 'tags:bus OR tags:rail' }, 'tags:bus OR tags:rail'],
  [{ since: new Date('2026-01-01T12:00:00Z') }, 'metadata_modified:[2026-01-01T11:00:00.000Z TO *]'],
  [
    { since: '2026-01-01T12:00:00Z', overlapMs: 0, fq: 'tags:bus OR tags:rail' },
    '(tags:bus OR tags:rail) AND metadata_modified:[2026-01-01T12:00:00.000Z TO *]',
  ],
]

for (const [options, expected] of filters) {
  test(`the filter of ${JSON.stringify(options)}`, () =>
    withServer(
      () => success({ count: 0, results: [] }),
      async ({ url, seen }) => {
        await collect(ckanSource(url, { ...options, pageSize: 7 }))
        assert.equal(fqOf(seen), expected)
        assert.equal(bodyOf(seen[0])['rows'], 7)
      },
    ))
}

test('options of no use are refused', () => {
  const wrong: object[] = [
    { since: 'yesterday' },
    { overlapMs: -1 },
    { pageSize: 0 },
    { fq: 7 },
    { changesSince: -1 },
    { changesSince: 1, fq: 'x' },
    { changesSince: 1, since: new Date() },
  ]
  for (const options of wrong) assert.throws(() => ckanSource('https://x.example', options), TypeError, JSON.stringify(options))
  assert.throws(() => ckanSource('not a url'), TypeError)
})

test('a catalogue is kept in step with another one', async () => {
  const foreign = await foreignWith(['a', 'b', 'c'])
  await withServer(foreign.answer, ({ url }) =>
    withCatalogue(async ({ ckan, client }) => {
      assert.equal((await client().sync('other', { datasets: ckanSource(url, { pageSize: 2 }) })).datasets.created, 3)
      foreign.rooms.package.splice(0, 1)
      const report = await client().sync('other', { datasets: ckanSource(url) })
      assert.deepEqual(report.datasets, { ...none, unchanged: 2, deleted: 1 })
      assert.deepEqual(Object.values(activeNames(ckan)).sort(), ['b', 'c'])
    }),
  )
})

test('a partial source needs an incremental run, since it would delete what it leaves out', () =>
  withCatalogue(async ({ client, seen }) => {
    for (const options of [{ since: new Date() }, { changesSince: 0 }]) {
      const datasets = ckanSource('https://other.example', options)
      await assert.rejects(client().sync('other', { datasets }), /incremental: true/)
    }
    assert.deepEqual(seen, [])
  }))

test('a dataset that a page passed over while the source changed is asked for, and stays', async () => {
  const foreign = await foreignWith(['a', 'b', 'c', 'd', 'e'])
  const ids = foreign.rooms.package.map((one) => String(one['id'])).sort()
  let isShaking = false
  const answer = (request: SeenRequest) => {
    const result = foreign.answer(request)
    // The first dataset goes after the first page was given: all others move up by one, and the third is on no page.
    if (isShaking && bodyOf(request)['start'] === 0 && bodyOf(request)['fq'] === undefined) {
      foreign.rooms.package.splice(
        foreign.rooms.package.findIndex((one) => one['id'] === ids[0]),
        1,
      )
    }
    return result
  }
  await withServer(answer, ({ url }) =>
    withCatalogue(async ({ ckan, client }) => {
      await client().sync('other', { datasets: ckanSource(url) })
      isShaking = true
      const report = await client().sync('other', { datasets: ckanSource(url, { pageSize: 2 }) }, { collectItems: true })
      assert.deepEqual(report.datasets, { ...none, unchanged: 4, skipped: 1 })
      assert.equal(report.items.find((item) => item.action === 'skip')?.sourceId, ids[2])
      assert.equal(Object.keys(activeNames(ckan)).length, 5)
      isShaking = false
      assert.deepEqual((await client().sync('other', { datasets: ckanSource(url) })).datasets, { ...none, unchanged: 4, deleted: 1 })
    }),
  )
})

test('a second copy of a dataset is deleted although the other catalogue still has the first', async () => {
  const foreign = await foreignWith(['a'])
  await withServer(foreign.answer, ({ url }) =>
    withCatalogue(async ({ ckan, client, high }) => {
      const origin = `other:${idOf(foreign, 'a')}`
      for (const name of ['a', 'copy']) await high.createDataset({ name, extras: { [HARVEST_SOURCE_KEY]: origin } })
      const report = await client().sync('other', { datasets: ckanSource(url) })
      assert.equal(report.datasets.deleted, 1)
      assert.equal(Object.keys(activeNames(ckan)).length, 1)
    }),
  )
})

test('what meets the condition of a source no more has gone from it', async () => {
  const foreign = await foreignWith(['a', 'b'])
  const [gone] = foreign.rooms.package
  await withServer(foreign.answer, ({ url }) =>
    withCatalogue(async ({ ckan, client }) => {
      for (const [change, left] of [
        [{}, 2],
        [{ type: 'harvest' }, 1],
      ] as const) {
        Object.assign(gone ?? {}, change)
        await client().sync('other', { datasets: ckanSource(url, { fq: 'metadata_modified:[2000 TO *]' }) })
        assert.equal(Object.keys(activeNames(ckan)).length, left)
      }
      Object.assign(gone ?? {}, { type: 'dataset' })
      for (const [modified, left] of [
        ['2020', 2],
        ['1999', 1],
      ] as const) {
        Object.assign(gone ?? {}, { metadata_modified: modified })
        await client().sync('other', { datasets: ckanSource(url, { fq: 'metadata_modified:[2000 TO *]' }) })
        assert.equal(Object.keys(activeNames(ckan)).length, left)
      }
    }),
  )
})

test('a catalogue that is empty overnight, or answers with a page of its proxy, costs no dataset', async () => {
  const foreign = await foreignWith(['a', 'b'])
  const broken = new Map([
    ['EMPTY_SOURCE', success({ count: 0, results: [] })],
    ['SOURCE_FAILED', { body: '<h1>Maintenance</h1>' }],
  ])
  await withCatalogue(async ({ ckan, client }) => {
    await withServer(foreign.answer, async ({ url }) => void (await client().sync('other', { datasets: ckanSource(url) })))
    for (const [code, answer] of broken) {
      await withServer(
        () => answer,
        async ({ url }) => {
          const source = ckanSource(new CkanLowLevelClient(url, { retries: 0 }))
          assert.equal((await syncErrorOf(client().sync('other', { datasets: source }))).code, code)
        },
      )
    }
    assert.equal(Object.keys(activeNames(ckan)).length, 2)
  })
})

interface Change {
  no: number
  kind: string
  id: string
  what: string
}

/** A catalogue with a feed of changes, given in pages of two. */
const withFeed = (foreign: ForeignCkan, feed: Change[]) => (request: SeenRequest) => {
  const url = new URL(request.path, 'http://x')
  if (url.pathname !== '/changes') return foreign.answer(request)
  const since = Number(url.searchParams.get('since'))
  const changes = feed.filter((one) => one.no > since).slice(0, 2)
  return { body: { changes, last: changes.at(-1)?.no ?? since } }
}

test('the feed of a Millrace says what changed and what was deleted, each dataset once', async () => {
  const foreign = await foreignWith(['a', 'b', 'c', 'd'])
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => idOf(foreign, name)) as [string, string, string, string]
  await withCatalogue(async ({ ckan, client }) => {
    await withServer(foreign.answer, async ({ url }) => void (await client().sync('other', { datasets: ckanSource(url) })))
    const feed = [
      { no: 1, kind: 'dataset', id: d, what: 'updated' },
      { no: 2, kind: 'dataset', id: a, what: 'updated' },
      { no: 3, kind: 'group', id: 'g', what: 'deleted' },
      { no: 4, kind: 'dataset', id: a, what: 'updated' },
      { no: 5, kind: 'dataset', id: b, what: 'deleted' },
      { no: 6, kind: 'dataset', id: c, what: 'updated' },
    ]
    Object.assign(foreign.rooms.package.find((one) => one['id'] === a) ?? {}, { title: 'Changed' })
    foreign.rooms.package = foreign.rooms.package.filter((one) => one['id'] !== b && one['id'] !== c)
    await withServer(withFeed(foreign, feed), async ({ url, seen }) => {
      const datasets = ckanSource(url, { changesSince: 1 })
      assert.equal(datasets.lastChange, null)
      const report = await client().sync('other', { datasets }, { incremental: true })
      assert.deepEqual(report.datasets, { ...none, updated: 1, deleted: 2 })
      assert.equal(datasets.lastChange, 6)
      assert.equal(seen.filter((request) => actionOf(request) === 'package_show').length, 2)
    })
    assert.deepEqual(Object.values(activeNames(ckan)).sort(), ['a', 'd'])
  })
})

test('what the feed names and this caller may not see is left as it is; a server without feed is no source of changes', async () => {
  const foreign = await foreignWith(['a'])
  const id = idOf(foreign, 'a')
  Object.assign(foreign.rooms.package[0] ?? {}, { state: 'private' })
  await withServer(withFeed(foreign, [{ no: 1, kind: 'dataset', id, what: 'updated' }]), async ({ url }) => {
    assert.deepEqual(await collect(ckanSource(url, { changesSince: 0 })), [])
  })
  for (const body of ['<h1>hello</h1>', { changes: 7 }, { success: true, result: [] }]) {
    await withServer(
      () => ({ body }),
      async ({ url }) => assert.rejects(collect(ckanSource(url, { changesSince: 0 })), { code: 'PROTOCOL' }),
    )
  }
})

test('the origin that a dataset has in the other catalogue gives way to this one', async () => {
  const foreign = await foreignWith(['a'])
  Object.assign(foreign.rooms.package[0] ?? {}, {
    extras: [
      { key: HARVEST_SOURCE_KEY, value: 'third:9' },
      { key: 'k', value: 'v' },
    ],
  })
  await withServer(foreign.answer, ({ url }) =>
    withCatalogue(async ({ ckan, client }) => {
      await client().sync('other', { datasets: ckanSource(url) })
      assert.deepEqual(activeNames(ckan), { [`other:${idOf(foreign, 'a')}`]: 'a' })
    }),
  )
})

// Sources and catalogues that misbehave: the run ends with a report that is true, and nothing is deleted that should not be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CkanLowLevelClient, ckanSource, type SyncOptions } from '../index.ts'
import type { PlainRecord } from '../record.ts'
import { ADMIN_KEY, ForeignCkan } from '../testing/foreign-ckan.ts'
import { refusal, type ScriptedAnswer, type SeenRequest, success } from '../testing/scripted-server.ts'
import { actionOf, activeNames, bodyOf, extrasOf, storedOf, stream, syncErrorOf, withCatalogue, writesOf } from '../testing/sync-stage.ts'
import { withServer } from '../testing/with-server.ts'

const none = { created: 0, updated: 0, deleted: 0, unchanged: 0, skipped: 0, failed: 0 }
const many = (count: number, values: PlainRecord = {}) => Array.from({ length: count }, (_, at) => ({ id: `${at}`, name: `d-${at}`, ...values }))
const html: ScriptedAnswer = { body: '<html><h1>Maintenance</h1></html>' }
const cut: ScriptedAnswer = { body: '{"success": true, "result": {"results": [{"id": "0", "na' }

test('ids that come twice: the first record counts, the other one fails, and neither deletes anything', () =>
  withCatalogue(async ({ ckan, client }) => {
    const twice = [
      { id: 'a', name: 'first' },
      { id: 'b', name: 'other' },
      { id: 'a', name: 'second' },
      { id: 7, name: 'seven' },
      { id: '7', name: 'seven' },
    ]
    for (const datasets of [twice, stream(twice)]) {
      const report = await client({ concurrency: 1 }).sync('s', { datasets })
      assert.deepEqual([report.status, report.datasets.failed, report.datasets.deleted], ['partial', 2, 0])
      assert.deepEqual(
        report.errors.map((item) => [item.sourceId, item.error?.code]),
        [
          ['a', 'DUPLICATE_ID'],
          ['7', 'DUPLICATE_ID'],
        ],
      )
      assert.deepEqual(activeNames(ckan), { 's:7': 'seven', 's:a': 'first', 's:b': 'other' })
    }
    const groups = await client().sync('s', { groups: [{ name: 'g' }, { name: 'g' }, {}, 7 as unknown as object], datasets: twice })
    assert.deepEqual([groups.groups.created, groups.groups.failed], [1, 3])
  }))

test('groups and organizations that are nowhere fail their datasets only; those of the catalogue are found by name and id, each asked for once', () =>
  withCatalogue(async ({ ckan, client, high, seen }) => {
    const group = await high.createGroup({ name: 'known' })
    const organization = await high.createOrganization({ name: 'owner' })
    const gone = await high.createGroup({ name: 'gone' })
    await high.lowLevel.deleteGroup(gone.id, { purge: false })
    seen.length = 0
    const good = { groups: ['known', group.id, { name: 'known', id: 'foreign' }], owner_org: 'owner' }
    const datasets = [
      ...many(5, good),
      { id: 'x', name: 'x', groups: ['nothing'] },
      { id: 'y', name: 'y', owner_org: 'nobody' },
      { id: 'z', name: 'z', groups: ['gone'] },
    ]
    const report = await client().sync('s', { datasets })
    assert.deepEqual(report.datasets, { ...none, created: 5, failed: 3 })
    assert.deepEqual(report.errors.map((item) => `${item.sourceId} ${item.error?.code}`).sort(), [
      'x UNKNOWN_GROUP',
      'y UNKNOWN_ORGANIZATION',
      'z UNKNOWN_GROUP',
    ])
    const { groups, owner_org: owner } = storedOf(ckan, 's:3')
    assert.deepEqual([groups, owner], [[{ id: group.id }], organization.id])
    assert.equal(seen.filter((request) => /_show$/.test(request.path) && bodyOf(request)['id'] === 'known').length, 1)
  }))

test('a dataset with 8,000 resources takes one request, and its resources keep their ids', () =>
  withCatalogue(async ({ ckan, client, seen }) => {
    const resources = Array.from({ length: 8000 }, (_, at) => ({ url: `https://x.example/${at}.csv`, name: `File ${at}`, format: 'CSV' }))
    await client().sync('s', { datasets: { 1: { name: 'huge', resources } } })
    assert.deepEqual(writesOf(seen), ['package_create'])
    const ids = (storedOf(ckan, 's:1')['resources'] as PlainRecord[]).map((resource) => resource['id'])
    seen.length = 0
    await client().sync('s', { datasets: { 1: { name: 'huge', resources } } })
    assert.deepEqual(writesOf(seen), [])
    const changed = [...resources.slice(1), { url: 'https://x.example/new.csv' }]
    const report = await client().sync('s', { datasets: { 1: { name: 'huge', resources: changed } } })
    assert.deepEqual([report.datasets.updated, writesOf(seen)], [1, ['package_update']])
    const after = (storedOf(ckan, 's:1')['resources'] as PlainRecord[]).map((resource) => resource['id'])
    assert.deepEqual(after.slice(0, -1), ids.slice(1))
  }))

test('texts that UTF-8 cannot hold are stored with U+FFFD, and compared like that; an id that it cannot hold is refused', () =>
  withCatalogue(async ({ ckan, client }) => {
    const odd = { name: 'a', title: 'A\ud800', extras: { 'k\udfff': 'v\ud800' }, resources: [{ url: 'u', name: '\udc00' }] }
    for (const expected of ['created', 'unchanged'] as const) assert.equal((await client().sync('s', { datasets: { 1: odd } })).datasets[expected], 1)
    const stored = storedOf(ckan, 's:1')
    assert.deepEqual([stored['title'], extrasOf(stored)['k\ufffd']], ['A\ufffd', 'v\ufffd'])
    for (const datasets of [[{ id: '1\ud800', name: 'b' }], stream([{ id: '1\ud800', name: 'b' }])]) {
      const report = await client().sync('s', { datasets })
      assert.deepEqual([report.errors[0]?.error?.code, report.datasets.deleted], ['INVALID_DATA', 0])
    }
    storedOf(ckan, 's:1')
    await assert.rejects(client().sync('s\ud800', { datasets: {} }), TypeError)
  }))

test('records that are no datasets fail alone; while one of them has no id, nothing that is missing is deleted', () =>
  withCatalogue(async ({ ckan, client }) => {
    await client().sync('s', { datasets: many(3) })
    const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], 1)
    const circle: PlainRecord = { id: 'c', name: 'c' }
    circle['self'] = circle
    const bad: unknown[] = [null, 'text', [], { name: 'without-id' }, { id: '', name: 'empty-id' }, { id: {}, name: 'odd-id' }]
    const worse: unknown[] = [
      { id: 'd', name: 'd', deep },
      circle,
      { id: 'e', name: 7 },
      { id: 'f', name: 'f', size: 3n, extras: 7 },
      { id: 'g', name: 'g', tags: [7] },
    ]
    for (const datasets of [[...bad, ...worse], stream([...bad, ...worse])] as Iterable<object>[]) {
      const report = await client().sync('s', { datasets })
      assert.deepEqual(report.datasets, { ...none, failed: bad.length + worse.length })
      assert.ok(report.errors.every((item) => item.error?.code === 'INVALID_DATA'))
    }
    for (const datasets of [worse, stream(worse)] as Iterable<object>[]) {
      assert.deepEqual((await client().sync('s', { datasets })).datasets, { ...none, failed: worse.length, deleted: datasets === worse ? 3 : 0 })
    }
    assert.deepEqual(activeNames(ckan), {})
  }))

test('names of built-in properties are ids and keys like any other', () =>
  withCatalogue(async ({ ckan, client }) => {
    const extras = JSON.parse('{"__proto__": "p", "constructor": "c"}')
    const datasets = JSON.parse('{"__proto__": {"name": "a"}, "constructor": {"name": "b"}}')
    datasets.constructor.extras = extras
    for (const expected of ['created', 'unchanged'] as const) assert.equal((await client().sync('s', { datasets })).datasets[expected], 2)
    const stored = new Map(Object.entries(extrasOf(storedOf(ckan, 's:constructor'))))
    assert.deepEqual([stored.get('constructor'), stored.get('__proto__')], ['c', 'p'])
  }))

const broken: [string, ScriptedAnswer, string][] = [
  ['times out', { fault: 'hang' }, 'TIMEOUT'],
  ['answers HTML', html, 'PROTOCOL'],
  ['answers HTML with a status', { ...html, status: 502 }, 'UNAVAILABLE'],
  ['cuts JSON short', cut, 'PROTOCOL'],
  ['breaks the connection', { fault: 'cut', body: { success: true, result: 'x'.repeat(1000) } }, 'NETWORK'],
  ['forbids', refusal(403, { __type: 'Authorization Error', message: 'no' }), 'NOT_AUTHORIZED'],
]

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)
const impatient: SyncOptions = { timeoutMs: 300, retries: 0 }

for (const [what, answer, code] of broken) {
  test(`a catalogue that ${what} while it is read ends the run before anything is written`, () => {
    let isBroken = false
    return withCatalogue(
      async ({ ckan, client, seen }) => {
        await client().sync('s', { datasets: many(5) })
        isBroken = true
        seen.length = 0
        const error = await syncErrorOf(client({ ...impatient, pageSize: 2 }).sync('s', { datasets: many(2, { title: 'New' }) }))
        assert.deepEqual([error.code, codeOf(error.cause), error.report.datasets], ['CATALOGUE_FAILED', code, none])
        assert.deepEqual(writesOf(seen), [])
        assert.equal(Object.keys(activeNames(ckan)).length, 5)
      },
      (ckan) => (request) => (isBroken && bodyOf(request)['start'] === 2 ? answer : ckan.answer(request)),
    )
  })

  test(`a catalogue that ${what} at one write fails that item alone, and the next run makes it good`, () => {
    let isBroken = true
    return withCatalogue(
      async ({ ckan, client }) => {
        const report = await client(impatient).sync('s', { datasets: many(4) })
        assert.deepEqual([report.status, report.datasets], ['partial', { ...none, created: 3, failed: 1 }])
        assert.deepEqual(
          report.errors.map((item) => [item.sourceId, item.error?.code]),
          [['2', code]],
        )
        isBroken = false
        assert.deepEqual((await client().sync('s', { datasets: many(4) })).datasets.failed, 0)
        assert.deepEqual(Object.keys(activeNames(ckan)), ['s:0', 's:1', 's:2', 's:3'])
      },
      // What was sent arrived, and only the answer was lost.
      (ckan) => (request) => {
        const stored = ckan.answer(request)
        return isBroken && actionOf(request) === 'package_create' && bodyOf(request)['name'] === 'd-2' ? answer : stored
      },
    )
  })

  test(`another catalogue that ${what} in the middle is a source that failed, and costs no dataset`, async () => {
    const foreign = new ForeignCkan()
    let isBroken = false
    const answers = (request: SeenRequest) => (isBroken && bodyOf(request)['start'] === 2 ? answer : foreign.answer(request))
    await withServer(answers, ({ url }) =>
      withCatalogue(async ({ ckan, client }) => {
        const other = new CkanLowLevelClient(url, { apiKey: ADMIN_KEY, ...impatient })
        for (const { name } of many(5)) await other.createDataset({ name })
        await client().sync('other', { datasets: ckanSource(other) })
        isBroken = true
        const error = await syncErrorOf(client().sync('other', { datasets: ckanSource(other, { pageSize: 2 }) }))
        assert.deepEqual([error.code, codeOf(error.cause), error.report.datasets.unchanged], ['SOURCE_FAILED', code, 2])
        assert.equal(Object.keys(activeNames(ckan)).length, 5)
      }),
    )
  })
}

test('a catalogue whose search finds nothing overnight gets no doubles', () => {
  let isEmpty = false
  return withCatalogue(
    async ({ ckan, client, seen }) => {
      await client().sync('s', { datasets: many(4) })
      isEmpty = true
      for (const datasets of [many(4), stream(many(4))]) {
        seen.length = 0
        assert.deepEqual((await client().sync('s', { datasets })).datasets, { ...none, unchanged: 4 })
        assert.deepEqual(new Set(writesOf(seen)), new Set(['package_create']))
      }
      assert.equal(ckan.rooms.package.length, 4)
    },
    (ckan) => (request) => (isEmpty && actionOf(request) === 'package_search' ? success({ count: 0, results: [] }) : ckan.answer(request)),
  )
})

test('a catalogue that changes while it is read: what went is made again, what was taken over is left alone', () => {
  let change: () => void = () => undefined
  return withCatalogue(
    async ({ ckan, client }) => {
      await client().sync('s', { datasets: many(4) })
      change = () => {
        ckan.rooms.package = ckan.rooms.package.filter((one) => one['name'] !== 'd-0')
        for (const one of ckan.rooms.package) if (one['name'] === 'd-3') one['extras'] = []
        for (const one of ckan.rooms.package) if (one['name'] === 'd-2') Object.assign(one, { state: 'deleted' })
      }
      const report = await client().sync('s', { datasets: stream(many(2, { title: 'New' })) })
      assert.deepEqual(report.datasets, { ...none, created: 1, updated: 1, skipped: 2 })
      assert.deepEqual(activeNames(ckan), { 'd-3': 'd-3', 's:0': 'd-0', 's:1': 'd-1' })
    },
    (ckan) => (request) => {
      const answer = ckan.answer(request)
      if (actionOf(request) === 'package_search' && bodyOf(request)['start'] !== 0) {
        change()
        change = () => undefined
      }
      return answer
    },
  )
})

test('a catalogue that fails in the middle of deletions says which are left', () => {
  let deleted = 0
  return withCatalogue(
    async ({ ckan, client }) => {
      await client().sync('s', { datasets: many(5) })
      const report = await client({ deleteMode: 'delete', concurrency: 1 }).sync('s', { datasets: many(1) })
      assert.deepEqual([report.status, report.datasets], ['partial', { ...none, unchanged: 1, deleted: 2, failed: 2 }])
      assert.ok(report.errors.every((item) => item.action === 'delete' && item.ckanId !== null && item.error?.status === 500))
      assert.equal(Object.keys(activeNames(ckan)).length, 3)
    },
    (ckan) => (request) => (actionOf(request) === 'package_delete' && ++deleted > 2 ? { ...html, status: 500 } : ckan.answer(request)),
  )
})

test('a create whose answer is lost is sent again, and what the first one made is what was created', () => {
  let isBreaking = false
  return withCatalogue(
    async ({ ckan, client, high, seen }) => {
      await high.createDataset({ name: 'taken' })
      seen.length = 0
      isBreaking = true
      const datasets = [
        { id: '1', name: 'a' },
        { id: '2', name: 'taken' },
      ]
      const report = await client({ retries: 3 }).sync('s', { datasets }, { collectItems: true })
      assert.deepEqual([report.status, report.datasets], ['complete', { ...none, created: 2 }])
      assert.ok(report.items.every((item) => item.ckanId !== null))
      assert.equal(ckan.rooms.package.length, 3)
      assert.match(String(storedOf(ckan, 's:2')['name']), /^taken-\d{6}$/)
      assert.equal(seen.filter((request) => actionOf(request) === 'package_create').length, 5)
    },
    // Each dataset that is made loses its answer once.
    (ckan) => (request) => {
      const before = ckan.rooms.package.length
      const answer = ckan.answer(request)
      if (!isBreaking || ckan.rooms.package.length === before) return answer
      return { fault: 'reset' }
    },
  )
})

test('a dataset that the catalogue gives in a strange form fails, and is neither doubled nor deleted', () =>
  withCatalogue(async ({ ckan, client }) => {
    await client().sync('s', { datasets: many(2) })
    for (const one of ckan.rooms.package) if (one['name'] === 'd-1') one['notes'] = { en: 'Translated' }
    for (const values of [{}, { title: 'New' }]) {
      const report = await client().sync('s', { datasets: many(2, values) })
      assert.deepEqual([report.status, report.datasets.failed, report.datasets.created, report.datasets.deleted], ['partial', 1, 0, 0])
      assert.match(report.errors[0]?.error?.message ?? '', /the catalogue has dataset .* notes must be text/)
    }
    const report = await client().sync('s', { datasets: many(1, { title: 'New' }) })
    assert.deepEqual([report.datasets.failed, report.errors[0]?.action], [1, 'delete'])
    assert.equal((await client({ deleteMode: 'delete' }).sync('s', { datasets: many(1, { title: 'New' }) })).datasets.deleted, 1)
    assert.equal(ckan.rooms.package.length, 2)
  }))

test('what a catalogue says of a refused record is kept, but not without end', () => {
  const extras = Array.from({ length: 500 }, (_, at) => ({ [`key-${at}`]: Array.from({ length: 50 }, () => 'x'.repeat(5000)) }))
  return withCatalogue(
    async ({ client }) => {
      const report = await client().sync('s', { datasets: many(1) })
      assert.ok(JSON.stringify(report).length < 3_000_000)
      const [item] = report.errors
      assert.deepEqual([item?.name, item?.error?.status, Object.keys(item?.error?.fields ?? {}).length], ['d-0', 409, 100])
    },
    (ckan) => (request) => (actionOf(request) === 'package_create' ? refusal(409, { __type: 'Validation Error', extras }) : ckan.answer(request)),
  )
})

test('a name that is refused though no dataset has it is tried with digits once, a taken one five times', () =>
  withCatalogue(
    async ({ client, high, seen }) => {
      await high.createDataset({ name: 'held' })
      seen.length = 0
      const datasets = [
        { id: '1', name: 'no good' },
        { id: '2', name: 'held' },
        { id: '3', title: 'Without name' },
      ]
      const report = await client({ concurrency: 1 }).sync('s', { datasets })
      assert.deepEqual(
        report.errors.map((item) => [item.sourceId, item.error?.code, Object.keys(item.error?.fields ?? {})]),
        ['1', '2', '3'].map((id) => [id, 'VALIDATION', ['name']]),
      )
      assert.equal(writesOf(seen).length, 2 + 6 + 1)
    },
    (ckan) => (request) => {
      const { name, extras } = bodyOf(request)
      const isOurs = Array.isArray(extras) && extras.length > 0
      return actionOf(request) === 'package_create' && isOurs
        ? refusal(409, { __type: 'Validation Error', name: [`${name} is refused`] })
        : ckan.answer(request)
    },
  ))

// What CKAN does otherwise than one would think, and what this library makes of it. One entry for each number of the list.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  CkanBadRequestError,
  CkanDataset,
  CkanHighLevelClient,
  CkanHttpError,
  CkanLowLevelClient,
  CkanNotAuthorizedError,
  CkanNotFoundError,
  CkanProtocolError,
  CkanRedirectError,
  CkanSearchError,
  CkanSyncClient,
  CkanValidationError,
  type CkanWarning,
  ckanSource,
} from './index.ts'
import type { PlainRecord } from './record.ts'
import { ADMIN_KEY, ForeignCkan } from './testing/foreign-ckan.ts'
import { refusal, type Script, type SeenRequest, success } from './testing/scripted-server.ts'
import { actionOf, activeNames, bodyOf, extrasOf, type SyncStage, storedOf, withCatalogue, writesOf } from './testing/sync-stage.ts'
import { withServer } from './testing/with-server.ts'

const QUIRKS = 30
const tried = new Set<number>()

/** A test for quirk number so-and-so. */
function quirk(number: number, what: string, scenario: () => Promise<void>): void {
  tried.add(number)
  test(`quirk ${number}: ${what}`, scenario)
}

after(() => {
  const missing = Array.from({ length: QUIRKS }, (_, at) => at + 1).filter((number) => !tried.has(number))
  assert.deepEqual(missing, [], 'quirks without test')
})

/** On a catalogue with the habits of a CKAN. */
const onCkan = (scenario: (stage: SyncStage) => Promise<void>, faults?: (ckan: ForeignCkan) => Script) => () => withCatalogue(scenario, faults)
/** On a server that answers by a script. */
const onServer = (script: Script, scenario: (server: { url: string; seen: SeenRequest[] }) => Promise<void>) => () => withServer(script, scenario)

const reasonIs = (reason: string) => (error: unknown) =>
  error instanceof CkanNotFoundError && error.status === 404 && error.logical && error.reason === reason
const lastBody = (seen: SeenRequest[], action: string) => bodyOf(seen.findLast((request) => actionOf(request) === action))
const html = (status: number) => ({ status, body: '<html><h1>Sorry</h1></html>' })

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

quirk(
  1,
  'to a sysadmin a deleted dataset is shown: it is not found, unless asked for',
  onCkan(async ({ high }) => {
    const { id } = await high.createDataset({ name: 'a' })
    await high.deleteDataset(id)
    await assert.rejects(high.getDataset(id), reasonIs('deleted'))
    assert.equal((await high.getDataset(id, { allowDeleted: true })).state, 'deleted')
  }),
)

quirk(
  2,
  'to callers without key a deleted dataset is forbidden: it is not found',
  onCkan(async ({ high }) => {
    const { id } = await high.createDataset({ name: 'a' })
    await high.deleteDataset(id)
    await assert.rejects(
      high.anonymous.getDataset(id),
      (error) => reasonIs('forbidden')(error) && (error as Error).cause instanceof CkanNotAuthorizedError,
    )
  }),
)

quirk(
  3,
  'ids and names are looked up alike: the other of the two is not found',
  onCkan(async ({ high }) => {
    const { id } = await high.createDataset({ name: 'a' })
    await assert.rejects(high.getDataset('a'), reasonIs('id-mismatch'))
    await assert.rejects(high.getDatasetByName(id), reasonIs('name-mismatch'))
  }),
)

quirk(
  4,
  'a deleted dataset keeps its name: wiping frees it',
  onCkan(async ({ ckan, high }) => {
    const deleted = await high.createDataset({ name: 'a' })
    await high.deleteDataset(deleted.id)
    await assert.rejects(high.createDataset({ name: 'a' }), CkanValidationError)
    await high.purgeDataset(deleted.id)
    const wiped = await high.createDataset({ name: 'a' })
    await high.wipeDataset(wiped.id)
    assert.match(String(ckan.rooms.package[0]?.['name']), /^deleted-[a-z0-9]{10}$/)
    await high.createDataset({ name: 'a' })
  }),
)

quirk(
  5,
  'extras that are not sent are erased: all are always sent',
  onCkan(async ({ high, seen }) => {
    const dataset = await high.createDataset({ name: 'a', extras: { x: '1', y: '2' } })
    dataset.title = 'New'
    assert.deepEqual((await high.updateDataset(dataset)).extras, { x: '1', y: '2' })
    assert.deepEqual(lastBody(seen, 'package_update')['extras'], [
      { key: 'x', value: '1' },
      { key: 'y', value: '2' },
    ])
  }),
)

quirk(
  6,
  'in version 3 an extra is removed by leaving it out, not by null',
  onCkan(async ({ high, seen }) => {
    const dataset = await high.createDataset({ name: 'a', extras: { x: '1', y: '2', z: '3' } })
    dataset.extras['x'] = null
    Reflect.deleteProperty(dataset.extras, 'y')
    assert.deepEqual((await high.updateDataset(dataset)).extras, { z: '3' })
    assert.deepEqual(lastBody(seen, 'package_update')['extras'], [{ key: 'z', value: '3' }])
  }),
)

quirk(7, 'extras are a record or a list, with doubles and deleted ones: they become one record', async () => {
  const list = [
    { key: 'a', value: '1' },
    { key: 'b', value: '2', state: 'deleted' },
    { key: 'a', value: '3' },
  ]
  for (const extras of [{ a: '3' }, list]) assert.deepEqual(new CkanDataset({ extras }).extras, { a: '3' })
})

quirk(
  8,
  'groups that are not sent are erased, and null breaks the server: the whole list is always sent',
  onCkan(async ({ high, seen }) => {
    const { id } = await high.createGroup({ name: 'g' })
    const dataset = await high.createDataset({ name: 'a', groups: [id] })
    dataset.title = 'New'
    assert.deepEqual((await high.updateDataset(dataset)).groups, [id])
    assert.deepEqual(lastBody(seen, 'package_update')['groups'], [{ id }])
    await high.updateDataset({ id: dataset.id, name: 'a', groups: null })
    assert.deepEqual(lastBody(seen, 'package_update')['groups'], [])
  }),
)

quirk(
  9,
  'an update erases every key that is not sent: keys that this library does not know are sent back',
  onCkan(async ({ high, ckan }) => {
    const { id } = await high.createDataset({ name: 'a', frequency: 'daily', resources: [{ url: 'u', quality: 'good' }] })
    const dataset = await high.getDataset(id)
    dataset.title = 'New'
    await high.updateDataset(dataset)
    await high.updateDataset({ id, name: 'a', title: 'Newer', resources: dataset.resources })
    const [stored = {}] = ckan.rooms.package
    const [resource] = stored['resources'] as PlainRecord[]
    assert.deepEqual([stored['frequency'], resource?.['quality']], ['daily', 'good'])
  }),
)

quirk(
  10,
  'groups and organizations are read and written alike',
  onCkan(async ({ high, seen }) => {
    const group = await high.createGroup({ name: 'g' })
    const organization = await high.createOrganization({ name: 'o' })
    group.title = organization.title = 'New'
    assert.equal((await high.updateGroup(group)).title, 'New')
    assert.equal((await high.updateOrganization(organization)).title, 'New')
    assert.deepEqual([await high.listGroupNames(), await high.listOrganizationNames()], [['g'], ['o']])
    assert.ok(seen.every((request) => request.method === 'POST' && request.path.startsWith('/api/3/action/')))
  }),
)

quirk(11, 'groups and tags come as objects or as texts: they become ids and names', async () => {
  for (const dataset of [
    { groups: [{ id: 'g', name: 'n' }], tags: [{ name: 't', id: 'i' }] },
    { groups: ['g'], tags: ['t'] },
  ]) {
    const { groups, tags } = new CkanDataset(dataset)
    assert.deepEqual([groups, tags], [['g'], ['t']])
  }
})

quirk(
  12,
  'lists hold ids here and names there: list…() gives ids, list…Names() names',
  onCkan(async ({ high }) => {
    const ids = [
      (await high.createDataset({ name: 'd' })).id,
      (await high.createGroup({ name: 'g' })).id,
      (await high.createOrganization({ name: 'o' })).id,
    ]
    const listed = await Promise.all([high.listDatasets(), high.listGroups(), high.listOrganizations()])
    assert.deepEqual(listed.flat(), ids)
    const names = await Promise.all([high.listDatasetNames(), high.listGroupNames(), high.listOrganizationNames()])
    assert.deepEqual(names.flat(), ['d', 'g', 'o'])
  }),
)

quirk(13, 'null, an empty text and nothing mean the same', async () => {
  const forms = [{ notes: null, extras: { x: null }, owner_org: null }, { notes: '', extras: { x: '' }, owner_org: '' }, {}]
  for (const one of forms) for (const other of forms) assert.deepEqual(new CkanDataset(one).diff(new CkanDataset(other)), [])
})

quirk(14, 'servers fill in title, format, media type and position: that is no mismatch', () => {
  const filled: Script = (request) => {
    const { name, resources } = bodyOf(request)
    const given = resources as PlainRecord[]
    return success({
      id: 'x',
      name,
      title: name,
      resources: given.map((one, position) => ({ ...one, id: 'r', format: 'CSV', mimetype: 'text/csv', position })),
    })
  }
  return withServer(filled, async ({ url }) => {
    const warnings: CkanWarning[] = []
    const client = new CkanHighLevelClient(url, { onWarning: (warning) => warnings.push(warning) })
    await client.createDataset({ name: 'a', resources: [{ url: 'u' }] })
    assert.deepEqual(warnings, [])
  })
})

quirk(
  15,
  '409 means any invalid field: only a name that is refused is changed',
  onCkan(async ({ client, seen, ckan, high }) => {
    await high.createDataset({ name: 'taken' })
    seen.length = 0
    const wrong = await client().sync('s', {
      datasets: [
        { id: '1', name: 'a', license_id: 'refused' },
        { id: '2', name: 'taken' },
      ],
    })
    assert.deepEqual([wrong.datasets.created, wrong.errors.map((item) => item.error?.code)], [1, ['VALIDATION']])
    assert.deepEqual(wrong.errors[0]?.error?.fields, { license_id: ['no'] })
    assert.equal(seen.filter((request) => bodyOf(request)['license_id'] === 'refused').length, 1)
    assert.match(String(storedOf(ckan, 's:2')['name']), /^taken-\d{6}$/)
  }, refusingLicence),
)

/** Refuses one licence, and else does what the catalogue does. */
function refusingLicence(ckan: ForeignCkan): Script {
  return (request) => {
    return bodyOf(request)['license_id'] === 'refused' ? refusal(409, { __type: 'Validation Error', license_id: ['no'] }) : ckan.answer(request)
  }
}

quirk(
  16,
  'an unknown action is 400 with a bare JSON text',
  onServer(
    () => ({ status: 400, body: '"Bad request - Action name not known: x"' }),
    async ({ url }) => assert.rejects(new CkanLowLevelClient(url).action('x'), CkanBadRequestError),
  ),
)

quirk(17, 'an error page of a proxy is quoted in the error, and is never taken for a missing object', async () => {
  for (const status of [404, 403, 500]) {
    await withServer(
      () => html(status),
      async ({ url }) => {
        const client = new CkanHighLevelClient(url)
        const isHttp = (error: unknown) => error instanceof CkanHttpError && error.status === status && error.message.includes('Sorry')
        await assert.rejects(client.getDataset('x'), isHttp)
        await assert.rejects(client.deleteDataset('x'), isHttp)
      },
    )
  }
})

quirk(18, 'success may be false with status 200, and JSON may be of another program', async () => {
  const cases: [unknown, new (...args: never[]) => Error][] = [
    [{ success: false, error: { __type: 'Validation Error', name: ['no'] } }, CkanValidationError],
    [{ success: false, error: { __type: 'Not Found Error', message: 'no' } }, CkanNotFoundError],
    [{ error: true, code: 'not_found', message: 'Socrata' }, CkanProtocolError],
    [[], CkanProtocolError],
    [{ success: true }, CkanProtocolError],
  ]
  for (const [body, type] of cases) {
    await withServer(
      () => ({ body }),
      async ({ url }) => assert.rejects(new CkanLowLevelClient(url).action('package_update', { id: 'x' }), type),
    )
  }
})

quirk(
  19,
  'a POST that is redirected would lose its body: it is an error that names the target',
  onServer(
    () => ({ status: 301, headers: { location: '/elsewhere' } }),
    async ({ url, seen }) => {
      await assert.rejects(
        new CkanLowLevelClient(url).getDataset('x'),
        (error) => error instanceof CkanRedirectError && error.location === `${url}/elsewhere`,
      )
      assert.equal(seen.length, 1)
    },
  ),
)

quirk(
  20,
  'a search gives fewer rows than asked for: pages advance by what came',
  onCkan(async ({ high, ckan }) => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await high.createDataset({ name })
    ckan.cap = 2
    const found = await collect(high.iterDatasets({ pageSize: 1000 }))
    assert.deepEqual(found.map((dataset) => dataset.name).sort(), ['a', 'b', 'c', 'd', 'e'])
  }),
)

quirk(
  21,
  'lists of groups are cut at a limit without a word: they are read by pages',
  onCkan(async ({ high, ckan }) => {
    for (const name of ['a', 'b', 'c']) await high.createGroup({ name }).then(() => high.createOrganization({ name }))
    ckan.cap = 1
    for (const names of [await high.listGroupNames(), await high.listOrganizationNames()]) assert.deepEqual(names.sort(), ['a', 'b', 'c'])
    for (const ids of [await high.listGroups(), await high.listOrganizations()]) assert.equal(new Set(ids).size, 3)
  }),
)

quirk(22, 'the list of all datasets of a huge site never comes: it is read by pages, also where the server knows none', async () => {
  const names = Array.from({ length: 2500 }, (_, at) => `d-${at}`)
  const huge: Script = (request) => {
    const { limit, offset } = bodyOf(request)
    if (typeof limit !== 'number' || typeof offset !== 'number') return html(503)
    return success(names.slice(offset, offset + limit))
  }
  for (const script of [huge, () => success(names)]) {
    await withServer(script, async ({ url }) => assert.deepEqual(await new CkanHighLevelClient(url).listDatasetNames(), names))
  }
})

quirk(23, 'records shift while pages are read: sorted by id, each comes once, and the same page twice is an error', async () => {
  const ids = ['1', '2', '3', '4']
  let hasShifted = false
  const shifting: Script = (request) => {
    const { start, sort } = bodyOf(request)
    assert.equal(sort, 'id asc')
    if (start === 2 && !hasShifted) hasShifted = Boolean(ids.unshift('0'))
    return success({ results: ids.slice(Number(start), Number(start) + 2).map((id) => ({ id })) })
  }
  await withServer(shifting, async ({ url }) => {
    const found = await collect(new CkanLowLevelClient(url).iterDatasets({ pageSize: 2 }))
    assert.deepEqual(
      found.map((record) => record['id']),
      ['1', '2', '3', '4'],
    )
  })
  await withServer(
    () => success({ results: [{ id: '1' }] }),
    async ({ url }) => assert.rejects(collect(new CkanLowLevelClient(url).iterDatasets()), /does not advance/),
  )
})

quirk(
  24,
  'private datasets and drafts are found only if asked for: with a key they are',
  onServer(
    () => success({ results: [] }),
    async ({ url, seen }) => {
      for (const apiKey of ['key', undefined]) await collect(new CkanHighLevelClient(url, { apiKey }).iterDatasets())
      await new CkanSyncClient(url, { apiKey: 'key' }).sync('s', { datasets: {} })
      const asked = seen.map((request) => [bodyOf(request)['include_private'], bodyOf(request)['include_drafts']])
      assert.deepEqual(asked, [
        [true, true],
        [undefined, undefined],
        [true, true],
      ])
    },
  ),
)

quirk(
  25,
  'an index that fails may have stored the record: it is not sent again, and the next run finds it',
  onCkan(
    async ({ client, ckan, high, seen }) => {
      await assert.rejects(high.updateDataset(await high.createDataset({ name: 'by-hand' })), CkanSearchError)
      assert.equal(seen.filter((request) => actionOf(request) === 'package_update').length, 1)
      seen.length = 0
      const data = { datasets: { 1: { name: 'stored-yet-failed' } } }
      const first = await client().sync('s', data)
      assert.deepEqual([first.status, first.errors[0]?.error?.code], ['partial', 'SEARCH'])
      assert.deepEqual(writesOf(seen), ['package_create'])
      assert.equal((await client().sync('s', data)).datasets.unchanged, 1)
      storedOf(ckan, 's:1')
    },
    (ckan) => (request) => {
      const answer = ckan.answer(request)
      const breaks = actionOf(request) === 'package_update' || bodyOf(request)['name'] === 'stored-yet-failed'
      return breaks ? refusal(500, { __type: 'Search Index Error', message: 'Unable to add package to index' }) : answer
    },
  ),
)

quirk(26, 'a server may not know the filter by date: an incremental run then does nothing, and a whole one everything', async () => {
  const foreign = new ForeignCkan()
  const blind: Script = (request) => (bodyOf(request)['fq'] === undefined ? foreign.answer(request) : success({ count: 0, results: [] }))
  await withServer(blind, ({ url }) =>
    withCatalogue(async ({ ckan, client }) => {
      const other = new CkanLowLevelClient(url, { apiKey: ADMIN_KEY })
      await other.createDataset({ name: 'a' })
      await client().sync('other', { datasets: ckanSource(url) })
      await other.createDataset({ name: 'b' })
      const incremental = await client().sync('other', { datasets: ckanSource(url, { since: new Date(0) }) }, { incremental: true })
      assert.deepEqual([incremental.status, incremental.datasets.deleted, incremental.datasets.created], ['complete', 0, 0])
      await client().sync('other', { datasets: ckanSource(url) })
      assert.deepEqual(Object.values(activeNames(ckan)).sort(), ['a', 'b'])
    }),
  )
})

quirk(
  27,
  'beside files parameters are flat texts, and null is left out',
  onServer(
    () => success({}),
    async ({ url, seen }) => {
      const client = new CkanLowLevelClient(url)
      const files = { upload: new Blob(['a,b']) }
      await assert.rejects(client.action('resource_create', { package_id: 'x', tags: ['t'] }, { files }), TypeError)
      await client.action('resource_create', { package_id: 'x', size: 3, format: null }, { files })
      assert.equal(seen.length, 1)
      const parts = [...(seen[0]?.body.matchAll(/; name="(\w+)"/g) ?? [])].map((match) => match[1])
      assert.deepEqual(parts, ['package_id', 'size', 'upload'])
    },
  ),
)

for (const isKnown of [true, false]) {
  quirk(
    28,
    `an update without members and datasets removes them: ${isKnown ? 'only what is given is patched' : 'where nothing can be patched they are sent back'}`,
    onCkan(async ({ ckan, client }) => {
      const full = { id: 'g-1', name: 'g', state: 'active', users: [{ name: 'u' }], packages: [{ id: 'p' }] }
      ckan.rooms.group.push({ ...full })
      if (!isKnown) ckan.unknown.add('group_patch')
      await client({ groupMergeStrategy: 'update' }).sync('s', { groups: { g: { title: 'New' } }, datasets: {} })
      const { title, users, packages } = ckan.rooms.group[0] ?? {}
      assert.deepEqual([title, users, packages], ['New', full.users, full.packages])
    }),
  )
}

quirk(29, 'url_type and revision_id of another server break a copy: they stay there', async () => {
  const record = { id: '1', name: 'a', revision_id: 'x', resources: [{ url: 'u', url_type: 'upload', revision_id: 'y' }] }
  const pages = [[record], []]
  await withServer(
    () => success({ results: pages.shift() ?? [] }),
    ({ url }) =>
      withCatalogue(async ({ ckan, client }) => {
        await client().sync('other', { datasets: ckanSource(url) })
        const stored = storedOf(ckan, 'other:1')
        const [resource] = stored['resources'] as PlainRecord[]
        assert.deepEqual([stored['revision_id'], resource?.['url_type'], resource?.['revision_id']], [undefined, undefined, undefined])
        assert.equal(resource?.['url'], 'u')
      }),
  )
})

quirk(
  30,
  'a patch of a dataset loses files and trips over extras: a whole update is sent, a patch only if asked for',
  onCkan(async ({ high, seen, ckan, client }) => {
    const dataset = await high.createDataset({ name: 'a', extras: { x: '1' } })
    dataset.title = 'New'
    await high.updateDataset(dataset)
    await high.updateDataset(dataset, { merge: 'changes' })
    await client().sync('s', { datasets: { 1: { name: 'b' } } })
    await client().sync('s', { datasets: { 1: { name: 'b', title: 'New' } } })
    assert.ok(!seen.some((request) => actionOf(request) === 'package_patch'))
    await high.lowLevel.patchDataset({ id: dataset.id, title: 'Newer' })
    const stored = ckan.rooms.package.find((one) => one['name'] === 'a') ?? {}
    assert.deepEqual([stored['title'], extrasOf(stored)], ['Newer', { x: '1' }])
  }),
)

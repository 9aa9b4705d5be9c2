import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadRecords } from '../../../scripts/load-records.ts'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import type { RealPackage } from '../../../test/real-package.ts'
import { readRealRecords } from '../../../test/real-records.ts'

const folder = await mkdtemp(join(tmpdir(), 'millrace-licences-'))
const licences = join(folder, 'licences.json')
await writeFile(
  licences,
  JSON.stringify([
    { id: 'odc-odbl', title: 'Database licence', url: 'http://licence.example', is_okd_compliant: true },
    { id: 'closed', title: 'Closed' },
  ]),
)
const hub = await startHub({ MILLRACE_SITE_URL: 'http://hub.example', MILLRACE_LICENCES: licences }, { http: true, workers: false })
after(async () => {
  await hub.close()
  await rm(folder, { recursive: true })
})

const key = hub.adminKey
const records = readRealRecords()

type Found = { count: number; facets: Record<string, Record<string, number>>; results: { name: string }[] }

type Shown = Record<string, unknown> & Pick<RealPackage, 'resources' | 'extras' | 'groups' | 'tags'>

test('hundreds of real records load, come back as they were sent, and are counted', async () => {
  assert.ok(records.packages.length >= 250)
  await loadRecords(records, { hubUrl: hub.url, key })
  const stored = await resultOf<Shown[]>(hub, 'current_package_list_with_resources')
  const byName = new Map(stored.map((one) => [one['name'], one]))
  for (const sent of records.packages) {
    const shown = byName.get(sent.name)
    assert.deepEqual([shown?.['notes'], shown?.['title'], shown?.['license_id']], [sent.notes, sent.title, sent.license_id])
    assert.deepEqual(new Map(shown?.extras.map((one) => [one.key, one.value])), new Map(sent.extras.map((one) => [one.key, one.value])))
    assert.deepEqual(new Set(shown?.tags.map((one) => one.name)), new Set(sent.tags.map((one) => one.name)))
    assert.deepEqual(new Set(shown?.groups.map((one) => one.name)), new Set(sent.groups.map((one) => one.name)))
    for (const [field, value] of Object.entries(sent.resources[0] ?? {}))
      assert.deepEqual(shown?.resources[0]?.[field], value, `${sent.name}.${field}`)
  }
  const counts = new Map(
    records.groups.map(({ name }) => [name, records.packages.filter((one) => one.groups.some((group) => group.name === name)).length]),
  )
  const all = await resultOf<Found>(hub, 'package_search', { body: { limit: 0, facet_by: ['groups'] } })
  assert.deepEqual([all.count, all.facets['groups']], [records.packages.length, Object.fromEntries(counts)])
  const groups = await resultOf<{ name: string; packages: number }[]>(hub, 'group_list', { body: { all_fields: true } })
  assert.deepEqual(new Map(groups.map((group) => [group.name, group.packages])), counts)
})

test('loading them once more changes nothing', async () => {
  const before = await resultOf<string[]>(hub, 'revision_list')
  // Every fourth record is enough: the databases of tests are slow to commit.
  const some = records.packages.filter((_, at) => at % 4 === 0)
  await loadRecords({ ...records, packages: some }, { hubUrl: hub.url, key })
  assert.deepEqual(await resultOf(hub, 'revision_list'), before)
})

test('they are found by the words of their descriptions, in any form and order', async () => {
  const names = async (body: object) =>
    (await resultOf<Found>(hub, 'package_search', { body: { limit: 1000, ...body } })).results.map((one) => one.name)
  assert.ok((await names({ q: 'regressions Anscombe' })).includes('vega-anscombe'))
  assert.deepEqual(await names({ q: 'regression anscombe' }), await names({ q: 'Anscombe REGRESSION' }))
  assert.deepEqual(await names({ q: 'anscombe xyzzyx' }), [])
  const open = records.packages.filter((one) => one.license_id === 'odc-odbl')
  assert.equal((await names({ filter_by_openness: true })).length, open.length)
  assert.equal((await names({ fq: '-license_id:odc-odbl' })).length, records.packages.length - open.length)
  assert.equal((await names({ filter_by_downloadable: true })).length, records.packages.length)
})

test('pages of a search are slices of one order', async () => {
  const page = async (offset: number, limit: number) =>
    (await resultOf<Found>(hub, 'package_search', { body: { q: 'data', offset, limit } })).results.map((one) => one.name)
  const whole = await page(0, 1000)
  assert.ok(whole.length > 10)
  assert.deepEqual([...(await page(0, 4)), ...(await page(4, 4)), ...(await page(8, 2))], whole.slice(0, 10))
})

test('the licences of the file take the place of the built-in ones', async () => {
  const listed = await resultOf<{ id: string; is_okd_compliant: boolean }[]>(hub, 'licence_list')
  assert.deepEqual(
    listed.map((one) => [one.id, one.is_okd_compliant]),
    [
      ['odc-odbl', true],
      ['closed', false],
    ],
  )
  const shown = await resultOf<Record<string, unknown>>(hub, 'package_show', { body: { id: 'tiles-openstreetmap-mapnik' } })
  assert.deepEqual([shown['isopen'], shown['license_title']], [true, 'Database licence'])
})

test('a key is read from either header, and a caller with an unknown key is anonymous', async () => {
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${hub.url}/api/3/action/package_create`, { method: 'POST', body: '{"name": "x"}', headers })).status
  assert.deepEqual(
    [
      await status({ authorization: key }),
      await status({ 'x-ckan-api-key': key }),
      await status({ authorization: `Bearer ${key}` }),
      await status({ 'x-ckan-api-key': 'unknown' }),
      await status({}),
    ],
    [409, 409, 409, 403, 403],
  )
  const { status: unknown } = await callAction(hub, 'package_list', { key: 'unknown' })
  assert.equal(unknown, 200)
})

test('every answer may be read by any page', async () => {
  for (const [path, init] of [
    ['/api/3/action/package_list', {}],
    ['/api/3/action/package_show?id=none', {}],
    ['/api/3/action/none', { method: 'OPTIONS' }],
  ] as const) {
    const response = await fetch(hub.url + path, init)
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
  }
})

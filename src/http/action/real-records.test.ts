import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'

interface SampleRecord {
  readonly name: string
  readonly description: string
  readonly path: string
  readonly format: string
  readonly mediatype: string
  readonly hash: string
  readonly bytes: number
  readonly licenses?: readonly { readonly name?: string; readonly title?: string; readonly path?: string }[]
  readonly sources?: readonly { readonly title: string; readonly path?: string }[]
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-licences-'))
const licences = join(folder, 'licences.json')
await writeFile(
  licences,
  JSON.stringify([
    { id: 'sample-open', title: 'Sample (Open)', url: 'http://licence.example', is_okd_compliant: true },
    { id: 'closed', title: 'Closed' },
  ]),
)
const hub = await startHub({ MILLRACE_SITE_URL: 'http://hub.example', MILLRACE_LICENCES: licences }, { http: true, workers: false })
after(async () => {
  await hub.close()
  await rm(folder, { recursive: true })
})

const key = hub.adminKey
const manifest = fileURLToPath(new URL('../../../node_modules/vega-datasets/datapackage.json', import.meta.url))
const records: readonly SampleRecord[] = JSON.parse(readFileSync(manifest, 'utf8')).resources

const nameOf = (record: SampleRecord) => record.name.replaceAll(/[^a-z0-9_-]+/g, '-')

/** A real record as a package: long descriptions with Markdown, links and other alphabets, real sizes and hashes. */
const toPackage = (record: SampleRecord) => ({
  name: nameOf(record),
  title: record.name,
  notes: record.description,
  license_id: record.licenses ? 'sample-open' : 'closed',
  tags: [record.format, record.mediatype.replace('/', '-'), ...(record.licenses?.length ? ['licensed'] : [])],
  extras: (record.sources ?? []).map((source, at) => ({ key: `source_${at}`, value: JSON.stringify(source) })),
  groups: [{ name: `format-${record.format.replaceAll(/[^a-z0-9]+/g, '-')}` }],
  resources: [
    {
      url: `http://data.example/${record.path}`,
      name: record.path,
      format: record.format.toUpperCase(),
      hash: record.hash,
      size: record.bytes,
      mimetype: record.mediatype,
    },
  ],
})

type Found = { count: number; facets: Record<string, Record<string, number>>; results: { name: string }[] }

test('seventy real records load, come back as they were sent, and are counted', async () => {
  assert.ok(records.length >= 70)
  const formats = [...new Set(records.map((record) => toPackage(record).groups[0]?.name ?? ''))]
  for (const name of formats) await resultOf(hub, 'group_create', { body: { name, title: name.toUpperCase() }, key })
  await Promise.all(records.map((record) => resultOf(hub, 'package_create', { body: toPackage(record), key })))
  for (const record of records) {
    const sent = toPackage(record)
    const shown = await resultOf<Record<string, unknown> & { resources: Record<string, unknown>[]; extras: { key: string; value: string }[] }>(
      hub,
      'package_show',
      { body: { id: sent.name } },
    )
    assert.deepEqual([shown['notes'], shown['title'], shown['license_id']], [sent.notes, sent.title, sent.license_id])
    assert.deepEqual(
      shown.extras.map(({ key: name, value }) => ({ key: name, value })),
      sent.extras,
    )
    for (const [field, value] of Object.entries(sent.resources[0] ?? {}))
      assert.deepEqual(shown.resources[0]?.[field], value, `${sent.name}.${field}`)
  }
  const all = await resultOf<Found>(hub, 'package_search', { body: { limit: 0, facet_by: ['groups', 'res_format', 'license_id'] } })
  assert.equal(all.count, records.length)
  const counts = new Map<string, number>()
  for (const record of records) counts.set(toPackage(record).groups[0]?.name ?? '', (counts.get(toPackage(record).groups[0]?.name ?? '') ?? 0) + 1)
  assert.deepEqual(all.facets['groups'], Object.fromEntries(counts))
  const groups = await resultOf<{ name: string; packages: number; display_name: string }[]>(hub, 'group_list', { body: { all_fields: true } })
  assert.deepEqual(Object.fromEntries(groups.map((group) => [group.name, group.packages])), Object.fromEntries(counts))
})

test('they are found by the words of their descriptions, in any form and order', async () => {
  const names = async (body: object) =>
    (await resultOf<Found>(hub, 'package_search', { body: { limit: 1000, ...body } })).results.map((one) => one.name)
  assert.ok(
    (await names({ q: 'regressions Anscombe' })).includes('anscombe-json') || (await names({ q: 'regressions Anscombe' })).includes('anscombe'),
  )
  assert.deepEqual(await names({ q: 'regression anscombe' }), await names({ q: 'Anscombe REGRESSION' }))
  assert.deepEqual(await names({ q: 'anscombe xyzzyx' }), [])
  const open = records.filter((record) => record.licenses).length
  assert.equal((await names({ filter_by_openness: true })).length, open)
  assert.equal((await names({ fq: 'license_id:closed' })).length, records.length - open)
  assert.equal((await names({ filter_by_downloadable: true })).length, records.length)
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
      ['sample-open', true],
      ['closed', false],
    ],
  )
  const [record] = records
  const shown = await resultOf<Record<string, unknown>>(hub, 'package_show', { body: { id: record ? nameOf(record) : '' } })
  assert.deepEqual([shown['isopen'], shown['license_title']], record?.licenses ? [true, 'Sample (Open)'] : [false, 'Closed'])
})

test('a key counts in either header, and an unknown one is nobody', async () => {
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

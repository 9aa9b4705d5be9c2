import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sampleResource } from '../../../test/sample-data.ts'
import { flowEnd, getJson, postJson, showFlow, specOf, startSourceHub, uploadAs } from '../../../test/source-hub.ts'

const at = await startSourceHub()
after(() => at.close())
const stopWork = await at.work()
const { hub, mona, otto, data } = at
const url = `${data.url}/datapackage.json`

interface Package {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly private: boolean
  readonly extras: readonly { readonly key: string; readonly value: string }[]
  readonly resources: readonly {
    readonly name: string
    readonly url: string
    readonly format: string
    readonly size: number
    readonly hash: string
  }[]
}

const act = async <T>(name: string, body: object, key?: string) => {
  const answer = await postJson<{ success: boolean; result: T }>(
    `${hub.url}/api/3/action/${name}`,
    body,
    key === undefined ? {} : { authorization: key },
  )
  return { status: answer.status, result: answer.body.result }
}

/** The bytes at a path or an address of the hub. */
async function download(address: string, headers: Record<string, string> = {}): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const answer = await fetch(`${hub.url}${new URL(address, hub.url).pathname}`, { headers })
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) }
}

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')
const co2 = sampleResource('co2_concentration')

test('a real table becomes CSV, JSON, ZIP and report, and a dataset that is found and downloaded byte for byte', async () => {
  const descriptor = {
    title: 'Carbon dioxide',
    description: 'Weekly measurements',
    keywords: ['climate'],
    licenses: [{ name: 'cc-by' }],
    version: '1.2',
  }
  const flowId = await uploadAs(at, mona, specOf(mona, 'co2.data', [co2], { url, descriptor }))
  const flow = await flowEnd(at, flowId)
  assert.deepEqual([flow.state, flow.error_log], ['SUCCEEDED', []])
  assert.equal(Object.keys(flow.pipelines).length, 7)
  for (const [id, { status, stats, error_log }] of Object.entries(flow.pipelines)) {
    assert.deepEqual([status, error_log], ['SUCCEEDED', []])
    const { '.dpp': dpp } = stats as { '.dpp': { 'out-datapackage-url': string } }
    const { resources } = JSON.parse((await download(dpp['out-datapackage-url'])).bytes.toString()) as { resources: { path: string }[] }
    for (const one of resources) assert.equal((await download(one.path)).status, 200, id)
  }
  const { count_of_rows, dataset_name, ...stats } = flow.stats as { count_of_rows: number; dataset_name: string; bytes: number; hash: string }
  assert.deepEqual([count_of_rows, dataset_name, Object.keys(stats).sort()], [741, 'co2.data', ['bytes', 'hash']])
  assert.match(stats.hash, /^[0-9a-f]{32}$/)

  const { result: shown } = await act<Package>('package_show', { id: 'co2-data' })
  assert.deepEqual([shown.title, shown.private], ['Carbon dioxide', false])
  const extras = Object.fromEntries(shown.extras.map((one) => [one.key, one.value]))
  assert.deepEqual([extras['source_dataset_id'], extras['source_flow_id'], extras['source_revision']], [`${mona.id}/co2.data`, flowId, '1'])
  assert.equal(extras['hash'], stats.hash)
  assert.ok((await act<string[]>('package_list', {})).result.includes('co2-data'))
  const { result: hits } = await act<{ count: number; results: { name: string }[] }>('package_search', { q: 'dioxide' })
  assert.deepEqual([hits.count, hits.results[0]?.name], [1, 'co2-data'])

  const names = shown.resources.map((one) => one.name).sort()
  assert.deepEqual(
    names,
    ['co2.data_zip', 'co2_concentration', 'co2_concentration_csv', 'co2_concentration_json', 'validation_report']
      .map((one) => one.replace('co2.data_zip', 'co2_data_zip'))
      .sort(),
  )
  for (const one of shown.resources) {
    assert.ok(one.url.startsWith(`${hub.app.base.config.siteUrl}/source/${flowId}/`), one.url)
    const { bytes, headers } = await download(one.url)
    assert.deepEqual([bytes.length, md5(bytes)], [one.size, one.hash], one.name)
    assert.equal(headers.get('content-length'), String(one.size))
  }
  const rows = JSON.parse((await download(`/source/${flowId}/data/co2_concentration_json.json`)).bytes.toString()) as Record<string, unknown>[]
  assert.deepEqual(rows.length, 741)
  const types = Object.fromEntries(
    (co2.schema?.fields ?? []).map(({ name, type }) => [name, type === 'number' || type === 'integer' ? 'number' : 'string']),
  )
  for (const row of rows) for (const [name, value] of Object.entries(row)) assert.equal(typeof value, types[name])
})

test('each source is fetched once for a revision, for all pipelines', async () => {
  data.texts.set('once.csv', 'a\r\n1\r\n')
  const once = { name: 'once', path: 'once.csv', schema: { fields: [{ name: 'a', type: 'integer' }] } }
  const flow = await flowEnd(at, await uploadAs(at, mona, specOf(mona, 'once', [once], { url })))
  assert.equal(flow.state, 'SUCCEEDED')
  assert.equal(data.asked.filter((path) => path === 'once.csv').length, 1)
})

const typed = {
  name: 'typed',
  path: 'typed.csv',
  schema: {
    fields: [
      { name: 'n', type: 'integer' },
      { name: 'b', type: 'boolean' },
    ],
  },
}

test('values are cast by the schema', async () => {
  data.texts.set('typed.csv', 'n,b\n1,true\n2,False\n,1\n')
  const flowId = await uploadAs(at, mona, specOf(mona, 'typed', [typed], { url }))
  const flow = await flowEnd(at, flowId)
  assert.equal((flow.stats as { count_of_rows: number }).count_of_rows, 3)
  assert.deepEqual(JSON.parse((await download(`/source/${flowId}/data/typed_json.json`)).bytes.toString()), [
    { b: true, n: 1 },
    { b: false, n: 2 },
    { b: true, n: null },
  ])
  assert.equal((await download(`/source/${flowId}/data/typed_csv.csv`)).bytes.toString(), 'n,b\r\n1,true\r\n2,false\r\n,true\r\n')
})

test('processing makes another table, which its steps change', async () => {
  data.texts.set('raw.csv', 'n,b\n2,true\n1,false\n')
  const processing = [{ input: 'raw', output: 'sorted', schema: typed.schema, dpp: [{ run: 'sort', parameters: { 'sort-by': '{n}' } }] }]
  const flowId = await uploadAs(at, mona, specOf(mona, 'processed', [{ name: 'raw', path: 'raw.csv' }], { url, processing }))
  const flow = await flowEnd(at, flowId)
  assert.deepEqual([flow.state, flow.error_log], ['SUCCEEDED', []])
  assert.equal((await download(`/source/${flowId}/data/sorted_csv.csv`)).bytes.toString(), 'n,b\r\n1,false\r\n2,true\r\n')
})

test('a value that does not cast fails the flow with file, row, column, value and rule, and what was published stays', async () => {
  data.texts.set('typed.csv', 'n,b\n1,true\ntwo,false\n')
  const flowId = await uploadAs(at, mona, specOf(mona, 'typed', [typed], { url }))
  const flow = await flowEnd(at, flowId)
  const status = (suffix: string) => flow.pipelines[`${flowId}${suffix}`]?.status
  assert.deepEqual(
    [flow.state, ...['/validation_report', '/typed_csv', '/typed_json', '/typed_zip', '/typed_csv_preview', '/typed', ''].map(status)],
    ['FAILED', 'SUCCEEDED', 'FAILED', 'FAILED', 'FAILED', 'FAILED', 'SUCCEEDED', 'FAILED'],
  )
  const [fault = ''] = flow.pipelines[`${flowId}/typed_csv`]?.error_log ?? []
  for (const part of ['typed: typed.csv', 'row 3', 'column n', '"two"', 'whole number']) assert.ok(fault.includes(part), `${part} in ${fault}`)
  assert.deepEqual(flow.error_log[0], flow.pipelines[`${flowId}/typed_json`]?.error_log[0]?.replace('typed_json', 'typed_csv'))
  assert.match(flow.pipelines[flowId]?.error_log[0] ?? '', /^Dependency unsuccessful\. Cannot run until dependency ".*" is successfully executed$/)
  const report = JSON.parse((await download(`/source/${flowId}/data/validation_report.json`)).bytes.toString()) as {
    valid: boolean
    resource: string
  }[]
  assert.deepEqual(
    report.map((one) => [one.resource, one.valid]),
    [['typed', false]],
  )
  assert.equal((await showFlow(at, `${mona.id}/typed/successful`)).id, `${mona.id}/typed/1`)
  const { result } = await act<Package>('package_show', { id: 'typed' })
  assert.ok(result.extras.some((one) => one.key === 'source_revision' && one.value === '1'))
})

for (const [what, resource, text] of [
  ['is not there', { ...co2, path: 'nowhere.csv' }, /resource co2_concentration, file nowhere\.csv: .*answered 404/],
  ['cannot be reached', { ...co2, path: 'http://127.0.0.1:1/x.csv' }, /resource co2_concentration, file x\.csv: .*ECONNREFUSED/],
  ['lies in the hub itself and is nothing', { ...co2, path: `${hub.app.base.config.siteUrl}/secret/x.csv` }, /address of this hub/],
  ['is an image that claims to be a table', { ...co2, path: '7zip.png', format: 'csv' }, /7zip\.png/],
] as const) {
  test(`a source that ${what} fails the flow with the reason`, async () => {
    const flow = await flowEnd(at, await uploadAs(at, mona, specOf(mona, 'unreadable', [resource], { url })))
    assert.equal(flow.state, 'FAILED')
    assert.match(flow.error_log.join('\n'), text)
    assert.equal((await act('package_show', { id: 'unreadable' })).status, 404)
  })
}

test('a later success updates the same dataset, and a change of findability its visibility', async () => {
  data.texts.set('seen.csv', 'n,b\n1,true\n')
  const resource = { ...typed, name: 'seen', path: 'seen.csv' }
  const publish = async (findability: string) => {
    const flow = await flowEnd(at, await uploadAs(at, mona, specOf(mona, 'seen', [resource], { url, meta: { findability } })), {
      authorization: mona.apiKey,
    })
    assert.equal(flow.state, 'SUCCEEDED')
    const { status: forStrangers } = await act('package_show', { id: 'seen' })
    const { result } = await act<Package>('package_show', { id: 'seen' }, mona.apiKey)
    const isListed = (await act<string[]>('package_list', {})).result.includes('seen')
    const file = `/source/${flow.id}/data/seen_csv.csv`
    const files = [(await download(file)).status, (await download(file, { authorization: mona.apiKey })).status]
    return { id: result.id, forStrangers, isListed, files }
  }
  const first = await publish('published')
  assert.deepEqual(first, { id: first.id, forStrangers: 200, isListed: true, files: [200, 200] })
  assert.deepEqual(await publish('unlisted'), { id: first.id, forStrangers: 200, isListed: false, files: [200, 200] })
  const hidden = await publish('private')
  assert.deepEqual(hidden, { id: first.id, forStrangers: hidden.forStrangers, isListed: false, files: [404, 200] })
  assert.notEqual(hidden.forStrangers, 200)
  assert.deepEqual(await publish('published'), first)
})

test('two owners of one dataset name get two datasets', async () => {
  data.texts.set('same.csv', 'n,b\n1,true\n')
  const resource = { ...typed, name: 'same', path: 'same.csv' }
  for (const owner of [mona, otto]) await flowEnd(at, await uploadAs(at, owner, specOf(owner, 'same', [resource], { url })))
  const list = (await act<string[]>('package_list', {})).result
  assert.ok(list.includes('same') && list.includes('otto-same'), list.join())
})

test('a flow may read an output of another flow, by its address at the hub', async () => {
  const made = `${hub.app.base.config.siteUrl}/source/${mona.id}/same/successful/data/same_csv.csv`
  const flow = await flowEnd(at, await uploadAs(at, otto, specOf(otto, 'chained', [{ ...typed, name: 'chained', path: made }], { url })))
  assert.deepEqual([flow.state, flow.error_log], ['SUCCEEDED', []])
})

test('a flow may read a file that was uploaded to the hub', async () => {
  const { result: dataset } = await act<Package>('package_create', { name: 'uploaded' }, otto.apiKey)
  const form = new FormData()
  form.set('package_id', dataset.id)
  form.set('upload', new Blob(['n,b\n5,true\n']), 'own.csv')
  const created = await fetch(`${hub.url}/api/3/action/resource_create`, { method: 'POST', headers: { authorization: otto.apiKey }, body: form })
  const { result } = (await created.json()) as { result: { url: string } }
  assert.ok(result.url.startsWith(hub.app.base.config.siteUrl), result.url)
  const flow = await flowEnd(at, await uploadAs(at, mona, specOf(mona, 'from-upload', [{ ...typed, name: 'own', path: result.url }], { url })))
  assert.deepEqual([flow.state, flow.error_log], ['SUCCEEDED', []])
})

test("a private flow's files are no source for another owner", async () => {
  data.texts.set('hidden.csv', 'n,b\n1,true\n')
  const hidden = specOf(otto, 'hidden', [{ ...typed, name: 'hidden', path: 'hidden.csv' }], { url, meta: { findability: 'private' } })
  const { id } = await flowEnd(at, await uploadAs(at, otto, hidden), { authorization: otto.apiKey })
  const made = `${hub.app.base.config.siteUrl}/source/${id}/data/hidden_csv.csv`
  const ends = [mona, otto].map(async (owner) =>
    flowEnd(at, await uploadAs(at, owner, specOf(owner, 'peeking', [{ ...typed, name: 'peek', path: made }], { url }))),
  )
  const [stranger, own] = await Promise.all(ends)
  assert.deepEqual([stranger?.state, own?.state], ['FAILED', 'SUCCEEDED'])
  assert.match(stranger?.error_log.join() ?? '', /no file that the owner may read/)
})

test('files are sent in ranges, are not sent again to a caller who has them, and are never shown as pages', async () => {
  const path = `/source/${mona.id}/co2.data/latest/archive/co2_concentration.csv`
  const whole = await download(path)
  assert.equal(whole.headers.get('content-type'), 'text/csv; charset=utf-8')
  assert.equal(whole.headers.get('content-disposition'), 'attachment; filename="co2_concentration.csv"')
  assert.equal(whole.headers.get('x-content-type-options'), 'nosniff')
  const etag = whole.headers.get('etag') ?? ''
  const part = async (range: string, more: Record<string, string> = {}) => {
    const { status, headers, bytes } = await download(path, { range, ...more })
    return [status, headers.get('content-range'), bytes.toString('latin1')]
  }
  const text = whole.bytes.toString('latin1')
  const size = whole.bytes.length
  assert.deepEqual(await part('bytes=0-3'), [206, `bytes 0-3/${size}`, text.slice(0, 4)])
  assert.deepEqual(await part('bytes=-5'), [206, `bytes ${size - 5}-${size - 1}/${size}`, text.slice(-5)])
  assert.deepEqual(await part(`bytes=${size - 2}-${size + 100}`), [206, `bytes ${size - 2}-${size - 1}/${size}`, text.slice(-2)])
  assert.deepEqual(await part('bytes=5-2'), [200, null, text])
  assert.deepEqual(await part('bytes=0-1,3-4'), [200, null, text])
  assert.deepEqual(await part('bytes=0-3', { 'if-range': '"other"' }), [200, null, text])
  assert.deepEqual((await part(`bytes=${size}-`)).slice(0, 2), [416, `bytes */${size}`])
  assert.equal((await download(path, { 'if-none-match': etag })).status, 304)
  const head = await fetch(`${hub.url}${path}`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length'), (await head.arrayBuffer()).byteLength], [200, String(size), 0])
})

for (const path of ['nothing.csv', '../2/datapackage.json', '..%2f..%2fsecret', 'archive', 'data/', '%00']) {
  test(`there is no file ${path}`, async () => {
    assert.equal((await fetch(`${hub.url}/source/${mona.id}/co2.data/1/${path}`)).status, 404)
  })
}

test('the package of a flow names its files by whole addresses', async () => {
  const shown = await getJson<{ resources: { path: string; bytes: number }[]; datahub: object }>(
    `${hub.url}/source/${mona.id}/co2.data/1/datapackage.json`,
  )
  assert.equal(shown.resources.length, 5)
  for (const { path, bytes } of shown.resources) {
    assert.ok(path.startsWith(`${hub.app.base.config.siteUrl}/source/`))
    assert.equal((await download(path)).bytes.length, bytes)
  }
})

test('an interrupted flow continues: succeeded pipelines stay, the others run', async () => {
  data.texts.set('again.csv', `n,b\n${'1,true\n'.repeat(20_000)}`)
  await stopWork()
  const flowId = await uploadAs(at, mona, specOf(mona, 'again', [{ ...typed, name: 'again', path: 'again.csv' }], { url }))
  const stop = await at.work()
  const { store } = hub.app.base
  const jobs = () => store.db.selectFrom('job').select(['id', 'subject', 'state']).where('subject', 'like', `${flowId}/%`).orderBy('seq').execute()
  while (!(await jobs()).some((one) => one.state === 'done')) await nextTurn()
  await stop()
  const before = await jobs()
  assert.notEqual((await showFlow(at, flowId)).state, 'SUCCEEDED')
  await at.work()
  assert.deepEqual((await flowEnd(at, flowId)).state, 'SUCCEEDED')
  const after = await jobs()
  for (const job of before) assert.equal(after.find((one) => one.subject === job.subject)?.id, job.id)
  assert.deepEqual([after.length, after.every((one) => one.state === 'done')], [6, true])
})

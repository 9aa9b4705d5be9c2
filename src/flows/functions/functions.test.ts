import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { adminKey, startHub, type TestHub } from '../../../test/hub.ts'

const weather = await readFile(new URL('../../../node_modules/vega-datasets/data/seattle-weather.csv', import.meta.url))
const odd = `id;name;when;share;flag;empty\r\n1;"Ä; B";2024-02-29;1.5;true;\r\n02;x;2024-03-01;-2e3;false;\r\n3;x\r\n4;;2023-01-01;0;true;\r\n${'5;x;2024-01-01;1;true;\r\n'.repeat(10)}`

/** A foreign web server, and the requests that it received. */
const asked: string[] = []
const files: Record<string, string | Buffer> = {
  '/weather.csv': weather,
  '/odd.csv': odd,
  '/page.csv': '<!doctype html><p>no data',
  '/rows.json': '[{"a":1,"b":"x"},{"a":2.5,"b":null}]',
}
const peer = createServer((request, response) => {
  const path = request.url ?? ''
  asked.push(`${request.method} ${path}`)
  if (path === '/moved') return response.writeHead(302, { location: '/odd.csv' }).end()
  if (path === '/no-head' && request.method === 'HEAD') return response.writeHead(405).end()
  if (path === '/cut') return request.socket.destroy()
  const body = path === '/no-head' ? 'here' : files[path]
  return response.writeHead(body === undefined ? 404 : 200).end(body)
}).listen(0, '127.0.0.1')
await new Promise((resolve) => peer.once('listening', resolve))
const site = `http://127.0.0.1:${(peer.address() as AddressInfo).port}`
const hub = await startHub()
after(async () => {
  await hub.close()
  peer.close()
})

async function post(at: TestHub, path: string, body: object, key: string | undefined) {
  const headers = { 'content-type': 'application/json', ...(key && { authorization: key }) }
  return (await at.http.inject({ method: 'POST', url: path, headers, payload: JSON.stringify(body) })).json()
}

async function run(job_type: string, data: unknown, { at = hub, key = adminKey }: { at?: TestHub; key?: string } = {}) {
  const { job_id, job_key } = await post(at, '/job', { job_type, data, api_key: key }, undefined)
  for (const end = performance.now() + 30_000; performance.now() < end; await pause(20)) {
    const job = (await at.http.inject({ url: `/job/${job_id}`, headers: { authorization: job_key } })).json()
    if (job.status !== 'pending') return job
  }
  throw new Error('the job has not ended within 30 s')
}

test('the profile of a real table has its row count, and type, empty cells, distinct values and range of each column', async () => {
  const { data, error } = await run('profile_resource', { url: `${site}/weather.csv` })
  assert.equal(error, null)
  assert.deepEqual([data.rows, data.encoding, data.bad_rows], [1461, 'utf-8', 0])
  const column = (name: string) => data.columns.find((one: { name: string }) => one.name === name)
  const common = { missing: 0, distinct_is_exact: true }
  assert.deepEqual(column('date'), { name: 'date', type: 'date', distinct: 1461, min: '2012-01-01', max: '2015-12-31', ...common })
  assert.deepEqual(column('temp_max'), { name: 'temp_max', type: 'number', distinct: 67, min: -1.6, max: 35.6, ...common })
  assert.deepEqual(column('weather'), { name: 'weather', type: 'string', distinct: 5, min: 'drizzle', max: 'sun', ...common })
})

test('unusual separators, leading zeros, missing values and short rows are reported', async () => {
  const { data } = await run('profile_resource', { url: `${site}/odd.csv` })
  assert.deepEqual([data.rows, data.bad_rows], [13, 1])
  assert.match(data.bad_row_examples[0], /^row 4 has 2 cells/)
  const short = data.columns.map((one: Record<string, unknown>) => [
    one['name'],
    one['type'],
    one['missing'],
    one['distinct'],
    one['min'],
    one['max'],
  ])
  assert.deepEqual(short, [
    ['id', 'string', 0, 4, '02', '5'],
    ['name', 'string', 1, 2, 'x', 'Ä; B'],
    ['when', 'date', 0, 4, '2023-01-01', '2024-03-01'],
    ['share', 'number', 0, 4, -2000, 1.5],
    ['flag', 'boolean', 0, 2, 'false', 'true'],
    ['empty', 'string', 13, 0, null, null],
  ])
})

test('distinct values are counted up to the requested limit', async () => {
  const { data } = await run('profile_resource', { url: `${site}/weather.csv`, distinct_limit: 100 })
  const shown = data.columns.map((one: Record<string, unknown>) => [one['distinct'], one['distinct_is_exact']])
  assert.deepEqual(shown[0], [100, false])
  assert.deepEqual(shown.at(-1), [5, true])
})

test('a JSON file is profiled as a table', async () => {
  const { data } = await run('profile_resource', { url: `${site}/rows.json` })
  assert.deepEqual(
    data.columns.map((one: Record<string, unknown>) => [one['type'], one['missing'], one['max']]),
    [
      ['number', 0, 2.5],
      ['string', 1, 'x'],
    ],
  )
})

test('a resource of the catalogue is read as the owner of the job may, an uploaded file from the store of the hub', async () => {
  const created = await post(
    hub,
    '/api/3/action/package_create',
    { name: 'odd-data', resources: [{ url: `${site}/odd.csv`, format: 'CSV' }] },
    adminKey,
  )
  const [resource] = created.result.resources
  assert.equal((await run('profile_resource', { resource_id: resource.id })).data.rows, 13)
  const missing = await run('profile_resource', { resource_id: 'no-such' })
  assert.match(missing.error.message, /no-such/)
  const form = new FormData()
  form.append('package_id', 'odd-data')
  form.append('upload', new Blob([new Uint8Array(weather)]), 'weather.csv')
  const upload = await fetch(`${hub.url}/api/3/action/resource_create`, { method: 'POST', headers: { authorization: adminKey }, body: form })
  const { result } = (await upload.json()) as { result: { id: string; url: string } }
  assert.equal((await run('profile_resource', { resource_id: result.id })).data.rows, 1461)
  assert.equal((await run('profile_resource', { url: result.url })).data.rows, 1461)
  assert.match((await run('profile_resource', { url: `${new URL(result.url).origin}/dataset/x` })).error.message, /address of this hub/)
})

test('a file that cannot be profiled fails with the reason', async () => {
  const cases: [object, RegExp][] = [
    [{}, /^data is not valid/],
    [{ url: 'ftp://x/y.csv' }, /^ftp: is not supported/],
    [{ url: `${site}/none.csv` }, /answered 404/],
    [{ url: `${site}/page.csv` }, /web page/],
    [{ url: `${site}/odd.csv`, format: 'xls' }, /"xls" cannot be read as a table/],
  ]
  for (const [data, message] of cases) assert.match((await run('profile_resource', data)).error?.message ?? '', message)
})

test('links are checked by HEAD, then by GET, and each is reported with status, time and final URL', async () => {
  const paths = ['/odd.csv', '/moved', '/no-head', '/gone', '/cut']
  const resources = paths.map((path) => ({ url: site + path, name: path }))
  await post(hub, '/api/3/action/package_create', { name: 'linked', resources }, adminKey)
  asked.length = 0
  const { data, logs } = await run('check_links', { id: 'linked' })
  assert.deepEqual([data.dataset, data.checked, data.broken], ['linked', 5, 2])
  const shown = data.links.map((one: Record<string, unknown>) => [one['name'], one['ok'], one['status'], one['method'], one['final_url']])
  assert.deepEqual(shown, [
    ['/odd.csv', true, 200, 'HEAD', null],
    ['/moved', true, 200, 'HEAD', `${site}/odd.csv`],
    ['/no-head', true, 200, 'GET', null],
    ['/gone', false, 404, 'GET', null],
    ['/cut', false, null, 'GET', null],
  ])
  for (const link of data.links) assert.ok(Number.isInteger(link.ms) && link.ms >= 0)
  assert.deepEqual(asked.filter((one) => one.endsWith('/gone')).sort(), ['GET /gone', 'HEAD /gone'])
  assert.equal(logs.filter((entry: { level: string }) => entry.level === 'WARNING').length, 2)
})

test('files of the hub itself are looked up, not requested', async () => {
  asked.length = 0
  const { data } = await run('check_links', { id: 'odd-data' })
  assert.deepEqual([data.checked, data.broken, data.links[1].ok, data.links[1].status], [2, 0, true, null])
  assert.deepEqual(asked, ['HEAD /odd.csv'])
})

test('an unknown dataset is a job error', async () => {
  assert.match((await run('check_links', { id: 'no-such' })).error.message, /no-such/)
  assert.match((await run('check_links', 5)).error.message, /^data is not valid/)
})

test('if private addresses are not allowed, neither function reaches them', async () => {
  const strict = await startHub({ MILLRACE_ALLOW_PRIVATE_ADDRESSES: '0' })
  try {
    await post(strict, '/api/3/action/package_create', { name: 'inside', resources: [{ url: `${site}/odd.csv` }] }, adminKey)
    asked.length = 0
    const { data } = await run('check_links', { id: 'inside' }, { at: strict })
    assert.match(data.links[0].error, /private address/)
    assert.match((await run('profile_resource', { url: `${site}/odd.csv` }, { at: strict })).error.message, /private address/)
    assert.deepEqual(asked, [])
  } finally {
    await strict.close()
  }
})

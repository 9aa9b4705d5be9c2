import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { startApp } from '../src/app.ts'
import { parseConfig } from '../src/config.ts'
import { callAction, resultOf } from './action.ts'
import { copyOlderHub, olderKey } from './older-hub.ts'

// Today's hub on the database and the files of an older one: fixtures/older-hub/README.md says what is in them.

const { environment, drop } = await copyOlderHub()
const app = await startApp(parseConfig(environment), pino({ level: 'silent' }), { http: true, workers: true })
after(async () => {
  await app.close()
  await drop()
})
const hub = { url: app.url ?? '' }
const key = olderKey

interface Found {
  readonly count: number
  readonly results: readonly { readonly name: string }[]
  readonly search_facets: Readonly<Record<string, { readonly items: readonly { readonly name: string; readonly count: number }[] }>>
}

/** Until the texts have been indexed anew; meanwhile the hub says so, and answers everything else. */
async function searchIsBack(): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end; await pause(50)) {
    const { status, body } = await callAction(hub, 'package_search', { body: { q: 'rivers' } })
    if (status === 200) return
    assert.equal(status, 503, JSON.stringify(body))
    assert.match(JSON.stringify(body), /search is being rebuilt/)
  }
  throw new Error('the search is still being rebuilt after 30 s')
}

const search = (body: object) => resultOf<Found>(hub, 'package_search', { body })

test('texts of an older version are found by the current rules', async () => {
  await searchIsBack()
  for (const [q, name] of [
    ['munchen', 'munich'],
    ['東京', 'tokyo'],
    ['C++', 'cpp'],
    ['title:"River levels"', 'rivers'],
    ['https://example.org/a/b?c=d', 'cpp'],
  ] as const) {
    const { results } = await search({ q })
    assert.ok(
      results.some((one) => one.name === name),
      `${q} does not find ${name}: ${JSON.stringify(results.map((one) => one.name))}`,
    )
  }
  assert.equal((await search({ q: '*:*', rows: 0 })).count, 48)
})

test('formats of an older version are counted under one name, and returned as they were sent', async () => {
  const { search_facets: facets } = await search({ q: '*:*', rows: 0, 'facet.field': ['res_format'] })
  const counts = Object.fromEntries(facets['res_format']?.items.map((one) => [one.name, one.count]) ?? [])
  assert.deepEqual(counts, { CSV: 24, JSON: 12, GeoJSON: 10, XLSX: 1, ZIP: 2 })
  const { resources } = await resultOf<{ resources: { format: string }[] }>(hub, 'package_show', { body: { id: 'munich' } })
  assert.deepEqual(
    resources.map((one) => one.format),
    ['csv', 'CSV', '.csv', 'text/csv'],
  )
})

test('names and values that are refused today still work and can be edited', async () => {
  for (const id of ['new', 'search', 'tokyo', 'rivers']) {
    const patched = await resultOf<{ name: string; author: string }>(hub, 'package_patch', { key, body: { id, author: 'An editor' } })
    assert.deepEqual([patched.name, patched.author], [id, 'An editor'])
  }
  const group = await resultOf<{ title: string }>(hub, 'group_patch', { key, body: { id: 'new', title: 'Renamed' } })
  assert.equal(group.title, 'Renamed')
  const refused = await callAction(hub, 'package_create', { key, body: { name: 'edit' } })
  assert.equal(refused.status, 409)
})

test('a password of four characters still logs in', async () => {
  const login = (password: string) =>
    fetch(`${hub.url}/login`, { headers: { authorization: `Basic ${btoa(`short:${password}`)}` }, redirect: 'manual' })
  assert.deepEqual([(await login('abcd')).status, (await login('abce')).status], [302, 401])
})

test('an upload whose size and type were altered is served as it is stored', async () => {
  const { resources } = await resultOf<{ resources: { url: string }[] }>(hub, 'package_show', { body: { id: 'rivers' } })
  const answer = await fetch(hub.url + new URL(resources[0]?.url ?? '').pathname)
  assert.deepEqual([answer.status, answer.headers.get('content-length'), answer.headers.get('x')], [200, '16', null])
  assert.equal(await answer.text(), 'id,name\n1,a\n2,b\n')
})

test('private and deleted datasets stay private and deleted', async () => {
  assert.equal((await callAction(hub, 'package_show', { body: { id: 'hidden' } })).status, 403)
  assert.equal((await resultOf<{ private: boolean }>(hub, 'package_show', { key, body: { id: 'hidden' } })).private, true)
  assert.equal((await search({ q: 'name:hidden' })).count, 0)
  assert.equal((await search({ q: 'name:gone' })).count, 0)
})

test('flows that ended before have the states of today', async () => {
  const { extras } = await resultOf<{ extras: { key: string; value: string }[] }>(hub, 'package_show', { body: { id: 'plain' } })
  const flowId = extras.find((one) => one.key === 'source_flow_id')?.value
  const flow = (await (await fetch(`${hub.url}/source/${flowId}`)).json()) as { state: string; pipelines: Record<string, { status: string }> }
  const states = Object.values(flow.pipelines).map((one) => one.status)
  assert.deepEqual([flow.state, new Set(states)], ['SUCCEEDED', new Set(['SUCCEEDED'])])
})

test('flows that ended before are shown with their files', async () => {
  const { resources } = await resultOf<{ resources: { name: string; url: string }[] }>(hub, 'package_show', { body: { id: 'plain' } })
  const json = resources.find((one) => one.name === 'plain_json')
  const answer = await fetch(hub.url + new URL(json?.url ?? '').pathname)
  assert.deepEqual(await answer.json(), [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ])
})

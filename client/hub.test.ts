import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startHub, type TestHub } from '../test/hub.ts'
import { CkanBadRequestError, CkanDataset, CkanHighLevelClient, CkanLowLevelClient, CkanNotFoundError, CkanValidationError } from './index.ts'

let hub: TestHub
let ckan: CkanLowLevelClient

before(async () => {
  hub = await startHub({}, { http: true, workers: false })
  ckan = new CkanLowLevelClient(hub.url, { apiKey: hub.adminKey })
})
after(() => hub.close())

const idOf = (object: { id: string | null }) => object.id ?? assert.fail('has an id')

test('a hub is a CKAN to action, listDatasets and getDataset, by POST and by GET', async () => {
  assert.equal(await ckan.anonymous.action('site_read'), true)
  const created = await ckan.createDataset({ name: 'bus-stops', title: 'Bus stops', tags: [{ name: 'bus' }] })
  assert.ok((await ckan.listDatasets()).includes('bus-stops'))
  assert.equal((await ckan.anonymous.getDataset('bus-stops'))['id'], created['id'])
  assert.deepEqual(await ckan.action('package_list', { limit: 1 }, { method: 'GET' }), ['bus-stops'])
  const found: unknown[] = []
  for await (const dataset of ckan.iterDatasets({ q: 'stops', pageSize: 1 })) found.push(dataset['name'])
  assert.deepEqual(found, ['bus-stops'])
  await ckan.deleteDataset('bus-stops')
})

test("a hub's refusals are told apart", async () => {
  await ckan.createDataset({ name: 'taken' })
  await assert.rejects(ckan.getDataset('nothing'), (error) => error instanceof CkanNotFoundError && error.status === 404 && !error.logical)
  await assert.rejects(ckan.createDataset({ name: 'taken' }), (error) => error instanceof CkanValidationError && 'name' in error.fields)
  await assert.rejects(ckan.createDataset({ name: 'x', resources: [{}, { url: 1 }] }), CkanValidationError)
  await assert.rejects(ckan.action('no_such_action'), CkanBadRequestError)
  await assert.rejects(ckan.request('GET', '/source/nobody/nothing/latest'), { code: 'HTTP', status: 404 })
  await ckan.deleteDataset('taken')
})

test('the first session of a user works on a hub as it does on a CKAN', async () => {
  const client = new CkanHighLevelClient(ckan, { verify: 'throw' })
  assert.deepEqual(await client.listDatasets(), [])
  const dataset = await client.createDataset(new CkanDataset({ name: 'example-dataset', title: 'My example dataset' }))
  const id = idOf(dataset)
  assert.deepEqual(await client.listDatasets(), [id])
  dataset.title = 'NEW TITLE'
  const updated = await client.updateDataset(dataset)
  assert.equal(updated.title, 'NEW TITLE')
  assert.ok((await client.getDataset(id)).equals(updated))
  await client.wipeDataset(id)
  await assert.rejects(client.getDataset(id), (error) => error instanceof CkanNotFoundError && error.status === 404 && error.logical)
  assert.equal((await client.getDataset(id, { allowDeleted: true })).state, 'deleted')
  await client.createDataset({ name: 'example-dataset' })
})

test('what a hub stores comes back as it was sent, emptied fields included', async () => {
  const client = new CkanHighLevelClient(ckan, { verify: 'throw' })
  const full = await client.createDataset({
    name: 'full',
    title: 'Full',
    notes: 'All of it.',
    author: 'A',
    version: '2',
    extras: { theme: 'mobility', count: 3 },
    tags: ['stop', 'bus'],
    resources: [{ url: 'https://x.example/1.csv', format: 'CSV', size: 17 }, { url: 'https://x.example/2.json' }],
  })
  const changed = full.clone()
  changed.notes = ''
  changed.author = null
  changed.extras = { theme: 'transport' }
  changed.tags = []
  changed.resources.pop()
  const after = await client.updateDataset(changed)
  assert.deepEqual([after.notes || '', after.author || '', after.extras, after.tags], ['', '', { theme: 'transport' }, []])
  assert.equal(after.resources[0]?.id, full.resources[0]?.id)
  assert.equal(after.resources.length, 1)
})

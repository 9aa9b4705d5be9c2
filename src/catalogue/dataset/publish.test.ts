import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { makeBed, people } from '../../../test/catalogue.ts'
import { createDataset, deleteDataset, updateDataset } from './edit.ts'
import { type Publication, publishDataset } from './publish.ts'
import { listDatasets, showDataset } from './read.ts'

const bed = await makeBed()
after(() => bed.drop())
const [maria, jonas, anonymous] = [bed.as('maria'), bed.as('jonas'), bed.as('anonymous')]

const publication = (more: Partial<Publication> = {}): Publication => ({
  sourceId: 'maria/airports',
  owner: { id: people.maria.id, name: 'maria' },
  dataset: 'airports.v1',
  title: 'Airports',
  keywords: ['air', 'no;good', 'air'],
  extras: { source_revision: '1' },
  findability: 'published',
  resources: [
    { name: 'airports', url: '/source/maria/airports/1/airports.csv', format: 'csv', mimetype: 'text/csv', size: 12, hash: 'ab' },
    { name: 'zip', url: '/source/maria/airports/1/all.zip', format: 'zip' },
  ],
  ...more,
})

const publish = (more?: Partial<Publication>) => maria.store.write((write) => publishDataset(write, maria, publication(more)))
const documentOf = async (ref: string, ctx = anonymous) => JSON.parse((await showDataset(ctx, ref)).dataset.document)

test('a publication makes the dataset, a later one updates it and keeps the ids of its resources', async () => {
  const { id, name } = await publish()
  assert.equal(name, 'airports-v1')
  const first = await documentOf(id)
  assert.deepEqual(
    [first.title, first.tags.map((tag: { name: string }) => tag.name), first.extras.map((extra: { key: string }) => extra.key)],
    ['Airports', ['air'], ['source_dataset_id', 'source_revision']],
  )
  const again = await publish({
    title: 'All airports',
    resources: [{ name: 'airports', url: '/source/maria/airports/2/airports.csv', format: 'csv', size: 13 }],
  })
  assert.deepEqual(again, { id, name })
  const second = await documentOf(id)
  assert.deepEqual(
    [second.title, second.num_resources, second.resources[0].id, second.resources[0].size],
    ['All airports', 1, first.resources[0].id, 13],
  )
})

test('the name falls back to one with the user, then to numbers, and stays', async () => {
  await createDataset(jonas, { name: 'ports' })
  await createDataset(jonas, { name: 'maria-ports' })
  const made = await publish({ sourceId: 'maria/ports', dataset: 'ports' })
  assert.equal(made.name, 'maria-ports-2')
  assert.equal((await publish({ sourceId: 'maria/ports', dataset: 'ports', title: 'New' })).name, 'maria-ports-2')
  assert.equal((await publish({ sourceId: 'maria/x', dataset: 'X' })).name, 'maria-x')
})

test('edits of the owner last until the next success; no other user may edit', async () => {
  const { id } = await publish({ sourceId: 'maria/edited', dataset: 'edited' })
  await assert.rejects(updateDataset(jonas, id, { input: { title: 'Mine' } }), { code: 'forbidden' })
  await updateDataset(maria, id, { input: { title: 'Edited', name: 'renamed', extras: [{ key: 'source_dataset_id', value: 'stolen' }] } })
  const edited = await documentOf(id)
  assert.deepEqual([edited.title, edited.name, edited.extras[0].value], ['Edited', 'renamed', 'maria/edited'])
  assert.equal((await publish({ sourceId: 'maria/edited', dataset: 'edited' })).name, 'edited')
  assert.equal((await documentOf(id)).title, 'Airports')
})

test('an extra of a client binds no dataset to a source', async () => {
  const made = await createDataset(jonas, { name: 'claims', extras: [{ key: 'source_dataset_id', value: 'maria/claimed' }] })
  assert.notEqual((await publish({ sourceId: 'maria/claimed', dataset: 'claimed' })).id, made.id)
})

test('a deleted dataset is published again by the next success', async () => {
  const { id, name } = await publish({ sourceId: 'maria/back', dataset: 'back' })
  await deleteDataset(maria, id)
  assert.ok(!(await listDatasets(anonymous)).includes(name))
  await publish({ sourceId: 'maria/back', dataset: 'back' })
  assert.ok((await listDatasets(anonymous)).includes(name))
})

test('findability decides who lists and who reads it, and may change', async () => {
  const one = { sourceId: 'maria/hidden', dataset: 'hidden' }
  await publish({ ...one, findability: 'unlisted' })
  assert.ok(!(await listDatasets(anonymous)).includes('hidden'))
  assert.equal((await documentOf('hidden')).name, 'hidden')
  await publish({ ...one, findability: 'private' })
  await assert.rejects(showDataset(jonas, 'hidden'), { code: 'forbidden' })
  assert.equal((await documentOf('hidden', maria)).private, true)
  await publish({ ...one, findability: 'published' })
  assert.ok((await listDatasets(anonymous)).includes('hidden'))
})

test('a write that fails after publishing leaves nothing of it', async () => {
  const failing = maria.store.write(async (write) => {
    await publishDataset(write, maria, publication({ sourceId: 'maria/lost', dataset: 'lost' }))
    throw new Error('later trouble')
  })
  await assert.rejects(failing, /later trouble/)
  await assert.rejects(showDataset(anonymous, 'lost'), { code: 'not_found' })
})

test('sixteen sources that want one name get different ones', async () => {
  const made = await Promise.all([...Array(16).keys()].map((at) => publish({ sourceId: `maria/crowd-${at}`, dataset: 'crowd' })))
  assert.equal(new Set(made.map((one) => one.name)).size, 16)
})

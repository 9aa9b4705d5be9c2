import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { makeBed } from '../../../test/catalogue.ts'
import { DomainError } from '../../base/errors.ts'
import { listChanges } from '../../store/changes.ts'
import type { Input } from '../field-reader.ts'
import { listRevisionIds, listRevisionsOf } from '../revision/store.ts'
import { createDataset, deleteDataset, updateDataset } from './edit.ts'
import { listDatasets, showDataset } from './read.ts'
import { datasetRow, foldedRow } from './write-store.ts'

const bed = await makeBed()
after(() => bed.drop())
const [maria, jonas, root, anonymous] = [bed.as('maria'), bed.as('jonas'), bed.as('root'), bed.as('anonymous')]
const { db } = maria.store

const documentOf = async (ref: string, ctx = anonymous) => JSON.parse((await showDataset(ctx, ref)).dataset.document)
const refusedWith = (code: string, fields?: object) => (error: unknown) => {
  assert.ok(error instanceof DomainError, String(error))
  assert.equal(error.code, code)
  if (fields) assert.deepEqual(error.fields, fields)
  return true
}

/** How many rows each table of the catalogue has: what a refused call must leave as it was. */
async function countRows(): Promise<Record<string, number>> {
  const tables = ['dataset', 'resource', 'tag', 'dataset_tag', 'dataset_extra', 'revision', 'version', 'change'] as const
  const counts: Record<string, number> = {}
  for (const table of tables) {
    const row = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    counts[table] = row.count
  }
  return counts
}

const trees = {
  name: 'city-trees',
  notes: 'Every street tree.',
  license_id: 'odc-by',
  tags: [{ name: 'trees' }, 'parks', 'trees'],
  extras: [
    { key: 'surveyed', value: '2010' },
    { key: 'gone', value: null },
    { key: 'count', value: 7 },
  ],
  resources: [
    { url: 'http://data.example/trees.csv', format: 'CSV', encoding: 'utf-8', nothing: null },
    { url: 'http://data.example/trees.json', size: '12' },
  ],
}

test('a dataset is made with all its parts, one revision and one change', async () => {
  const before = await countRows()
  const made = await createDataset(maria, trees)
  const grown = await countRows()
  const difference = Object.fromEntries(Object.entries(grown).map(([table, count]) => [table, count - (before[table] ?? 0)]))
  assert.deepEqual(difference, { dataset: 1, resource: 2, tag: 2, dataset_tag: 2, dataset_extra: 2, revision: 1, version: 1, change: 1 })
  const shown = await documentOf('city-trees')
  assert.equal(shown.title, 'city-trees')
  assert.equal(shown.id, made.id)
  assert.equal(shown.url, null)
  assert.equal(shown.creator_user_id, maria.actor.kind === 'user' && maria.actor.id)
  assert.deepEqual(
    shown.tags.map((tag: { name: string }) => tag.name),
    ['parks', 'trees'],
  )
  assert.deepEqual(
    shown.extras.map(({ key, value }: { key: string; value: string }) => [key, value]),
    [
      ['count', '7'],
      ['surveyed', '2010'],
    ],
  )
  assert.deepEqual(
    shown.resources.map((one: Record<string, unknown>) => [
      one['position'],
      one['format'],
      one['encoding'],
      one['size'],
      one['hash'],
      'nothing' in one,
    ]),
    [
      [0, 'CSV', 'utf-8', null, null, false],
      [1, 'JSON', undefined, 12, null, false],
    ],
  )
  assert.deepEqual((await listChanges(db, 0, 1000)).at(-1), {
    ...(await listChanges(db, 0, 1000)).at(-1),
    kind: 'dataset',
    id: made.id,
    what: 'created',
  })
})

test('what was shown can be sent back, and changes nothing', async () => {
  const shown = await documentOf('city-trees')
  const before = await countRows()
  await updateDataset(jonas, 'city-trees', { input: shown })
  assert.deepEqual(await countRows(), before)
  assert.deepEqual(await documentOf('city-trees'), shown)
})

test('an update merges single fields and replaces lists; the core keeps its revision when only lists change', async () => {
  const before = await documentOf('city-trees')
  const [first] = before.resources
  bed.clock += 1000
  await updateDataset(jonas, before.id, { input: { ...before, tags: ['parks', 'shade'], resources: [{ ...first, description: 'All of them' }] } })
  const shown = await documentOf('city-trees')
  assert.equal(shown.revision_id, before.revision_id)
  assert.equal(shown.revision_timestamp, before.revision_timestamp)
  assert.ok(shown.metadata_modified > before.metadata_modified)
  assert.deepEqual([shown.num_resources, shown.num_tags, shown.resources[0].id, shown.resources[0].description], [1, 2, first.id, 'All of them'])
  assert.notEqual(shown.resources[0].revision_id, first.revision_id)
  await updateDataset(jonas, before.id, { input: { title: 'Trees', notes: '', version: null } })
  const emptied = await documentOf('city-trees')
  assert.deepEqual(
    [emptied.title, emptied.notes, emptied.version, emptied.license_id, emptied.num_resources, emptied.num_tags, emptied.extras.length],
    ['Trees', '', null, 'odc-by', 0, 0, 0],
  )
  assert.notEqual(emptied.revision_id, before.revision_id)
})

test('a resource or extra that was taken out comes back as the same row', async () => {
  const made = await createDataset(maria, {
    name: 'come-back',
    extras: [{ key: 'a', value: '1' }],
    resources: [{ url: 'http://a.example' }],
    tags: ['x1'],
  })
  const full = await documentOf(made.id)
  await updateDataset(maria, made.id, { input: {} })
  await updateDataset(maria, made.id, { input: full })
  const again = await documentOf(made.id)
  assert.deepEqual([again.extras[0].id, again.resources[0].id, again.tags[0].id], [full.extras[0].id, full.resources[0].id, full.tags[0].id])
})

test('after a change of any part of a dataset, its rows and its answer agree', async () => {
  const lists = { resources: [{ url: 'http://data.example/kept.csv' }], tags: ['kept'], extras: [{ key: 'year', value: '2010' }] }
  await createDataset(root, { name: 'kept-rows', ...lists })
  const changes: readonly Input[] = [
    { ...lists, version: '2', notes: 'Ärger' },
    { ...lists, tags: ['kept', 'more'] },
    { ...lists, tags: ['kept', 'more'] },
    { ...lists, title: 'Kept Rows', url: 'http://data.example/' },
    { ...lists, name: 'renamed-rows' },
    { ...lists, state: 'deleted' },
    { ...lists, state: 'active', license_id: 'CC-BY' },
    {},
  ]
  let ref = 'kept-rows'
  for (const input of changes) {
    const { name, ...answered } = await updateDataset(root, ref, { input })
    ref = name
    const { no, ...row } = await db.selectFrom('dataset').selectAll().where('name', '=', name).executeTakeFirstOrThrow()
    const { dataset_no, ...folded } = await db.selectFrom('dataset_folded').selectAll().where('dataset_no', '=', no).executeTakeFirstOrThrow()
    assert.deepEqual({ ...row }, await datasetRow({ ...answered, name }))
    assert.deepEqual({ ...folded }, await foldedRow({ ...answered, name }))
    assert.deepEqual([answered.no, answered.document, dataset_no], [no, row.document, no])
  }
})

test('the time of modification grows with every change, even when the clock does not advance', async () => {
  const made = await createDataset(maria, { name: 'fast' })
  const seen = [(await documentOf('fast')).metadata_modified]
  for (const title of ['a', 'b', 'c']) {
    await updateDataset(maria, made.id, { input: { title } })
    seen.push((await documentOf('fast')).metadata_modified)
  }
  assert.deepEqual(seen, [...new Set(seen)].sort())
})

test('all errors of an input are reported together, aligned with its lists, and nothing is stored', async () => {
  const before = await countRows()
  const input = {
    name: 'City Trees',
    version: 'v'.repeat(101),
    author: ['not a text'],
    tags: ['fine', 'a', { name: 'no;good' }, {}],
    extras: [{ key: 'a', value: '1' }, { value: 'x' }, { key: 'b' }],
    resources: [{ url: 'http://a.example' }, { url: '' }, { url: 'http://b.example', format: {} }],
  }
  await assert.rejects(createDataset(maria, input), (error) => {
    assert.ok(error instanceof DomainError && error.fields)
    assert.deepEqual(Object.keys(error.fields).sort(), ['author', 'extras', 'name', 'resources', 'tags', 'version'])
    assert.deepEqual(error.fields['resources'], [{}, { url: ['Missing value'] }, { format: ['Must be a text'] }])
    assert.deepEqual(error.fields['extras'], [{}, { key: ['Missing value'] }, { value: ['Missing value'] }])
    assert.deepEqual(
      error.fields['tags']?.map((one) => Object.keys(one).length),
      [0, 1, 1, 1],
    )
    return true
  })
  assert.deepEqual(await countRows(), before)
})

test('a deleted dataset keeps its name', async () => {
  await createDataset(maria, { name: 'taken' })
  await deleteDataset(maria, 'taken')
  await assert.rejects(createDataset(jonas, { name: 'taken' }), refusedWith('invalid', { name: ['That name is already in use'] }))
  await assert.rejects(createDataset(jonas, {}), refusedWith('invalid', { name: ['Missing value'] }))
})

test('sixteen writers of one name: one succeeds, the others get an error of the field name', async () => {
  const outcomes = await Promise.allSettled(
    [...Array(16).keys()].map((at) => createDataset(at % 2 ? maria : jonas, { name: 'wanted', tags: ['one', 'two'] })),
  )
  const lost = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  assert.equal(lost.length, 15)
  for (const error of lost) refusedWith('invalid', { name: ['That name is already in use'] })(error)
})

test('sixteen writers of the same new tags all get them', async () => {
  await Promise.all(
    [...Array(16).keys()].map((at) => createDataset(maria, { name: `tagged-${at}`, tags: at % 2 ? ['new-a', 'new-b'] : ['new-b', 'new-a'] })),
  )
  const tags = await db.selectFrom('tag').select('name').where('name', 'like', 'new-%').orderBy('name').execute()
  assert.deepEqual(
    tags.map((tag) => tag.name),
    ['new-a', 'new-b'],
  )
})

test('who may do what with a dataset', async () => {
  await assert.rejects(createDataset(anonymous, { name: 'mine' }), refusedWith('forbidden'))
  await createDataset(maria, { name: 'mine' })
  await assert.rejects(updateDataset(jonas, 'mine', { input: { title: 'Mine', state: 'deleted' } }), refusedWith('forbidden'))
  await updateDataset(jonas, 'mine', { input: { title: 'Wiki', state: 'active' } })
  assert.deepEqual([(await documentOf('mine')).title, (await documentOf('mine')).state], ['Wiki', 'active'])
  await assert.rejects(updateDataset(anonymous, 'mine', { input: {} }), refusedWith('forbidden'))
  await assert.rejects(deleteDataset(jonas, 'mine'), refusedWith('forbidden'))
  await assert.rejects(deleteDataset(anonymous, 'not-there'), refusedWith('not_found'))
  await deleteDataset(maria, 'mine')
  assert.ok(!(await listDatasets(anonymous)).includes('mine'))
  await assert.rejects(showDataset(jonas, 'mine'), refusedWith('forbidden'))
  await assert.rejects(updateDataset(jonas, 'mine', { input: { title: 'Deleted' } }), refusedWith('forbidden'))
  assert.equal((await documentOf('mine', maria)).state, 'deleted')
  assert.equal((await documentOf('mine', root)).state, 'deleted')
  await updateDataset(maria, 'mine', { input: { state: 'active' } })
  assert.equal((await documentOf('mine')).state, 'active')
})

test('only a sysadmin gives the id of a new dataset', async () => {
  const id = 'fd788e57-dce4-481c-832d-497235bf9f78'
  await assert.rejects(createDataset(maria, { name: 'given', id }), refusedWith('invalid'))
  await assert.rejects(createDataset(root, { name: 'given', id: 'no-uuid' }), refusedWith('invalid'))
  assert.equal((await createDataset(root, { name: 'given', id })).id, id)
  await assert.rejects(createDataset(root, { name: 'given-again', id }), refusedWith('invalid', { id: ['That id is already in use'] }))
})

test('a resource of another dataset cannot be taken', async () => {
  await createDataset(maria, { name: 'rich', resources: [{ url: 'http://a.example' }] })
  const { id } = (await documentOf('rich')).resources[0]
  const taken = createDataset(jonas, { name: 'thief', resources: [{ url: 'http://b.example' }, { id, url: 'http://a.example' }] })
  await assert.rejects(taken, refusedWith('invalid', { resources: [{}, { id: ['Belongs to a resource of another dataset: leave it out'] }] }))
})

test('revisions list author and changes, newest first', async () => {
  const made = await createDataset(maria, { name: 'history' })
  await updateDataset(jonas, 'history', { input: { title: 'Second' } })
  await updateDataset(jonas, 'history', { input: { title: 'Second' } })
  await deleteDataset(maria, 'history')
  const revisions = await listRevisionsOf(db, 'dataset', made.no)
  assert.deepEqual(
    revisions.map((one) => [one.author, one.message]),
    [
      ['maria', 'REST API: Delete Package: history'],
      ['jonas', 'REST API: Update object history'],
      ['maria', 'REST API: Create object history'],
    ],
  )
  assert.equal((await listRevisionIds(db))[0], revisions[0]?.id)
})

test('an id is looked up before a name that looks like one', async () => {
  const made = await createDataset(maria, { name: 'looks-plain' })
  await createDataset(maria, { name: made.id, title: 'The other' })
  assert.equal((await documentOf(made.id)).name, 'looks-plain')
})

test('hundreds of parts are stored in one go', async () => {
  const many = [...Array(700).keys()]
  const input = {
    name: 'big',
    tags: many.map((at) => `t${at}`),
    extras: many.map((at) => ({ key: `k${at}`, value: at })),
    resources: many.map((at) => ({ url: `http://a.example/${at}` })),
  }
  await createDataset(maria, input)
  const shown = await documentOf('big')
  assert.deepEqual([shown.num_tags, shown.extras.length, shown.num_resources], [700, 700, 700])
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

const hub = await startHub({ MILLRACE_SITE_URL: 'http://hub.example' }, { http: true, workers: false })
after(() => hub.close())
const maria = (await addUser(hub.app.base, { name: 'maria', password: 'secret-word' })).apiKey
const jonas = (await addUser(hub.app.base, { name: 'jonas', password: 'secret-word' })).apiKey
const root = hub.adminKey

type Row = Record<string, unknown>
const result = <T>(name: string, body: unknown = {}, key?: string) => resultOf<T>(hub, name, key === undefined ? { body } : { body, key })
const refusal = async (name: string, body: unknown = {}, key?: string) => {
  const { status, body: answer } = await callAction(hub, name, key === undefined ? { body } : { body, key })
  return [status, answer.error?.__type]
}

for (const name of ['tree', 'leaf', 'wood']) await result('package_create', { name, title: `The ${name}` }, maria)

test('a relationship is answered in its forward form and shown from both sides', async () => {
  const forward = { subject: 'leaf', type: 'child_of', object: 'tree', comment: '' }
  assert.deepEqual(await result('package_relationship_create', { id: 'tree', id2: 'leaf', rel: 'parent_of' }, jonas), forward)
  assert.deepEqual(await result('package_relationships_list', { id: 'leaf' }), [forward])
  assert.deepEqual(await result('package_relationships_list', { id: 'tree', id2: 'leaf', rel: 'parent_of' }), [
    { ...forward, subject: 'tree', type: 'parent_of', object: 'leaf' },
  ])
  assert.deepEqual(await result('package_relationships_list', { id: 'wood' }), [])
  assert.deepEqual(await refusal('package_relationships_list', { id: 'tree', rel: 'child_of' }), [404, 'Not Found Error'])
  const leaf = await result<{ relationships_as_subject: Row[]; relationships_as_object: Row[] }>('package_show', { id: 'leaf' })
  assert.deepEqual([leaf.relationships_as_subject[0]?.['type'], leaf.relationships_as_object], ['child_of', []])
  const tree = await result<{ relationships_as_subject: Row[]; relationships_as_object: Row[] }>('package_show', { id: 'tree' })
  assert.deepEqual([tree.relationships_as_subject, tree.relationships_as_object], [[], leaf.relationships_as_subject])
})

test('creating it again changes the comment, and an update of a package keeps it', async () => {
  const again = await result<Row>('package_relationship_create', { id: 'leaf', id2: 'tree', rel: 'child_of', comment: 'since 2010' }, maria)
  assert.equal(again['comment'], 'since 2010')
  assert.equal((await result<Row[]>('package_relationships_list', { id: 'leaf' })).length, 1)
  const leaf = await result<Row>('package_show', { id: 'leaf' })
  const updated = await result<Row>('package_update', { ...leaf, title: 'Green' }, maria)
  assert.deepEqual(updated['relationships_as_subject'], leaf['relationships_as_subject'])
  const changed = await result<Row>('package_relationship_update', { id: 'tree', id2: 'leaf', rel: 'parent_of', comment: 'new' }, maria)
  assert.deepEqual(changed, { subject: 'leaf', type: 'child_of', object: 'tree', comment: 'new' })
})

test('what is refused of relationships', async () => {
  const link = { id: 'tree', id2: 'wood', rel: 'links_to' }
  assert.deepEqual(await refusal('package_relationship_create', link), [403, 'Authorization Error'])
  assert.deepEqual(await refusal('package_relationship_create', { ...link, rel: 'likes' }, maria), [409, 'Validation Error'])
  assert.deepEqual(await refusal('package_relationship_create', { ...link, id2: 'tree' }, maria), [409, 'Validation Error'])
  assert.deepEqual(await refusal('package_relationship_create', { ...link, id2: 'none' }, maria), [404, 'Not Found Error'])
  assert.deepEqual(await refusal('package_relationship_update', link, maria), [404, 'Not Found Error'])
  assert.deepEqual(await refusal('package_relationship_delete', link, maria), [404, 'Not Found Error'])
})

test('a deleted relationship is gone, and comes back when it is made again', async () => {
  const link = { id: 'leaf', id2: 'tree', rel: 'child_of' }
  assert.equal(await result('package_relationship_delete', link, jonas), null)
  assert.deepEqual(await result('package_relationships_list', { id: 'tree' }), [])
  assert.deepEqual((await result<Row>('package_show', { id: 'tree' }))['relationships_as_object'], [])
  await result('package_relationship_create', link, maria)
  assert.equal((await result<Row[]>('package_relationships_list', { id: 'tree' })).length, 1)
})

test('ratings: one for each user, from 1 to 5', async () => {
  assert.deepEqual(await result('rating_create', { package: 'tree', rating: 5 }, maria), { 'rating average': 5, 'rating count': 1 })
  assert.deepEqual(await result('rating_create', { package: 'tree', rating: '2' }, jonas), { 'rating average': 3.5, 'rating count': 2 })
  assert.deepEqual(await result('rating_create', { package: 'tree', rating: 3 }, maria), { 'rating average': 2.5, 'rating count': 2 })
  for (const body of [
    { package: 'tree' },
    { rating: 3 },
    { package: 'none', rating: 3 },
    { package: 'tree', rating: 0 },
    { package: 'tree', rating: 6 },
    { package: 'tree', rating: 2.5 },
    { package: 'tree', rating: 'good' },
  ]) {
    assert.deepEqual(await refusal('rating_create', body, maria), [409, 'Validation Error'], JSON.stringify(body))
  }
  assert.deepEqual(await refusal('rating_create', { package: 'tree', rating: 3 }), [403, 'Authorization Error'])
})

test('the flat form of a package goes out and comes back', async () => {
  const made = await result<Row>(
    'package_create_rest',
    {
      name: 'flat',
      title: 'Flat',
      notes: '# Hi\n\n<script>alert(1)</script> [x](javascript:alert(1))',
      license_id: 'odc-by',
      tags: 'one two',
      extras: { surveyed: 2010, text: 'x', digits: '7' },
      download_url: 'http://a.example/flat.csv',
    },
    maria,
  )
  assert.deepEqual(
    [made['tags'], made['extras'], made['groups'], made['download_url']],
    [['one', 'two'], { surveyed: 2010, text: 'x', digits: '7' }, [], 'http://a.example/flat.csv'],
  )
  assert.deepEqual(
    [made['license'], made['ratings_average'], made['ratings_count'], made['ckan_url']],
    ['Open Data Commons Attribution License', null, 0, 'http://hub.example/dataset/flat'],
  )
  assert.match(String(made['notes_rendered']), /<h1>Hi<\/h1>/)
  assert.doesNotMatch(String(made['notes_rendered']), /<script|href="javascript/)
  assert.ok(!('revision_timestamp' in made))
  const [resource] = made['resources'] as Row[]
  assert.deepEqual(['revision_id' in (resource ?? {}), 'state' in (resource ?? {}), resource?.['package_id']], [false, false, made['id']])
  assert.deepEqual(await result('package_update_rest', made, maria), made)
  const changed = await result<Row>('package_update_rest', { id: 'flat', tags: [], extras: { text: null, more: [1] } }, maria)
  assert.deepEqual(
    [changed['tags'], changed['extras'], (changed['resources'] as Row[]).length],
    [['one', 'two'], { surveyed: 2010, digits: '7', more: [1] }, 1],
  )
  assert.equal((await result<{ extras: Row[] }>('package_show', { id: 'flat' })).extras.find((one) => one['key'] === 'surveyed')?.['value'], '2010')
  assert.equal((await result<Row>('package_show_rest', { id: 'tree' }))['ratings_average'], 2.5)
})

test('a patch changes what it names and nothing else', async () => {
  const before = await result<Row>('package_show', { id: 'flat' })
  const patched = await result<Row>('package_patch', { id: 'flat', title: 'Patched', tags: ['three'] }, maria)
  assert.deepEqual(
    [patched['title'], patched['num_tags'], patched['extras'], patched['resources']],
    ['Patched', 1, before['extras'], before['resources']],
  )
})

test('validation answers with the cleaned input and stores nothing', async () => {
  const valid = await result<Row>('package_create_validate', { name: 'maybe', tags: ['a1'], nonsense: 1, resources: [{ url: 'x', foo: 'y' }] }, maria)
  assert.deepEqual(
    [valid['name'], valid['title'], 'id' in valid, 'nonsense' in valid, valid['tags']],
    ['maybe', 'maybe', false, false, [{ name: 'a1' }]],
  )
  assert.deepEqual(await refusal('package_show', { id: 'maybe' }), [404, 'Not Found Error'])
  assert.deepEqual(await refusal('package_create_validate', { name: 'tree' }, maria), [409, 'Validation Error'])
  assert.deepEqual(await refusal('package_create_validate', { name: 'maybe' }), [403, 'Authorization Error'])
  const update = await result<Row>('package_update_validate', { id: 'wood', title: 'New' }, maria)
  assert.deepEqual([update['id'], update['title']], [(await result<Row>('package_show', { id: 'wood' }))['id'], 'New'])
  assert.equal((await result<Row>('package_show', { id: 'wood' }))['title'], 'The wood')
})

test('a pending version waits until it is approved', async () => {
  await result('package_update', { id: 'wood', title: 'Held back', state: 'pending', tags: ['now'] }, root)
  const shown = await result<Row>('package_show', { id: 'wood' })
  assert.deepEqual([shown['title'], shown['state'], shown['num_tags']], ['The wood', 'active', 1])
  const [held] = await result<Row[]>('package_revision_list', { id: 'wood' })
  assert.equal(held?.['approved_timestamp'], null)
  assert.deepEqual(await refusal('make_latest_pending_package_active', { id: 'wood' }), [403, 'Authorization Error'])
  assert.equal(await result('make_latest_pending_package_active', { id: 'wood' }, maria), null)
  const approved = await result<Row>('package_show', { id: 'wood' })
  assert.deepEqual([approved['title'], approved['state'], approved['revision_id']], ['Held back', 'active', held?.['id']])
  const revisions = await result<Row[]>('package_revision_list', { id: 'wood' })
  assert.deepEqual([revisions.length, typeof revisions[0]?.['approved_timestamp']], [2, 'string'])
  assert.deepEqual(await refusal('make_latest_pending_package_active', { id: 'none' }, maria), [404, 'Not Found Error'])
})

test('a package that was created pending is shown to its admin and to sysadmins until it is approved', async () => {
  await result('package_create', { name: 'new-pending', state: 'pending' }, root)
  assert.deepEqual(await refusal('package_show', { id: 'new-pending' }, jonas), [403, 'Authorization Error'])
  assert.equal((await result<Row>('package_show', { id: 'new-pending' }, root))['state'], 'pending')
  await result('make_latest_pending_package_active', { id: 'new-pending' }, root)
  assert.equal((await result<Row>('package_show', { id: 'new-pending' }))['state'], 'active')
})

test('users: made, listed, shown, changed', async () => {
  const made = await result<Row>('user_create', { name: 'nora', password: 'some-word', email: 'nora@example.org', fullname: 'Nora Holt' }, maria)
  assert.deepEqual([typeof made['apikey'], made['reset_key'], 'password' in made, made['display_name']], ['string', null, false, 'Nora Holt'])
  assert.deepEqual(await refusal('user_create', { name: 'nora', password: 'some-word' }, maria), [409, 'Validation Error'])
  assert.deepEqual(await refusal('user_create', { name: 'x', password: 'w', about: 'http://spam' }, maria), [409, 'Validation Error'])
  assert.deepEqual(await refusal('user_create', { name: 'other', password: 'some-word' }), [403, 'Authorization Error'])
  const missing = await callAction(hub, 'user_create', { body: {}, key: maria })
  assert.deepEqual(missing.body.error, { name: ['Missing value'], password: ['Missing value'], __type: 'Validation Error' })

  const own = await result<Row>('user_show', {}, String(made['apikey']))
  assert.deepEqual([own['name'], own['apikey'], own['email'], own['activity']], ['nora', made['apikey'], 'nora@example.org', []])
  const strangers = await result<Row>('user_show', { id: 'nora' })
  assert.deepEqual(['apikey' in strangers, 'reset_key' in strangers, strangers['email']], [false, false, null])
  assert.deepEqual(await refusal('user_show', {}), [404, 'Not Found Error'])
  const maker = await result<{ activity: Row[]; number_of_edits: number }>('user_show', { id: 'maria' })
  assert.ok(maker.activity.length > 3 && maker.number_of_edits >= maker.activity.length)
  assert.equal(maker.activity[0]?.['state'], 'active')

  const listed = await result<Row[]>('user_list', { q: 'HOLT' })
  assert.deepEqual([listed.map((one) => one['name']), listed.some((one) => 'apikey' in one)], [['nora'], false])
  assert.deepEqual(await result('user_list', { q: 'example.org' }), [])
  assert.equal((await result<Row[]>('user_list', { q: 'example.org' }, root)).length, 1)
  assert.equal((await result<Row[]>('user_list', { order_by: 'edits' }))[0]?.['name'], 'maria')
  assert.deepEqual(await result('user_autocomplete', { q: 'nor' }), [{ id: made['id'], name: 'nora', fullname: 'Nora Holt' }])

  assert.deepEqual(await refusal('user_update', { id: 'nora', about: 'x' }, maria), [403, 'Authorization Error'])
  assert.deepEqual(await refusal('user_update', { id: 'nora', name: 'renamed', about: 'x' }, String(made['apikey'])), [409, 'Validation Error'])
  const changed = await result<Row>('user_update', { id: 'nora', name: 'nora', about: 'Likes trees.' }, String(made['apikey']))
  assert.deepEqual([changed['name'], changed['about'], changed['fullname']], ['nora', 'Likes trees.', 'Nora Holt'])
})

test('a reset key sets the password once, and nothing else', async () => {
  assert.deepEqual(await refusal('user_reset_create', { id: 'nora' }, maria), [403, 'Authorization Error'])
  const { reset_key: key } = await result<Row>('user_reset_create', { id: 'nora' }, root)
  for (const wrong of [null, '', 'x'.repeat(40), undefined]) {
    assert.deepEqual(await refusal('user_update', { id: 'nora', password: 'taken-over', reset_key: wrong }), [403, 'Authorization Error'])
  }
  const more = { id: 'nora', password: 'some-word', about: 'Mine', reset_key: key }
  assert.deepEqual(await refusal('user_update', more), [403, 'Authorization Error'])
  const calls = [1, 2, 3].map((at) => callAction(hub, 'user_update', { body: { id: 'nora', password: `some-word-${at}`, reset_key: key } }))
  const statuses = (await Promise.all(calls)).map((one) => one.status).sort()
  assert.deepEqual(statuses, [200, 403, 403])
  const nora = await result<Row>('user_show', { id: 'nora' })
  assert.deepEqual([nora['about'], 'apikey' in nora], ['Likes trees.', false])
})

test('who edits packages and who makes users follows the settings', async () => {
  const strict = await startHub({ MILLRACE_PACKAGE_EDITING: 'owners', MILLRACE_USER_CREATION: 'sysadmins' }, { http: true, workers: false })
  try {
    const owner = (await addUser(strict.app.base, { name: 'owner', password: 'secret-word' })).apiKey
    const other = (await addUser(strict.app.base, { name: 'other', password: 'secret-word' })).apiKey
    await resultOf(strict, 'package_create', { body: { name: 'owned' }, key: owner })
    assert.equal((await callAction(strict, 'package_update', { body: { id: 'owned', title: 'x' }, key: other })).status, 403)
    await resultOf(strict, 'package_update', { body: { id: 'owned', title: 'x' }, key: owner })
    assert.equal((await callAction(strict, 'user_create', { body: { name: 'third', password: 'some-word' }, key: owner })).status, 403)
    await resultOf(strict, 'user_create', { body: { name: 'third', password: 'some-word' }, key: strict.adminKey })
  } finally {
    await strict.close()
  }
})

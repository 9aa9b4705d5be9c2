import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())
const owner = (await addUser(hub.app.base, { name: 'maria', password: 'secret-word' })).apiKey
const other = (await addUser(hub.app.base, { name: 'jonas', password: 'secret-word' })).apiKey
const root = hub.adminKey

type Row = Record<string, unknown>
type Shown = Row & { id: string; name: string; relationships_as_subject: Row[]; relationships_as_object: Row[] }
const result = <T>(name: string, body: unknown = {}, key?: string) => resultOf<T>(hub, name, key === undefined ? { body } : { body, key })
const strangers = [undefined, other]
const insiders = [owner, root]

await result('organization_create', { name: 'city', users: [{ name: 'maria', capacity: 'editor' }] }, root)
const made: Record<string, Shown> = {}
for (const name of ['tree', 'leaf', 'wood', 'gone', 'secret-pack']) {
  const tags = name === 'tree' ? ['green'] : []
  made[name] = await result<Shown>('package_create', { name, owner_org: 'city', private: name === 'secret-pack', tags }, owner)
}
await result('package_relationship_create', { id: 'tree', id2: 'leaf', rel: 'parent_of', comment: '"relationships_as_subject":[' }, owner)
await result('package_relationship_create', { id: 'tree', id2: 'secret-pack', rel: 'links_to', comment: 'hush' }, owner)
await result('package_relationship_create', { id: 'secret-pack', id2: 'tree', rel: 'depends_on', comment: 'hush' }, owner)
await result('package_relationship_create', { id: 'tree', id2: 'gone', rel: 'derives_from', comment: 'hush' }, owner)
await result('package_delete', { id: 'gone' }, owner)
await result('group_create', { name: 'parks', packages: ['wood', 'secret-pack'] }, owner)

/** The relationships of `tree` wherever it is shown whole. */
async function relationsOfTree(key?: string): Promise<unknown[]> {
  const found = await result<{ results: Shown[] }>('package_search', { q: 'name:tree' }, key)
  const current = await result<Shown[]>('current_package_list_with_resources', {}, key)
  const tagged = await result<{ packages: Shown[] }>('tag_show', { id: 'green' }, key)
  const page = await fetch(`${hub.url}/dataset/tree`, { headers: { accept: 'application/json', ...(key ? { authorization: key } : {}) } })
  const whole = [await result<Shown>('package_show', { id: 'tree' }, key), (await page.json()) as Shown]
  return [...whole, ...found.results, ...tagged.packages, ...current.filter((one) => one.name === 'tree')].map((one) => [
    one.relationships_as_subject.map((link) => [link['type'], link['object_package_id']]),
    one.relationships_as_object.map((link) => [link['type'], link['subject_package_id']]),
  ])
}

test('a dataset shows its relationships with those datasets only that the caller may read', async () => {
  const idOf = (name: string) => made[name]?.id
  const open = [[], [['child_of', idOf('leaf')]]]
  const all = [
    [
      ['derives_from', idOf('gone')],
      ['links_to', idOf('secret-pack')],
    ],
    [
      ['child_of', idOf('leaf')],
      ['depends_on', idOf('secret-pack')],
    ],
  ]
  for (const key of strangers) assert.deepEqual(await relationsOfTree(key), Array(5).fill(open))
  for (const key of insiders) assert.deepEqual(await relationsOfTree(key), Array(5).fill(all))
  const leaf = await result<Shown>('package_show', { id: 'leaf' })
  assert.deepEqual([leaf.relationships_as_subject.length, leaf.relationships_as_object], [1, []])

  await result('package_patch', { id: 'secret-pack', private: false }, owner)
  assert.deepEqual((await result<Shown>('package_show', { id: 'tree' })).relationships_as_subject.length, 1)
  await result('package_patch', { id: 'secret-pack', private: true }, owner)
  assert.deepEqual((await result<Shown>('package_show', { id: 'tree' })).relationships_as_subject, [])
})

/** All texts of revisions. */
async function revisionTexts(key?: string): Promise<string> {
  const shown: unknown[] = [await result('user_show', { id: 'maria' }, key)]
  for (const id of await result<string[]>('revision_list')) shown.push(await result('revision_show', { id }, key))
  for (const id of ['tree', 'leaf', 'wood']) shown.push(await result('package_revision_list', { id }, key))
  shown.push(await result('group_revision_list', { id: 'parks' }, key))
  return JSON.stringify(shown)
}

test('revisions do not name datasets that the caller may not read', async () => {
  for (const key of strangers) {
    const texts = await revisionTexts(key)
    assert.doesNotMatch(texts, /secret-pack|gone/)
    assert.match(texts, /REST API: Create object wood/)
    assert.match(texts, /REST API: Create package relationship: leaf child_of tree/)
  }
  for (const key of insiders) {
    const texts = await revisionTexts(key)
    assert.match(texts, /REST API: Create object secret-pack/)
    assert.match(texts, /REST API: Delete Package: gone/)
    assert.match(texts, /tree links_to secret-pack/)
  }
  const revisionId = String(made['secret-pack']?.['revision_id'])
  const readTexts = async (key?: string) => {
    const { id, message, packages } = await result<Row>('revision_show', { id: revisionId }, key)
    return [id, message, packages]
  }
  const parks = async (key?: string) => (await result<Row[]>('group_revision_list', { id: 'parks' }, key)).map((one) => one['message'])
  for (const key of strangers) assert.deepEqual(await parks(key), [''])
  for (const key of insiders) assert.deepEqual(await parks(key), ['REST API: Create object parks'])
  for (const key of strangers) assert.deepEqual(await readTexts(key), [revisionId, '', []])
  for (const key of insiders) assert.deepEqual(await readTexts(key), [revisionId, 'REST API: Create object secret-pack', ['secret-pack']])
})

test('a purged dataset is named by no revision any more', async () => {
  await result('dataset_purge', { id: 'secret-pack' }, root)
  for (const key of [undefined, root]) assert.doesNotMatch(await revisionTexts(key), /secret-pack/)
  assert.deepEqual((await result<Shown>('package_show', { id: 'tree' }, owner)).relationships_as_subject.length, 1)
})

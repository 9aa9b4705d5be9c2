import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

// Who sees a draft, wherever datasets are shown or changed. On this hub every user may edit public datasets (wiki).

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())

type Row = Record<string, unknown>
type Shown = Row & { id: string; name: string; resources: { id: string; url: string }[] }

/** Maria makes the drafts and has no role; nora is a member of `city`, eva its editor, ada its admin; jonas is an editor elsewhere. */
const keys: Record<string, string> = { anonymous: '', root: hub.adminKey }
for (const name of ['maria', 'jonas', 'nora', 'eva', 'ada']) keys[name] = (await addUser(hub.app.base, { name, password: 'a-password' })).apiKey
const everyone = Object.keys(keys)
const call = (name: string, body: unknown, who = 'root') => callAction(hub, name, { body, key: keys[who] ?? '' })
const result = <T = Row>(name: string, body: unknown, who = 'root') => resultOf<T>(hub, name, { body, key: keys[who] ?? '' })
const fetchAs = (path: string, who: string, accept = 'application/json') =>
  fetch(hub.url + path, { redirect: 'manual', headers: { accept, ...(keys[who] ? { authorization: keys[who] } : {}) } })

interface Kind {
  readonly name: string
  readonly owner: Row
  readonly editors: readonly string[]
  readonly deleters: readonly string[]
}

const kinds: readonly Kind[] = [
  { name: 'wiki-draft', owner: {}, editors: ['maria', 'root'], deleters: ['maria', 'root'] },
  { name: 'city-draft', owner: { owner_org: 'city' }, editors: ['eva', 'ada', 'maria', 'root'], deleters: ['eva', 'ada', 'root'] },
]
const readersOf = (name: string) => kinds.find((one) => one.name === name)?.editors ?? []
const draftsFor = (who: string) => kinds.filter(({ editors }) => editors.includes(who)).map((one) => one.name)
const sorted = (names: readonly string[]) => [...names].sort()

const drafts = new Map<string, Shown>()
let creatorId = ''

/** A draft that maria has made. */
const makeDraft = ({ owner }: Kind, name: string) =>
  result<Shown>('package_create', { name, state: 'draft', creator_user_id: creatorId, tags: [{ name: 'secret-tag' }], ...owner })

async function addFile({ id }: Shown): Promise<Shown> {
  const form = new FormData()
  for (const [field, value] of Object.entries({ package_id: id, url: 'upload' })) form.append(field, value)
  form.append('upload', new Blob(['a,b\n1,2\n']), 'table.csv')
  const response = await fetch(`${hub.url}/api/3/action/resource_create`, { method: 'POST', body: form, headers: { authorization: hub.adminKey } })
  assert.equal(response.status, 200)
  return result<Shown>('package_show', { id })
}

before(async () => {
  creatorId = String((await result('user_show', { id: 'maria' }))['id'])
  const member = (name: string, capacity: string) => ({ name, capacity })
  await result('organization_create', { name: 'city', users: [member('nora', 'member'), member('eva', 'editor'), member('ada', 'admin')] })
  await result('organization_create', { name: 'village', users: [member('jonas', 'editor')] })
  await result('package_create', { name: 'open', owner_org: 'city' })
  for (const kind of kinds) drafts.set(kind.name, await addFile(await makeDraft(kind, kind.name)))
  await result('group_create', { name: 'parks', packages: ['open', ...drafts.keys()] })
  for (const name of drafts.keys()) await result('package_relationship_create', { id: 'open', id2: name, rel: 'links_to', comment: 'hush' })
})

const statuses = async (ask: (who: string) => Promise<{ status: number }>) => {
  const found: Record<string, number> = {}
  for (const who of everyone) found[who] = (await ask(who)).status
  return found
}
const expected = (allowed: readonly string[], yes = 200, no = 403) =>
  Object.fromEntries(everyone.map((who) => [who, allowed.includes(who) ? yes : no]))

for (const { name, editors } of kinds) {
  test(`${name}: only ${editors.join(', ')} read it, its resource, its file and its pages`, async () => {
    const { id, resources } = drafts.get(name) as Shown
    const [resource] = resources
    const path = new URL(String(resource?.url)).pathname
    for (const [action, body] of [
      ['package_show', { id: name }],
      ['package_show', { id }],
      ['package_show_rest', { id }],
      ['package_revision_list', { id }],
      ['package_relationships_list', { id }],
      ['package_relationships_list', { id: 'open', id2: id }],
      ['resource_show', { id: resource?.id }],
    ] as const)
      assert.deepEqual(await statuses((who) => call(action, body, who)), expected(editors), action)
    for (const accept of ['application/json', 'text/html'])
      assert.deepEqual(await statuses((who) => fetchAs(`/dataset/${name}`, who, accept)), expected(editors), accept)
    assert.deepEqual(await statuses((who) => fetchAs(path, who)), expected(editors), path)
  })

  test(`${name}: only ${editors.join(', ')} edit it`, async () => {
    const { id, resources } = drafts.get(name) as Shown
    const resourceId = resources[0]?.id
    const others = everyone.filter((who) => !editors.includes(who))
    const before = await result('package_show', { id })
    for (const who of others) {
      for (const [action, body] of [
        ['package_update', { id, title: 'Changed' }],
        ['package_patch', { id, title: 'Changed' }],
        ['package_update_rest', { id, title: 'Changed' }],
        ['package_update_validate', { id, title: 'Changed' }],
        ['package_delete', { id }],
        ['make_latest_pending_package_active', { id }],
        ['resource_create', { package_id: id, url: 'http://a.example/b' }],
        ['resource_update', { id: resourceId, url: 'http://a.example/b' }],
        ['resource_patch', { id: resourceId, name: 'Changed' }],
        ['resource_delete', { id: resourceId }],
        ['package_relationship_create', { id, id2: 'open', rel: 'depends_on' }],
        ['package_relationship_update', { id: 'open', id2: id, rel: 'links_to', comment: 'Changed' }],
        ['package_relationship_delete', { id: 'open', id2: id, rel: 'links_to' }],
        ['rating_create', { package: id, rating: 5 }],
      ] as const)
        assert.equal((await call(action, body, who)).status, 403, `${action} by ${who}`)
    }
    assert.deepEqual(await result('package_show', { id }), before)
    for (const who of editors) {
      await result('package_patch', { id, title: `By ${who}` }, who)
      await result('resource_patch', { id: resourceId, description: `By ${who}` }, who)
      assert.equal((await result('package_show', { id }, who))['title'], `By ${who}`)
    }
  })
}

for (const kind of kinds) {
  test(`${kind.name}: only ${kind.deleters.join(', ')} delete one and make it public`, async () => {
    for (const who of everyone) {
      for (const [action, change] of [
        ['package_delete', {}],
        ['package_patch', { state: 'active' }],
      ] as const) {
        const { id } = await makeDraft(kind, `${kind.name}-${action === 'package_delete' ? 'gone' : 'public'}-${who}`)
        const isAllowed = kind.deleters.includes(who)
        assert.equal((await call(action, { id, ...change }, who)).status, isAllowed ? 200 : 403, `${action} by ${who}`)
        if (isAllowed) assert.notEqual((await result('package_show', { id }))['state'], 'draft')
        await result('dataset_purge', { id })
      }
    }
  })
}

test('searches and lists find drafts when asked to, and for those who may read them', async () => {
  for (const who of everyone) {
    const names = draftsFor(who)
    const search = async (more: Row) => {
      const body = { q: 'tags:secret-tag', facet: 'true', 'facet.field': ['tags'], ...more }
      const found = await result<{ count: number; results: Shown[]; facets: { tags: Row } }>('package_search', body, who)
      return [found.count, sorted(found.results.map((one) => one.name)), found.facets.tags['secret-tag'] ?? 0]
    }
    assert.deepEqual(await search({ include_drafts: true }), [names.length, sorted(names), names.length], who)
    assert.deepEqual(await search({ include_private: true, include_deleted: true }), [0, [], 0], who)
    assert.deepEqual(await result('package_list', { include_drafts: true }, who), sorted([...names, 'open']), who)
    assert.deepEqual(await result('package_list', { include_drafts: true, limit: 1, offset: 1 }, who), sorted([...names, 'open']).slice(1, 2), who)
    assert.deepEqual(await result('package_list', {}, who), ['open'], who)
    for (const [action, body] of [
      ['package_autocomplete', { q: 'draft' }],
      ['package_autocomplete', { q: 'wiki' }],
      ['tag_list', {}],
      ['tag_autocomplete', { q: 'secret' }],
    ] as const)
      assert.deepEqual(await result<unknown>(action, body, who), [], `${action} ${who}`)
    assert.equal((await result('resource_search', { query: 'url:table' }, who))['count'], 0)
    assert.equal((await call('tag_show', { id: 'secret-tag' }, who)).status, names.length > 0 ? 200 : 404, who)
  }
})

test('groups, organizations and users neither list nor count drafts for those who may not read them', async () => {
  for (const who of everyone) {
    for (const [action, id] of [
      ['group_show', 'parks'],
      ['organization_show', 'city'],
    ] as const) {
      const shown = await result<{ packages: Shown[]; package_count: number }>(action, { id, include_datasets: true }, who)
      assert.deepEqual([shown.packages.map((one) => one.name), shown.package_count], [['open'], 1], `${action} ${who}`)
    }
    for (const action of ['group_list', 'organization_list']) {
      const listed = await result<Row[]>(action, { all_fields: true }, who)
      assert.deepEqual(
        listed.map((one) => one['package_count']).filter((count) => count !== 0),
        [1],
        `${action} ${who}`,
      )
    }
    const maria = await result<Row & { datasets: Shown[] }>('user_show', { id: 'maria', include_datasets: true }, who)
    assert.equal(maria['number_created_packages'], draftsFor(who).length, who)
    assert.deepEqual(
      maria.datasets.map((one) => one.name),
      ['maria', 'root'].includes(who) ? sorted([...drafts.keys()]) : [],
      who,
    )
    const people = await result<Row[]>('user_list', { q: 'maria' }, who)
    assert.equal(people[0]?.['number_created_packages'], draftsFor(who).length, who)
  }
  const refused = await call('group_create', { name: 'taking', packages: ['wiki-draft'] }, 'jonas')
  assert.deepEqual([refused.status, refused.body.error?.['packages']], [409, [{ id: ['There is no such package: wiki-draft'] }]])
})

test('a list of packages of a group takes out no draft that the caller may not read', async () => {
  await result('group_create', { name: 'circle', packages: ['open'] }, 'jonas')
  for (const name of drafts.keys()) {
    const { groups } = await result<{ groups: { name: string }[] }>('package_show', { id: name })
    await result('package_patch', { id: name, groups: [...groups.map((one) => one.name), 'circle'] })
  }
  const inCircle = async () => {
    const found = await result<{ results: Shown[] }>('package_search', { fq: 'groups:circle', include_drafts: true })
    return sorted(found.results.map((one) => one.name))
  }
  const stored = () => Promise.all([...drafts.keys()].map(async (id) => (await result('package_show', { id }))['metadata_modified']))
  const before = await stored()
  await result('group_update', { id: 'circle', title: 'A circle' }, 'jonas')
  assert.deepEqual(await inCircle(), sorted([...drafts.keys()]))
  await result('group_update', { id: 'circle', packages: ['open'] }, 'jonas')
  assert.deepEqual(await inCircle(), sorted([...drafts.keys(), 'open']))
  assert.deepEqual(await stored(), before)
  await result('group_update', { id: 'circle', packages: ['open'] })
  assert.deepEqual(await inCircle(), ['open'])
  await result('group_purge', { id: 'circle' })
})

test('relationships and revisions name drafts to those only who may read them', async () => {
  for (const who of everyone) {
    const names = draftsFor(who)
    const links = await result<Row[]>('package_relationships_list', { id: 'open' }, who)
    assert.deepEqual(sorted(links.map((one) => String(one['object']))), sorted(names), who)
    const open = await result<Row & { relationships_as_subject: Row[]; relationships_as_object: Row[] }>('package_show', { id: 'open' }, who)
    assert.equal(open.relationships_as_subject.length + open.relationships_as_object.length, names.length, who)
    const texts: unknown[] = [await result('package_revision_list', { id: 'open' }, who), await result('group_revision_list', { id: 'parks' }, who)]
    texts.push(await result('user_show', { id: 'maria' }, who))
    for (const id of await result<string[]>('revision_list', {}, who)) texts.push(await result('revision_show', { id }, who))
    const text = JSON.stringify(texts)
    for (const name of drafts.keys()) assert.equal(new RegExp(`${name}(?!-)`).test(text), readersOf(name).includes(who), `${name} ${who}`)
  }
})

test('the feed of changes shows drafts to sysadmins only, until they are public', async () => {
  const shownTo = async (who: string) => {
    const { changes } = (await (await fetchAs('/changes?limit=1000', who)).json()) as { changes: Row[] }
    return changes.map((one) => one['id'])
  }
  const ids = [...drafts.values()].map((one) => one.id)
  for (const who of everyone) {
    const shown = await shownTo(who)
    assert.deepEqual(
      ids.filter((id) => shown.includes(id)),
      who === 'root' ? ids : [],
      who,
    )
  }
  await result('package_patch', { id: ids[0], state: 'active' })
  for (const who of everyone) assert.ok((await shownTo(who)).includes(ids[0]), who)
  await result('package_show', { id: ids[0] }, 'anonymous')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CkanConflictError,
  CkanDataset,
  CkanGroup,
  CkanHighLevelClient,
  CkanLowLevelClient,
  CkanMismatchError,
  CkanNotAuthorizedError,
  CkanNotFoundError,
  CkanOrganization,
  CkanValidationError,
  type CkanWarning,
  type HighLevelOptions,
} from '../index.ts'
import type { PlainRecord } from '../record.ts'
import { ADMIN_KEY, ForeignCkan } from '../testing/foreign-ckan.ts'
import { refusal, type SeenRequest } from '../testing/scripted-server.ts'
import { withServer } from '../testing/with-server.ts'

interface Stage {
  ckan: ForeignCkan
  client: CkanHighLevelClient
  seen: SeenRequest[]
  warnings: CkanWarning[]
}

/** Runs a scenario against a catalogue with the habits of a CKAN, as its sysadmin. */
function withCkan(scenario: (stage: Stage) => Promise<void>, options: HighLevelOptions = {}): Promise<void> {
  const ckan = new ForeignCkan()
  const warnings: CkanWarning[] = []
  return withServer(ckan.answer, async ({ url, seen }) => {
    const client = new CkanHighLevelClient(url, { apiKey: ADMIN_KEY, onWarning: (warning) => warnings.push(warning), ...options })
    await scenario({ ckan, client, seen, warnings })
  })
}

/** The rejection of a promise as a CkanNotFoundError's reason. */
async function reasonOf(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => undefined,
    (caught) => caught,
  )
  assert.ok(error instanceof CkanNotFoundError, String(error))
  assert.equal(error.status, 404)
  assert.equal(error.logical, error.reason !== 'missing')
  if (error.logical) assert.ok(error.message.startsWith(`(logical) ${error.action?.split('_')[0]?.replace('package', 'dataset')} `), error.message)
  return error.reason
}

const idOf = (object: { id: string | null }) => object.id ?? assert.fail('has an id')
const actionsOf = (seen: SeenRequest[]) => seen.map((request) => request.path.split('/').at(-1))

test('the first session of a user: create, rename, read, wipe, and read what was deleted', () =>
  withCkan(async ({ client, warnings }) => {
    assert.deepEqual(await client.listDatasets(), [])
    const dataset = await client.createDataset({ name: 'example-dataset', title: 'My example dataset' })
    assert.ok(dataset instanceof CkanDataset)
    const id = idOf(dataset)
    assert.deepEqual(await client.listDatasets(), [id])
    assert.deepEqual(await client.listDatasetNames(), ['example-dataset'])
    dataset.title = 'NEW TITLE'
    const updated = await client.updateDataset(dataset)
    assert.equal(updated.title, 'NEW TITLE')
    assert.ok((await client.getDataset(id)).equals(updated))
    await client.wipeDataset(id)
    await assert.rejects(client.getDataset(id), { status: 404, message: /^\(logical\) dataset state is deleted/ })
    assert.equal(await reasonOf(client.getDataset(id)), 'deleted')
    const deleted = await client.getDataset(id, { allowDeleted: true })
    assert.equal(deleted.state, 'deleted')
    assert.match(deleted.name ?? '', /^deleted-[a-z0-9]{10}$/)
    assert.deepEqual(await client.listDatasets(), [])
    assert.deepEqual(warnings, [])
  }))

test('ids are not taken for names, nor names for ids', () =>
  withCkan(async ({ client }) => {
    const dataset = await client.createDataset({ name: 'a' })
    assert.equal(await reasonOf(client.getDataset('a')), 'id-mismatch')
    assert.equal(await reasonOf(client.getDatasetByName(idOf(dataset))), 'name-mismatch')
    assert.equal(await reasonOf(client.getDataset('nothing')), 'missing')
    assert.equal((await client.getDatasetByName('a')).id, dataset.id)
    const group = await client.createGroup({ name: 'g' })
    assert.equal(await reasonOf(client.getGroup('g')), 'id-mismatch')
    assert.equal(await reasonOf(client.getGroupByName(idOf(group))), 'name-mismatch')
    await client.createOrganization({ name: 'o' })
    assert.equal(await reasonOf(client.getOrganization('o')), 'id-mismatch')
  }))

test('what is deleted is not there, with a key and without', () =>
  withCkan(async ({ client }) => {
    const id = idOf(await client.createDataset({ name: 'a' }))
    await client.deleteDataset(id)
    assert.equal(await reasonOf(client.getDataset(id)), 'deleted')
    assert.equal(await reasonOf(client.updateDataset({ id, name: 'a' })), 'deleted')
    const refused = await client.anonymous.getDataset(id).catch((error: unknown) => error)
    assert.ok(refused instanceof CkanNotFoundError)
    assert.equal(refused.reason, 'forbidden')
    assert.ok(refused.cause instanceof CkanNotAuthorizedError)
  }))

test('with a key, a missing right stays a missing right; a forbidding page of a proxy stays one for everybody', async () => {
  await withServer(
    () => refusal(403, { __type: 'Authorization Error', message: 'no' }),
    async ({ url }) => assert.rejects(new CkanHighLevelClient(url, { apiKey: 'other-key' }).getDataset('x'), CkanNotAuthorizedError),
  )
  await withServer(
    () => ({ status: 403, body: '<h1>No</h1>' }),
    async ({ url }) => assert.rejects(new CkanHighLevelClient(url).getDataset('x'), { code: 'HTTP', status: 403 }),
  )
})

test('the name of a deleted dataset stays taken, that of a wiped one is free', () =>
  withCkan(async ({ client }) => {
    const [kept, wiped] = [await client.createDataset({ name: 'kept' }), await client.createDataset({ name: 'wiped' })]
    await client.deleteDataset(idOf(kept))
    await client.wipeDataset(idOf(wiped))
    await assert.rejects(client.createDataset({ name: 'kept' }), (error) => error instanceof CkanValidationError && 'name' in error.fields)
    await client.createDataset({ name: 'wiped' })
    assert.equal(await reasonOf(client.wipeDataset(idOf(wiped))), 'deleted')
    await client.purgeDataset(idOf(kept))
    await client.createDataset({ name: 'kept' })
  }))

test('an update keeps what the object does not know, down to its resources', () =>
  withCkan(async ({ client, ckan }) => {
    const full = { name: 'a', title: 'A', notes: 'N', frequency: 'daily', extras: { x: '1' }, tags: [{ name: 'EU', vocabulary_id: 'v' }, 'free'] }
    const created = await client.createDataset({ ...full, resources: [{ url: 'https://x.example', quality: 'good' }] })
    const [resource] = created.resources
    const update = { id: created.id, name: 'a', title: 'B', tags: ['free'], resources: [{ id: resource?.id, url: 'https://y.example' }] }
    const updated = await client.updateDataset(update)
    assert.equal(updated.other['frequency'], 'daily')
    assert.equal(updated.resources[0]?.other['quality'], 'good')
    assert.equal(updated.resources[0]?.url, 'https://y.example')
    assert.deepEqual(updated.vocabularyTags, [{ name: 'EU', vocabulary_id: 'v' }])
    assert.deepEqual(updated.extras, {})
    assert.equal(ckan.rooms.package[0]?.['notes'], undefined)
  }))

test('an update of the title differs in the title alone', () =>
  withCkan(async ({ client }) => {
    const before = await client.createDataset({
      name: 'a',
      title: 'A',
      notes: 'N',
      extras: { x: '1' },
      groups: ['g'],
      resources: [{ url: 'u' }],
      spatial: [1],
    })
    const changed = before.clone()
    changed.title = 'B'
    const after = await client.updateDataset(changed)
    assert.deepEqual(before.diff(after), [{ field: 'title', expected: 'A', actual: 'B' }])
    assert.equal(after.resources[0]?.id, before.resources[0]?.id)
  }))

test('extras come and go, and resources grow at both ends', () =>
  withCkan(async ({ client }) => {
    let dataset = await client.createDataset({ name: 'a', extras: { a: '1' } })
    dataset.extras['b'] = '2'
    dataset = await client.updateDataset(dataset)
    assert.deepEqual(dataset.extras, { a: '1', b: '2' })
    Reflect.deleteProperty(dataset.extras, 'b')
    dataset.resources.push(...new CkanDataset({ resources: [{ url: '1' }] }).resources)
    dataset = await client.updateDataset(dataset)
    assert.deepEqual(dataset.extras, { a: '1' })
    dataset.resources.unshift(...new CkanDataset({ resources: [{ url: '0' }] }).resources)
    dataset = await client.updateDataset(dataset)
    assert.deepEqual(
      dataset.resources.map((resource) => resource.url),
      ['0', '1'],
    )
  }))

test('only the changes are written where that is wanted, extras key by key', () =>
  withCkan(async ({ client }) => {
    const mine = await client.createDataset({ name: 'a', title: 'A', notes: 'N', extras: { a: '1', b: '2' }, frequency: 'daily' })
    const theirs = mine.clone()
    theirs.notes = 'Theirs'
    theirs.extras['c'] = '3'
    theirs.other['frequency'] = 'weekly'
    await client.updateDataset(theirs)
    mine.title = 'Mine'
    mine.extras['a'] = '9'
    delete mine.extras['b']
    const merged = await client.updateDataset(mine, { merge: 'changes' })
    assert.deepEqual([merged.title, merged.notes, merged.extras, merged.other], ['Mine', 'Theirs', { a: '9', c: '3' }, { frequency: 'weekly' }])
    const plain = await client.updateDataset({ id: merged.id, notes: '', extras: { d: '4' } }, { merge: 'changes' })
    assert.deepEqual([plain.title, plain.notes, plain.extras], ['Mine', '', { a: '9', c: '3', d: '4' }])
  }))

test('an object without changes writes none', () =>
  withCkan(async ({ client, seen }) => {
    const dataset = await client.createDataset({ name: 'a' })
    await client.updateDataset(dataset, { merge: 'changes' })
    assert.deepEqual(actionsOf(seen), ['package_create', 'package_show'])
  }))

test('a record that somebody else changed is a conflict where that is wanted, and nothing is written', () =>
  withCkan(async ({ client }) => {
    const mine = await client.createDataset({ name: 'a', title: 'A' })
    const theirs = await client.updateDataset({ id: mine.id, name: 'a', title: 'Theirs' })
    mine.title = 'Mine'
    await assert.rejects(client.updateDataset(mine, { checkConflict: true }), CkanConflictError)
    assert.equal((await client.getDataset(idOf(mine))).title, 'Theirs')
    await client.updateDataset(theirs, { checkConflict: true })
  }))

test('save creates what has no id and updates what has one; create and update insist', () =>
  withCkan(async ({ client, seen }) => {
    const created = await client.saveGroup({ name: 'g' })
    created.title = 'G'
    assert.equal((await client.saveGroup(created)).title, 'G')
    const before = seen.length
    await assert.rejects(client.createDataset({ id: 'x', name: 'a' }), TypeError)
    await assert.rejects(client.updateDataset({ name: 'a' }), TypeError)
    await assert.rejects(client.createDataset(new CkanGroup({ name: 'g' })), TypeError)
    assert.equal(seen.length, before)
  }))

const organization: PlainRecord = { name: 'o', title: 'O', users: [{ name: 'u', capacity: 'admin' }], packages: [{ id: 'p' }], colour: 'red' }

for (const unknown of [[], ['group_patch', 'organization_patch']]) {
  test(`groups and organizations keep members and datasets over an update ${unknown.length ? 'where patch is unknown' : 'by patch'}`, () =>
    withCkan(async ({ client, ckan }) => {
      for (const name of unknown) ckan.unknown.add(name)
      for (const prefix of ['Group', 'Organization'] as const) {
        const { id } = await client.lowLevel.action<PlainRecord>(`${prefix.toLowerCase()}_create`, organization)
        const object = await client[`get${prefix}`](String(id))
        object.description = 'New'
        const updated = prefix === 'Group' ? await client.updateGroup(object) : await client.updateOrganization(object)
        assert.equal(updated.description, 'New')
        assert.deepEqual(updated.readonly['users'], organization['users'])
        assert.deepEqual(updated.readonly['packages'], organization['packages'])
        assert.equal(updated.other['colour'], 'red')
      }
    }))
}

test('groups and organizations are listed by id and by name, and iterated over whole, past the caps of the server', () =>
  withCkan(async ({ client, ckan }) => {
    ckan.cap = 2
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const name of names) {
      await client.createGroup({ name, extras: { of: name } })
      await client.createOrganization({ name })
      await client.createDataset({ name })
    }
    for (const found of [await client.listGroupNames(), await client.listOrganizationNames(), await client.listDatasetNames()]) {
      assert.deepEqual(found.sort(), names)
    }
    for (const ids of [await client.listGroups(), await client.listOrganizations(), await client.listDatasets()]) assert.equal(new Set(ids).size, 5)
    const groups: unknown[] = []
    for await (const group of client.iterGroups()) groups.push(group.extras['of'])
    assert.deepEqual(groups.sort(), names)
    for await (const one of client.iterOrganizations()) assert.ok(one instanceof CkanOrganization)
    const datasets: unknown[] = []
    for await (const dataset of client.iterDatasets({ pageSize: 2 })) datasets.push(dataset.name)
    assert.deepEqual(datasets.sort(), names)
  }))

test('a server that stores something else is told of: as a warning, as an error, or not at all', async () => {
  const forgetful: PlainRecord = { id: 'x', name: 'a', title: 'A', extras: [] }
  await withServer(
    () => ({ body: { success: true, result: forgetful } }),
    async ({ url }) => {
      const warnings: CkanWarning[] = []
      const warned = new CkanHighLevelClient(url, { onWarning: (warning) => warnings.push(warning) })
      assert.equal((await warned.createDataset({ name: 'a', title: 'A', extras: { x: '1' }, frequency: 'daily' })).id, 'x')
      assert.deepEqual(
        warnings[0]?.differences.map((one) => one.field),
        ['extras', 'frequency'],
      )
      const strict = new CkanHighLevelClient(url, { verify: 'throw' })
      await assert.rejects(strict.createDataset({ name: 'a', title: 'B' }), (error) => {
        assert.ok(error instanceof CkanMismatchError)
        assert.deepEqual(error.differences, [{ field: 'title', expected: 'B', actual: 'A' }])
        assert.ok(error.expected instanceof CkanDataset && error.actual instanceof CkanDataset)
        return true
      })
      await new CkanHighLevelClient(url, { verify: 'off' }).createDataset({ name: 'a', title: 'B' })
    },
  )
})

test('what a server fills in by itself is no mismatch', () =>
  withCkan(
    async ({ client }) => {
      await client.createDataset({ name: 'a', resources: [{ url: 'https://x.example/1.csv' }] })
    },
    { verify: 'throw' },
  ))

test('a high-level client stands on a low-level one that is there already', () =>
  withCkan(async ({ client }) => {
    const low = new CkanLowLevelClient(client.lowLevel.baseUrl, { apiKey: ADMIN_KEY })
    const high = new CkanHighLevelClient(low)
    assert.equal(high.lowLevel, low)
    await high.createOrganization({ name: 'o' })
    assert.equal(high.anonymous.lowLevel.hasApiKey, false)
    assert.throws(() => Reflect.construct(CkanHighLevelClient, [low, { verify: 'maybe' }]), TypeError)
  }))

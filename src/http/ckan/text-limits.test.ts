import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { limits } from '../../base/limits.ts'
import { actions } from './actions/actions.ts'

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())
const key = hub.adminKey

const { long, further, address, line } = limits.text

/** Texts of a package that are stored as they come, with their limits. */
const ofPackage: Readonly<Record<string, number>> = {
  title: line,
  url: address,
  author: line,
  author_email: line,
  maintainer: line,
  maintainer_email: line,
  notes: long,
  license_id: line,
  version: 100,
  type: 100,
}

const ofResource: Readonly<Record<string, number>> = {
  url: address,
  url_type: line,
  name: line,
  description: long,
  format: 500,
  hash: line,
  mimetype: 255,
}

interface Refused {
  readonly status: number
  readonly fields: Record<string, unknown>
}

async function refusalOf(action: string, body: object): Promise<Refused> {
  const { status, body: answer } = await callAction(hub, action, { key, body })
  const { __type, ...fields } = answer.error ?? { __type: '' }
  return { status, fields }
}

const tooLong = (most: number) => [`Must not be longer than ${most} characters`]
const ofLength = (length: number) => 'ä'.repeat(length)
const validate = (fields: object) => refusalOf('package_create_validate', { name: 'bounds', ...fields })

test('each text of a package has a limit, and is taken up to it', async () => {
  for (const [field, most] of Object.entries(ofPackage)) {
    assert.deepEqual(await validate({ [field]: ofLength(most) }), { status: 200, fields: {} }, field)
    assert.deepEqual(await validate({ [field]: ofLength(most + 1) }), { status: 409, fields: { [field]: tooLong(most) } }, field)
  }
})

test('each text of a resource has a limit, and is taken up to it', async () => {
  const resource = (fields: object) => validate({ resources: [{ url: 'http://data.example/a.csv', ...fields }] })
  for (const [field, most] of Object.entries(ofResource)) {
    const text = (length: number) => (field === 'mimetype' ? 'a' : 'ä').repeat(length)
    assert.equal((await resource({ [field]: text(most) })).status, 200, field)
    const { status, fields } = await resource({ [field]: text(most + 1) })
    assert.deepEqual([status, Object.keys((fields['resources'] as object[])[0] ?? {})], [409, [field]], field)
  }
  assert.equal((await resource({ schema: { text: 'x'.repeat(further - 20) } })).status, 200)
  for (const more of [{ schema: { text: 'x'.repeat(further) } }, { one: 'x'.repeat(further / 2), two: 'x'.repeat(further / 2) }]) {
    const { status, fields } = await resource(more)
    assert.equal(status, 409)
    assert.match(JSON.stringify(fields), /further keys of a resource must not be longer than 500000 characters together/)
  }
})

test('extras and tag_string have limits', async () => {
  const extra = (value: unknown) => validate({ extras: [{ key: 'k', value }] })
  assert.equal((await extra(ofLength(long))).status, 200)
  assert.deepEqual(await extra(ofLength(long + 1)), { status: 409, fields: { extras: [{ value: tooLong(long) }] } })
  assert.equal((await extra([ofLength(long)])).status, 409)
  assert.deepEqual((await validate({ tag_string: ','.repeat(300_000) })).fields, { tag_string: tooLong(204_000) })
})

test('the texts of groups, organizations and users have limits', async () => {
  for (const action of ['group_create', 'organization_create']) {
    for (const [field, most] of Object.entries({ title: line, description: long, image_url: 2000 })) {
      assert.deepEqual((await refusalOf(action, { name: 'bounds', [field]: ofLength(most + 1) })).fields, { [field]: tooLong(most) })
    }
    const { fields } = await refusalOf(action, { name: 'bounds', extras: [{ key: 'k', value: ofLength(long + 1) }] })
    assert.deepEqual(fields, { extras: [{ value: tooLong(long) }] })
  }
  assert.deepEqual((await refusalOf('user_update', { id: 'admin', about: ofLength(long + 1) })).fields, { about: tooLong(long) })
})

test('the comment of a relationship has a limit', async () => {
  for (const name of ['one', 'two']) await resultOf(hub, 'package_create', { key, body: { name } })
  const link = (comment: string) => refusalOf('package_relationship_create', { id: 'one', id2: 'two', rel: 'depends_on', comment })
  assert.deepEqual((await link(ofLength(line + 1))).fields, { comment: tooLong(line) })
  assert.equal((await link(ofLength(line))).status, 200)
})

test('no text of an action that makes or changes something is kept at any length', async () => {
  const text = 'a'.repeat(long + 1)
  for (const [name, { effect, input }] of actions) {
    if (effect !== 'write') continue
    for (const [field, { type }] of Object.entries<{ type?: unknown }>(input.properties)) {
      if (type !== 'string') continue
      const { status } = await refusalOf(name, { id: 'nowhere', name: 'bounds', [field]: text })
      assert.ok(status >= 400 && status < 500, `${name} ${field}: ${status}`)
    }
  }
})

test('a text that was stored before there was a limit may stay', async () => {
  await resultOf(hub, 'package_create', { key, body: { name: 'old', extras: [{ key: 'k', value: 'v' }], resources: [{ url: 'http://a.b/' }] } })
  const { db } = hub.app.base.store
  const notes = 'x'.repeat(long + 1)
  await hub.app.base.store.write(async (write) => {
    await write.db.updateTable('dataset').set({ notes, title: notes }).where('name', '=', 'old').execute()
    await write.db.updateTable('dataset_extra').set({ value: notes }).execute()
    await write.db.updateTable('resource').set({ description: notes }).execute()
  })
  const { id } = await db.selectFrom('resource').select('id').executeTakeFirstOrThrow()
  const kept = { notes, title: notes, extras: [{ key: 'k', value: notes }], resources: [{ id, url: 'http://a.b/', description: notes }] }
  assert.deepEqual(await refusalOf('package_update', { id: 'old', author: 'Ada', ...kept }), { status: 200, fields: {} })
  assert.equal((await refusalOf('package_update', { id: 'old', ...kept, notes: `${notes}x` })).status, 409)
})

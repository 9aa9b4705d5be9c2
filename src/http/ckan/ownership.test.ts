import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

// What decides who may see and change a dataset: action x field x caller. It has a hub of its own because every name on it has its roles.

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())

type Row = Record<string, unknown>

/** Maria makes the datasets; jonas and she are editors of `other`, nora is a member of `city`, eva its editor, ben an editor of both. */
const keys: Record<string, string> = { anonymous: '', root: hub.adminKey }
for (const name of ['maria', 'jonas', 'nora', 'eva', 'ben']) keys[name] = (await addUser(hub.app.base, { name, password: 'a-password' })).apiKey
const everyone = Object.keys(keys)
const call = (name: string, body: unknown, who = 'root') => callAction(hub, name, { body, key: keys[who] ?? '' })
const result = <T = Row>(name: string, body: unknown, who = 'root') => resultOf<T>(hub, name, { body, key: keys[who] ?? '' })

const editors = (names: string[]) => names.map((name) => ({ name, capacity: 'editor' }))
const city = await result('organization_create', { name: 'city', users: [...editors(['eva', 'ben']), { name: 'nora', capacity: 'member' }] })
const other = await result('organization_create', { name: 'other', users: editors(['maria', 'jonas', 'ben']) })
await result('group_create', { name: 'parks' })
await result('group_create', { name: 'woods' }, 'jonas')
const [maria, jonas] = [await result('user_show', { id: 'maria' }), await result('user_show', { id: 'jonas' })]

const changing = ['package_update', 'package_patch', 'package_update_rest'] as const
let made = 0

/** A dataset that maria has made, in the group `parks`: any user edits it, or it belongs to `city`. */
function makeDataset(kind: 'wiki' | 'city'): Promise<Row> {
  const owner = kind === 'city' ? { owner_org: 'city' } : {}
  return result('package_create', { name: `owned-${made++}`, creator_user_id: maria['id'], groups: ['parks'], ...owner })
}

/** What the table is about, as it is stored. */
async function storedValue(id: unknown, field: string): Promise<unknown> {
  const shown = await result('package_show', { id })
  return field === 'groups' ? (shown['groups'] as Row[]).map((one) => one['name']) : shown[field]
}

/** A change of a dataset, who may make it (all others get 403), and what is stored then. `wrong`: it is refused with 409. */
interface Change {
  readonly kind: 'wiki' | 'city'
  readonly field: string
  readonly value: unknown
  readonly allowed: readonly string[]
  readonly stored: unknown
}

const changes: readonly Change[] = [
  { kind: 'wiki', field: 'owner_org', value: 'other', allowed: ['maria', 'root'], stored: other['id'] },
  { kind: 'wiki', field: 'owner_org', value: 'city', allowed: ['root'], stored: city['id'] },
  { kind: 'wiki', field: 'private', value: true, allowed: ['maria', 'root'], stored: 'wrong' },
  { kind: 'wiki', field: 'state', value: 'deleted', allowed: ['maria', 'root'], stored: 'deleted' },
  { kind: 'wiki', field: 'state', value: 'draft', allowed: ['maria', 'root'], stored: 'draft' },
  { kind: 'wiki', field: 'groups', value: [], allowed: ['maria', 'root'], stored: [] },
  { kind: 'wiki', field: 'groups', value: ['parks', 'woods'], allowed: ['jonas', 'root'], stored: ['parks', 'woods'] },
  { kind: 'city', field: 'owner_org', value: 'other', allowed: ['ben', 'root'], stored: other['id'] },
  { kind: 'city', field: 'owner_org', value: '', allowed: ['eva', 'ben', 'root'], stored: null },
  { kind: 'city', field: 'private', value: true, allowed: ['eva', 'ben', 'root'], stored: true },
  { kind: 'city', field: 'state', value: 'deleted', allowed: ['eva', 'ben', 'root'], stored: 'deleted' },
  { kind: 'city', field: 'groups', value: [], allowed: ['eva', 'ben', 'root'], stored: [] },
]

for (const { kind, field, value, allowed, stored } of changes) {
  test(`${kind}: ${field} ${JSON.stringify(value)} is for ${allowed.join(', ')}`, async () => {
    for (const action of changing.filter((name) => field !== 'groups' || name !== 'package_update_rest')) {
      const dataset = await makeDataset(kind)
      const before = await storedValue(dataset['id'], field)
      const change = (of: Row, who: string) => call(action, { ...(action === 'package_update' ? of : {}), id: of['id'], [field]: value }, who)
      for (const who of everyone.filter((one) => !allowed.includes(one)))
        assert.equal((await change(dataset, who)).status, 403, `${action} by ${who}`)
      assert.deepEqual(await storedValue(dataset['id'], field), before, action)
      for (const who of allowed) {
        const own = await makeDataset(kind)
        assert.equal((await change(own, who)).status, stored === 'wrong' ? 409 : 200, `${action} by ${who}`)
        assert.deepEqual(await storedValue(own['id'], field), stored === 'wrong' ? before : stored, `${action} by ${who}`)
      }
    }
  })
}

test('the creator of a dataset stays; only a sysadmin who moves one from another hub names its creator', async () => {
  const { id } = await makeDataset('wiki')
  for (const action of changing) for (const who of ['jonas', 'root']) await result(action, { id, creator_user_id: jonas['id'] }, who)
  assert.equal(await storedValue(id, 'creator_user_id'), maria['id'])
  for (const [at, who] of ['jonas', 'root'].entries()) {
    const own = await result('package_create', { name: `by-${who}`, creator_user_id: maria['id'] }, who)
    assert.equal(own['creator_user_id'], at === 0 ? jonas['id'] : maria['id'])
  }
})

test('a new dataset may have any state, and only an organization in which the creator may create datasets', async () => {
  for (const action of ['package_create', 'package_create_rest']) {
    for (const who of everyone) {
      const { status } = await call(action, { name: `new-${action}-${who}`, owner_org: 'city' }, who)
      assert.equal(status, ['eva', 'ben', 'root'].includes(who) ? 200 : 403, `${action} by ${who}`)
    }
    const draft = await result(action, { name: `draft-${action}`, state: 'draft' }, 'jonas')
    assert.equal(await storedValue(draft['id'], 'state'), 'draft')
    assert.equal((await call(action, { name: `odd-${action}`, state: 'finished' }, 'jonas')).status, 409)
  }
})

test('an update that does not name the groups empties only what the caller may empty', async () => {
  const { id } = await makeDataset('wiki')
  await result('package_update', { id, title: 'By any user' }, 'nora')
  assert.deepEqual(await storedValue(id, 'groups'), ['parks'])
  await result('package_update', { id, title: 'By its maker' }, 'maria')
  assert.deepEqual(await storedValue(id, 'groups'), [])
})

test('a private dataset keeps an organization', async () => {
  const { id } = await result('package_create', { name: 'kept-private', owner_org: 'city', private: true }, 'eva')
  assert.equal((await call('package_patch', { id, owner_org: '' }, 'eva')).status, 409)
  assert.equal((await result('package_patch', { id, owner_org: '', private: false }, 'eva'))['owner_org'], null)
})

test('approval makes a draft public only for those who may, and takes no name that was taken meanwhile', async () => {
  const { id } = await result('package_create', { name: 'drafted' }, 'maria')
  await result('package_patch', { id, name: 'later-taken', state: 'pending' }, 'maria')
  await result('package_patch', { id, state: 'draft' }, 'maria')
  assert.equal((await call('make_latest_pending_package_active', { id }, 'jonas')).status, 403)
  assert.equal(await storedValue(id, 'state'), 'draft')
  const { id: taker } = await result('package_create', { name: 'later-taken' }, 'jonas')
  const refused = await call('make_latest_pending_package_active', { id }, 'maria')
  assert.deepEqual([refused.status, Object.keys(refused.body.error ?? {})], [409, ['name', '__type']])
  await result('package_patch', { id: taker, name: 'given-back' }, 'jonas')
  await result('make_latest_pending_package_active', { id }, 'maria')
  assert.deepEqual([await storedValue(id, 'name'), await storedValue(id, 'state')], ['later-taken', 'active'])
})

test('a version that waits for approval does not change the organization', async () => {
  const { id } = await result('package_create', { name: 'waiting', owner_org: 'city' }, 'ben')
  const moved = await result<Row & { organization: Row }>('package_patch', { id, owner_org: 'other', state: 'pending', title: 'Later' }, 'ben')
  assert.deepEqual([moved['owner_org'], moved.organization['name'], moved['title']], [other['id'], 'other', 'waiting'])
  await result('package_patch', { id, owner_org: 'city' }, 'ben')
  await result('make_latest_pending_package_active', { id }, 'eva')
  const approved = await result<Row & { organization: Row }>('package_show', { id })
  assert.deepEqual([approved['owner_org'], approved.organization['name'], approved['title']], [city['id'], 'city', 'Later'])
})

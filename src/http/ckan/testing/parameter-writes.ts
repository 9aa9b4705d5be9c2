import { randomUUID } from 'node:crypto'
import { type Body, fresh, type Row, rowsOf, type Values, withBase } from '../../testing/parameter-row.ts'
import { namesOf, type Scene } from './parameter-row.ts'

const texts = (names: readonly string[]): Values => Object.fromEntries(names.map((name) => [name, { value: `some ${name}` }]))
const withSee = (values: Values, see: (name: string) => (result: Body) => unknown): Values =>
  Object.fromEntries(Object.entries(values).map(([name, row]) => [name, row.see ? row : { ...row, see: see(name), expected: row.value }]))
const pairsOf = (list: unknown) => (Array.isArray(list) ? list.map((one: Body) => `${one['key']}=${one['value']}`) : list)
const urlsOf = (list: unknown) => (Array.isArray(list) ? list.map((one: Body) => one['url']) : list)

/** Keys of packages, as `package_show` or a validation shows them. */
const packageKeys: Values = {
  ...texts(['title', 'version', 'url', 'author', 'author_email', 'maintainer', 'maintainer_email', 'notes', 'license_id']),
  private: { value: true, base: () => ({ owner_org: 'org' }) },
  owner_org: { value: 'org', see: (shown) => typeof shown['owner_org'], expected: 'string' },
  resources: { value: [{ url: 'http://a.example/new' }], see: (shown) => urlsOf(shown['resources']), expected: ['http://a.example/new'] },
  tags: { value: ['new tag'], see: (shown) => namesOf(shown['tags']), expected: ['new tag'] },
  tag_string: { value: 'one,two', see: (shown) => namesOf(shown['tags']), expected: ['one', 'two'] },
  extras: { value: [{ key: 'a', value: 'b' }], see: (shown) => pairsOf(shown['extras']), expected: ['a=b'] },
  groups: { value: ['grp'], see: (shown) => namesOf(shown['groups']), expected: ['grp'] },
}
const newKeys: Values = { ...packageKeys, type: { value: 'report' }, state: { value: 'draft' } }
const changedKeys: Values = { ...packageKeys, type: { value: 'report', isRefused: true }, state: { value: 'deleted' } }
const { groups: _groups, ...flatNew } = newKeys
const { groups: _ofChanged, ...flatChanged } = changedKeys
const flatKeys: Values = {
  extras: { value: { a: 'b' }, see: (shown) => pairsOf(shown['extras']), expected: ['a=b'] },
  download_url: { value: 'http://a.example/only', see: (shown) => urlsOf(shown['resources']), expected: ['http://a.example/only'] },
}

function packageRows(scene: Scene): Row[] {
  const named = async () => ({ name: fresh() })
  const stored = async () => ({ id: await scene.package() })
  /** What a row sees of an answer, seen of what is stored. */
  const looked = (values: Values) =>
    Object.fromEntries(
      Object.entries(answered(values)).map(([name, row]) => [
        name,
        { ...row, see: async (result: Body) => row.see?.(await scene.call('package_show', { id: result['id'] })) },
      ]),
    )
  const answered = (values: Values) => withSee(values, (name) => (shown) => shown[name])
  const newName = { value: fresh, see: (shown: Body) => String(shown['name']).slice(0, 2), expected: 'n-' }
  const ownId = { value: () => randomUUID(), base: named, see: (shown: Body) => typeof shown['id'] }
  const kept = { value: '0b5c1a70-0000-4000-8000-00000000000', base: named }
  const address = { value: () => scene.package(), see: (result: Body) => typeof result }
  return [
    ...rowsOf('package_create', {
      ...withBase(looked(newKeys), named),
      name: newName,
      metadata_modified: { base: named, value: '2020-02-01T10:00:00.123000', expected: '2020-02-01T10:00:00.123000' },
      id: { ...ownId, value: `${kept.value}1`, see: (shown) => shown['id'], expected: `${kept.value}1` },
    }),
    ...rowsOf('package_create_rest', {
      ...withBase(looked({ ...flatNew, ...flatKeys }), named),
      name: newName,
      id: { ...ownId, value: `${kept.value}2`, see: (shown) => shown['id'], expected: `${kept.value}2` },
    }),
    ...rowsOf('package_create_validate', {
      ...withBase(answered(newKeys), named),
      name: newName,
      id: { base: named, value: 'no UUID', isRefused: true },
    }),
    ...rowsOf('package_update', {
      ...withBase(looked(changedKeys), stored),
      id: address,
      name: { value: (base: Body) => base['name'] ?? scene.package(), see: (result) => typeof result },
    }),
    ...rowsOf('package_patch', {
      ...withBase(looked(changedKeys), stored),
      id: address,
      name: { base: stored, value: 'patched-name', expected: 'patched-name' },
    }),
    ...rowsOf('package_update_rest', {
      ...withBase(looked({ ...flatChanged, ...flatKeys }), stored),
      id: address,
      name: { base: stored, value: 'rest-name', expected: 'rest-name' },
    }),
    ...rowsOf('package_update_validate', {
      ...withBase(answered(changedKeys), stored),
      id: address,
      name: { base: stored, value: 'valid-name', expected: 'valid-name' },
    }),
    ...['dataset_purge', 'package_delete', 'make_latest_pending_package_active'].flatMap((action) =>
      rowsOf(action, { id: { value: () => scene.package() } }),
    ),
  ]
}

function relationRows(scene: Scene): Row[] {
  const ends = async () => ({ id: await scene.package(), id2: await scene.package(), rel: 'child_of' })
  const related = async () => {
    const link = await ends()
    await scene.call('package_relationship_create', link)
    return link
  }
  const without = (name: string, make: () => Promise<Body>) => {
    // The same pair with and without the parameter: what is left out comes back as its value.
    let last: Body = {}
    return {
      base: async () => {
        last = await make()
        const { [name]: _left, ...rest } = last
        return rest
      },
      value: () => last[name],
      see: (result: unknown) => typeof result,
    }
  }
  const comment = { value: 'a remark', see: (result: Body) => result['comment'], expected: 'a remark' }
  const three = (make: () => Promise<Body>): Values => ({ id: without('id', make), id2: without('id2', make), rel: without('rel', make) })
  return [
    ...rowsOf('package_relationship_create', { ...three(ends), comment: { base: ends, ...comment } }),
    ...rowsOf('package_relationship_update', { ...three(related), comment: { base: related, ...comment } }),
    ...rowsOf('package_relationship_delete', three(related)),
    ...rowsOf('rating_create', {
      package: { base: () => ({ rating: 3 }), value: () => scene.package() },
      rating: { base: async () => ({ package: await scene.package() }), value: 3 },
    }),
  ]
}

function resourceRows(scene: Scene): Row[] {
  const keys: Values = { ...texts(['name', 'description', 'format', 'hash']), mimetype: { value: 'text/csv' } }
  const url = { value: 'http://a.example/new' }
  const inPackage = async () => ({ package_id: await scene.package(), url: 'http://a.example/x' })
  const stored = async () => ({ id: await scene.resource(), url: 'http://a.example/x' })
  const bare = async () => ({ id: await scene.resource() })
  const seen = (values: Values) => withSee(values, (name) => (shown) => shown[name])
  const address = { base: () => ({ url: 'http://a.example/x' }), value: () => scene.resource(), see: (result: Body) => typeof result }
  return [
    ...rowsOf('resource_create', {
      ...withBase(seen(keys), inPackage),
      url: { base: async () => ({ package_id: await scene.package() }), ...url },
      package_id: { ...address, value: () => scene.package() },
    }),
    ...rowsOf('resource_update', { ...withBase(seen(keys), stored), url: { base: bare, ...url }, id: address }),
    ...rowsOf('resource_patch', { ...withBase(seen({ ...keys, url }), bare), id: address }),
    ...rowsOf('resource_delete', { id: { value: () => scene.resource() } }),
  ]
}

const groupKeys: Values = {
  ...texts(['title', 'description', 'image_url']),
  packages: { value: ['alpha'], see: (shown) => namesOf(shown['packages']), expected: ['alpha'] },
  users: {
    value: [{ name: 'jonas', capacity: 'editor' }],
    see: (shown) => (shown['users'] as Body[]).map((one) => `${one['name']} ${one['capacity']}`).filter((one) => !one.startsWith('admin')),
    expected: ['jonas editor'],
  },
  extras: { value: [{ key: 'a', value: 'b' }], see: (shown) => pairsOf(shown['extras']), expected: ['a=b'] },
}
const { packages: _packages, ...organizationKeys } = groupKeys

function groupRows(scene: Scene): Row[] {
  const named = async () => ({ name: fresh() })
  const seen = (values: Values) => withSee(values, (name) => (shown) => shown[name])
  const rows = (kind: 'group' | 'organization', keys: Values, extras: Values = {}): Record<'create' | 'change', (id: string) => Values> => {
    const stored = async () => ({ id: await scene.group(kind) })
    return {
      create: (id) => ({
        ...withBase(seen({ ...keys, ...extras }), named),
        name: { value: fresh, see: (shown) => typeof shown['name'] },
        id: { base: named, value: id, expected: id },
      }),
      change: (id) => ({
        ...withBase(seen({ ...keys, ...extras, state: { value: 'deleted' } }), stored),
        name: { base: stored, value: id, expected: id },
        id: { value: () => scene.group(kind), see: (shown) => typeof shown },
      }),
    }
  }
  const flat: Values = {
    packages: { value: ['alpha'] },
    extras: { value: { a: 'b' } },
  }
  const [group, rest, organization] = [rows('group', groupKeys), rows('group', groupKeys, flat), rows('organization', organizationKeys)]
  const uuid = (no: number) => `0c5c1a70-0000-4000-8000-00000000000${no}`
  const kinds = (['group', 'organization'] as const).flatMap((kind) => [
    ...['delete', 'purge'].flatMap((what) => rowsOf(`${kind}_${what}`, { id: { value: () => scene.group(kind) } })),
    ...rowsOf(`${kind}_member_create`, {
      id: { base: () => ({ username: 'jonas', role: 'editor' }), value: () => scene.group(kind), see: (result) => typeof result },
      username: { base: async () => ({ id: await scene.group(kind), role: 'editor' }), value: 'jonas', see: (result) => typeof result },
      role: {
        base: async () => ({ id: await scene.group(kind), username: 'jonas' }),
        value: 'editor',
        see: (result) => result['capacity'],
        expected: 'editor',
      },
    }),
  ])
  return [
    ...rowsOf('group_create', group.create(uuid(1))),
    ...rowsOf('group_create_rest', rest.create(uuid(2))),
    ...rowsOf('organization_create', organization.create(uuid(3))),
    ...rowsOf('group_update', group.change('group-updated')),
    ...rowsOf('group_patch', group.change('group-patched')),
    ...rowsOf('group_update_rest', rest.change('group-rest')),
    ...rowsOf('organization_update', organization.change('organization-updated')),
    ...rowsOf('organization_patch', organization.change('organization-patched')),
    ...kinds,
  ]
}

function userRows(scene: Scene): Row[] {
  const password = 'a long password'
  const named = async () => ({ name: fresh(), password_hash: await scene.storedHash('maria') })
  const stored = async () => ({ id: await scene.user() })
  const deleted = async () => {
    const body = await stored()
    await scene.call('user_delete', body)
    return body
  }
  const keys: Values = withSee(texts(['email', 'fullname', 'about']), (name) => (shown) => shown[name])
  const storedHash = () => scene.storedHash('jonas')
  const hashOf = async (shown: Body) => (await scene.storedHash(shown['id'])) === (await storedHash())
  const reset = async (base: Body) => (await scene.call('user_reset_create', { id: base['id'] }))['reset_key']
  const login = async (shown: Body) => {
    const headers = { authorization: `Basic ${btoa(`${shown['name']}:another long password`)}` }
    return (await scene.hub.http.inject({ url: '/login', headers })).statusCode
  }
  const token = async () => scene.call('api_token_create', { user: 'maria', name: 'x' })
  return [
    ...rowsOf('user_create', {
      ...withBase(keys, named),
      name: { base: () => ({ password }), value: fresh, see: (shown) => typeof shown['name'] },
      password: { base: () => ({ name: fresh() }), value: password, see: (shown) => typeof shown },
      password_hash: { base: () => ({ name: fresh() }), value: storedHash, see: hashOf, expected: true },
      sysadmin: { base: named, value: true, expected: true },
    }),
    ...rowsOf('user_update', {
      ...withBase(keys, stored),
      id: { value: () => scene.user(), see: (shown) => typeof shown },
      password: { base: stored, value: 'another long password', see: login, expected: 302 },
      password_hash: { base: stored, value: storedHash, see: hashOf, expected: true },
      sysadmin: { base: stored, value: true, expected: true },
      state: { base: deleted, value: 'active', expected: 'active' },
      reset_key: { base: async () => ({ ...(await stored()), password }), value: reset, key: '', see: (shown) => typeof shown },
    }),
    ...['user_delete', 'user_reset_create'].flatMap((action) =>
      rowsOf(action, { id: { value: () => scene.user(), see: (result) => typeof result } }),
    ),
    ...rowsOf('api_token_create', {
      user: { base: () => ({ name: 'x' }), value: 'maria', see: (result) => typeof result },
      name: { base: () => ({ user: 'maria' }), value: 'x', see: (result) => typeof result },
    }),
    ...rowsOf('api_token_revoke', {
      jti: { value: async () => (await token())['id'] },
      token: { value: async () => (await token())['token'] },
    }),
  ]
}

/** Every parameter of the actions that write. */
export const writeRows = (scene: Scene): Row[] => [
  ...packageRows(scene),
  ...relationRows(scene),
  ...resourceRows(scene),
  ...groupRows(scene),
  ...userRows(scene),
]

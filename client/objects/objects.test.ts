import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { CkanDataset, CkanGroup, CkanOrganization, CkanResource, extrasToList, extrasToRecord } from '../index.ts'

const ID = 'dfe41b34-5114-47be-8d94-759f942938fc'

/** A dataset as today's CKAN shows it, with fields of a site's own schema. */
const shown = () => ({
  id: ID,
  name: 'bus-stops',
  title: 'Bus stops',
  author: null,
  notes: 'All of them.',
  private: false,
  state: 'active',
  version: '2',
  metadata_modified: '2026-08-20T08:18:45.123456',
  num_tags: 2,
  organization: { name: 'city' },
  relationships_as_subject: [],
  spatial: { type: 'Point', coordinates: [1, 2] },
  frequency: 'daily',
  extras: [
    { key: 'theme', value: 'old' },
    { key: 'theme', value: 'mobility' },
    { key: 'gone', value: 'x', state: 'deleted' },
  ],
  groups: [{ id: 'e1b1b34a-5114-47be-8d94-759f94293800', name: 'transport' }, { name: 'city' }],
  tags: [{ name: 'bus', vocabulary_id: null }, { name: 'EU', vocabulary_id: 'v1', id: 't1' }, { name: 'stop' }],
  resources: [
    { id: 'r1', url: 'https://x.example/1.csv', format: 'CSV', size: 17, position: 0, hash: 'h', package_id: ID, quality: 'good' },
    { id: 'r2', url: 'https://x.example/2.json', name: 'Two' },
  ],
})

test('a new object has the defaults, and shares none of them', () => {
  const [one, two] = [new CkanDataset(), new CkanDataset({})]
  one.tags.push('x')
  one.extras['x'] = '1'
  assert.deepEqual(two.toJSON(), {
    id: null,
    name: null,
    title: null,
    author: '',
    author_email: '',
    license_id: '',
    maintainer: '',
    maintainer_email: '',
    notes: '',
    owner_org: '',
    private: false,
    state: 'active',
    type: 'dataset',
    url: '',
    version: '',
    extras: {},
    groups: [],
    resources: [],
    tags: [],
  })
  assert.deepEqual([new CkanGroup().is_organization, new CkanGroup().type], [false, 'group'])
  assert.deepEqual([new CkanOrganization().is_organization, new CkanOrganization().type], [true, 'organization'])
  assert.deepEqual([new CkanResource().size, new CkanResource().mimetype, new CkanResource().url], [null, null, ''])
})

test('what a server shows is read: extras, groups and tags in their long form, keys sorted into fields, readonly and other', () => {
  const dataset = new CkanDataset(shown())
  assert.deepEqual(dataset.extras, { theme: 'mobility' })
  assert.deepEqual(dataset.groups, ['e1b1b34a-5114-47be-8d94-759f94293800', 'city'])
  assert.deepEqual(dataset.tags, ['bus', 'stop'])
  assert.ok(dataset.resources[0] instanceof CkanResource)
  assert.equal(dataset.resources[0].size, 17)
  assert.deepEqual(Object.keys(dataset.readonly).sort(), ['metadata_modified', 'num_tags', 'organization', 'relationships_as_subject'])
  assert.deepEqual(dataset.other, { spatial: { type: 'Point', coordinates: [1, 2] }, frequency: 'daily' })
  assert.deepEqual(dataset.resources[0].other, { quality: 'good' })
  assert.ok(Object.isFrozen(dataset.readonly))
})

test('the forms of versions 1 and 2 are read as well', () => {
  const dataset = new CkanDataset({ extras: { theme: 'x' }, groups: ['a', 'b', 'a'], tags: ['t', 't'], resources: null })
  assert.deepEqual([dataset.extras, dataset.groups, dataset.tags, dataset.resources], [{ theme: 'x' }, ['a', 'b'], ['t'], []])
  assert.deepEqual(new CkanDataset({ extras: null, groups: null, tags: null }).extras, {})
})

test('a payload is the whole record in the form of the Action API, without what the server makes', () => {
  assert.deepEqual(new CkanDataset(shown()).toPayload(), {
    spatial: { type: 'Point', coordinates: [1, 2] },
    frequency: 'daily',
    id: ID,
    name: 'bus-stops',
    title: 'Bus stops',
    author_email: '',
    license_id: '',
    maintainer: '',
    maintainer_email: '',
    notes: 'All of them.',
    owner_org: '',
    private: false,
    state: 'active',
    type: 'dataset',
    url: '',
    version: '2',
    extras: [{ key: 'theme', value: 'mobility' }],
    groups: [{ id: 'e1b1b34a-5114-47be-8d94-759f94293800' }, { name: 'city' }],
    resources: [
      { quality: 'good', id: 'r1', description: '', format: 'CSV', name: '', resource_type: '', size: 17, url: 'https://x.example/1.csv' },
      { id: 'r2', description: '', format: '', name: 'Two', resource_type: '', url: 'https://x.example/2.json' },
    ],
    tags: [{ name: 'EU', vocabulary_id: 'v1', id: 't1' }, { name: 'bus' }, { name: 'stop' }],
  })
})

test('extras go out sorted, as texts, without nulls', () => {
  assert.deepEqual(extrasToList({ b: 1, a: true, none: null, list: [1, { x: 2 }] }), [
    { key: 'a', value: 'true' },
    { key: 'b', value: '1' },
    { key: 'list', value: '[1,{"x":2}]' },
  ])
  assert.throws(() => extrasToRecord('x'), TypeError)
  assert.throws(() => extrasToRecord([{ value: 1 }]), TypeError)
})

test('extras survive the way out and back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (extras) => {
      const back = new CkanDataset({ extras: new CkanDataset({ extras }).toPayload()['extras'] })
      assert.deepEqual(Object.entries(back.extras).sort(), Object.entries(extras).sort())
    }),
  )
})

test('wrong types and unknown properties are TypeErrors', () => {
  for (const values of ['x', 1, [], null, new CkanDataset(), { title: 1 }, { private: 'yes' }, { tags: 'a' }, { tags: [1] }, { groups: [{}] }]) {
    assert.throws(() => Reflect.construct(CkanDataset, [values]), TypeError, JSON.stringify(values))
  }
  assert.throws(() => new CkanDataset({ resources: ['x'] }), TypeError)
  assert.throws(() => new CkanResource({ size: Number.NaN }), TypeError)
  const dataset = new CkanDataset()
  for (const [name, value] of Object.entries({ title: 1, private: 'x', extras: 'x', titel: 'x', readonly: {}, tags: {} })) {
    assert.throws(() => Object.assign(dataset, { [name]: value }), TypeError, name)
  }
})

test('changes are known by name, in place or assigned, and assigning the first value again is none', () => {
  const dataset = new CkanDataset(shown())
  assert.equal(dataset.isModified(), false)
  dataset.title = 'NEW TITLE'
  dataset.extras['new'] = 'x'
  dataset.tags.push('x')
  dataset.other['frequency'] = 'weekly'
  assert.deepEqual(dataset.modifiedFields(), ['title', 'extras', 'tags', 'frequency'])
  dataset.title = 'Bus stops'
  delete dataset.extras['new']
  dataset.tags = ['stop', 'bus']
  assert.deepEqual(dataset.modifiedFields(), ['frequency'])
  dataset.reset('frequency')
  assert.equal(dataset.isModified(), false)
})

test('reset brings back what the object was made of, nested values included', () => {
  const dataset = new CkanDataset(shown())
  const before = dataset.toJSON()
  dataset.resources.reverse()
  dataset.notes = null
  dataset.other['more'] = 1
  delete dataset.other['spatial']
  dataset.reset('notes')
  assert.deepEqual(dataset.modifiedFields().sort(), ['more', 'resources', 'spatial'])
  dataset.reset()
  assert.deepEqual(dataset.toJSON(), before)
  assert.equal(dataset.resources[0]?.readonly['hash'], 'h')
})

test('a clone is equal, knows the changes, and is on its own', () => {
  const dataset = new CkanDataset(shown())
  dataset.title = 'NEW TITLE'
  const copy = dataset.clone()
  assert.ok(copy.equals(dataset))
  assert.deepEqual(copy.modifiedFields(), ['title'])
  assert.deepEqual(copy.readonly, dataset.readonly)
  assert.deepEqual(copy.toPayload(), dataset.toPayload())
  copy.extras['x'] = '1'
  const [first] = copy.resources
  assert.ok(first)
  first.url = 'https://elsewhere.example'
  assert.deepEqual(dataset.modifiedFields(), ['title'])
})

const equivalents: [string, object, object][] = [
  ['null, empty and missing', { notes: null, url: '' }, { notes: '' }],
  ['null and a default', { state: null, type: null }, { state: 'active', type: 'dataset' }],
  ['no title and the name', { name: 'x' }, { name: 'x', title: 'x' }],
  ['extras in any form', { extras: { a: 1, b: null } }, { extras: [{ key: 'a', value: '1' }] }],
  ['sets in any order', { tags: ['a', 'b', 'a'], groups: ['x', 'y'] }, { tags: [{ name: 'b' }, { name: 'a' }], groups: ['y', 'x'] }],
  ['ids', { id: 'a', resources: [{ id: 'r', url: 'u' }] }, { id: 'b', resources: [{ id: 's', url: 'u' }] }],
  ['a size as text', { resources: [{ size: 17 }] }, { resources: [{ size: '17' }] }],
  ['server-made keys', { metadata_modified: 'x' }, { metadata_modified: 'y' }],
  ['unknown keys in any order', { spatial: { a: 1, b: [2] } }, { spatial: { b: [2], a: 1 } }],
]
for (const [what, a, b] of equivalents) {
  test(`${what} make no difference`, () => {
    assert.deepEqual(new CkanDataset(a).diff(new CkanDataset(b)), [])
    assert.ok(new CkanDataset(b).isEquivalent(new CkanDataset(a)))
  })
}

test('differences are listed field by field, expected and actual', () => {
  const expected = new CkanDataset({ title: 'A', private: true, extras: { a: '1' }, tags: ['x'], resources: [{ url: 'u' }], frequency: 'daily' })
  const actual = new CkanDataset({ title: 'B', extras: { a: '2' }, tags: ['y'], resources: [], unknown: 1 })
  assert.deepEqual(
    expected.diff(actual).map((one) => one.field),
    ['title', 'private', 'extras', 'resources', 'tags', 'frequency'],
  )
  assert.deepEqual(expected.diff(actual)[0], { field: 'title', expected: 'A', actual: 'B' })
})

test('the order of resources counts', () => {
  const [one, two] = [{ url: '1' }, { url: '2' }]
  assert.equal(new CkanDataset({ resources: [one, two] }).isEquivalent(new CkanDataset({ resources: [two, one] })), false)
})

test('keys that only the other object has are no difference to diff, but to isEquivalent', () => {
  const [a, b] = [new CkanDataset(), new CkanDataset({ frequency: 'daily' })]
  assert.deepEqual(a.diff(b), [])
  assert.equal(a.isEquivalent(b), false)
})

test('equals compares ids too, and classes never mix', () => {
  assert.equal(new CkanDataset({ id: 'a' }).equals(new CkanDataset({ id: 'b' })), false)
  assert.equal(new CkanGroup({ name: 'x' }).isEquivalent(new CkanOrganization({ name: 'x', type: 'group', is_organization: false })), false)
  assert.equal(new CkanDataset().isEquivalent({}), false)
  assert.throws(() => new CkanGroup().diff(new CkanOrganization()), TypeError)
})

test('plain resources that are put into the list count as resources when it is read', () => {
  const dataset = new CkanDataset({ resources: [{ url: '2' }] })
  Reflect.apply(Array.prototype.unshift, dataset.resources, [{ url: '1', size: 5 }])
  assert.deepEqual(
    new CkanDataset({ resources: [{ url: '1', size: '5' }, { url: '2' }] }).diff(dataset).map((one) => one.field),
    [],
  )
  assert.deepEqual(dataset.toPayload()['resources'], [
    { url: '1', size: 5, description: '', format: '', name: '', resource_type: '' },
    { url: '2', description: '', format: '', name: '', resource_type: '' },
  ])
})

test('a group of the server keeps members and datasets out of what is sent', () => {
  const group = new CkanGroup({
    id: ID,
    name: 'g',
    users: [{ name: 'u' }],
    packages: [],
    package_count: 3,
    num_followers: 0,
    image_display_url: 'x',
    colour: 'red',
  })
  const payload = group.toPayload()
  assert.deepEqual(Object.keys(group.readonly).sort(), ['image_display_url', 'num_followers', 'package_count', 'packages', 'users'])
  assert.ok(!('users' in payload) && !('packages' in payload))
  assert.equal(payload['colour'], 'red')
})

test('names like those of built-in properties are ordinary keys', () => {
  const dataset = new CkanDataset(JSON.parse('{"__proto__": {"title": "x"}, "constructor": 1, "extras": {"__proto__": "y"}}'))
  assert.equal(dataset.title, null)
  assert.deepEqual(dataset.toPayload()['extras'], [{ key: '__proto__', value: 'y' }])
  assert.equal(dataset.toJSON()['constructor'], 1)
  assert.equal(Object.hasOwn(dataset.toPayload(), '__proto__'), true)
})

test('console.log and texts show class and values', () => {
  const dataset = new CkanDataset({ name: 'a', frequency: 'daily' })
  assert.equal(`${dataset}`, `CkanDataset(${JSON.stringify(dataset.toJSON())})`)
  for (const field of [...dataset.fieldNames, 'frequency']) assert.match(inspect(dataset), new RegExp(`\\b${field}: `))
  assert.match(inspect(new CkanResource({ url: 'https://x.example' })), /^CkanResource\(\{.*url: 'https:\/\/x\.example'/s)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HARVEST_SOURCE_KEY, type SyncOptions } from '../index.ts'
import type { PlainRecord } from '../record.ts'
import { extrasOf, storedOf, withCatalogue, writesOf } from '../testing/sync-stage.ts'

const none = { created: 0, updated: 0, deleted: 0, unchanged: 0, skipped: 0, failed: 0 }

const merging: [string, SyncOptions, PlainRecord, PlainRecord][] = [
  ['names stay', {}, { name: 'new-name' }, { name: 'a' }],
  ['names follow the source where that is wanted', { datasetPreserveNames: false }, { name: 'new-name' }, { name: 'new-name' }],
  ['organizations stay', {}, { owner_org: 'org-2' }, { owner_org: 'org-1' }],
  ['organizations follow the source where that is wanted', { datasetPreserveOrganization: false }, { owner_org: 'org-2' }, { owner_org: 'org-2' }],
  ['groups are added', {}, { groups: ['g-2'] }, { groups: ['g-1', 'g-2'] }],
  ['groups are replaced', { datasetGroupMergeStrategy: 'replace' }, { groups: ['g-2'] }, { groups: ['g-2'] }],
  ['groups are preserved', { datasetGroupMergeStrategy: 'preserve' }, { groups: ['g-2'] }, { groups: ['g-1'] }],
  ['extras follow the source', {}, { extras: { b: '2' } }, { extras: { b: '2' } }],
  [
    'kept fields stay',
    { keepFields: ['extras', 'title', 'frequency'] },
    { extras: {}, title: 'New', frequency: 'daily' },
    { extras: { a: '1' }, title: 'A' },
  ],
  ['what the source leaves out is emptied', {}, { notes: undefined }, { notes: undefined }],
]

for (const [what, options, change, expected] of merging) {
  test(`merging: ${what}, and then nothing more is written`, () =>
    withCatalogue(async ({ ckan, client, seen }) => {
      const names = { organizations: { 'org-1': {}, 'org-2': {} }, groups: { 'g-1': {}, 'g-2': {} } }
      const before = { name: 'a', title: 'A', notes: 'N', owner_org: 'org-1', groups: ['g-1'], extras: { a: '1' } }
      await client(options).sync('s', { ...names, datasets: { 1: before } })
      const data = { ...names, datasets: { 1: { ...before, ...change } } }
      await client(options).sync('s', data)
      const { groups, owner_org: owner, extras: _extras, ...stored } = storedOf(ckan, 's:1')
      const nameOf = (room: 'group' | 'organization', id: unknown) => ckan.rooms[room].find((one) => one['id'] === id)?.['name']
      const { [HARVEST_SOURCE_KEY]: _origin, ...extras } = extrasOf(storedOf(ckan, 's:1'))
      const refs = (groups as PlainRecord[]).map((group) => nameOf('group', group['id']))
      const actual: PlainRecord = { ...stored, extras, owner_org: nameOf('organization', owner), groups: refs }
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(actual[name], value, name)
      seen.length = 0
      assert.deepEqual((await client(options).sync('s', data)).datasets, { ...none, unchanged: 1 })
      assert.deepEqual(writesOf(seen), [])
      assert.ok(!seen.some((request) => request.path.endsWith('package_show')))
    }))
}

test('resources keep their ids by address, then by name, and what the server filled in stays', () =>
  withCatalogue(async ({ ckan, client }) => {
    const resources = (record: PlainRecord) => record['resources'] as PlainRecord[]
    await client().sync('s', {
      datasets: {
        1: {
          name: 'a',
          resources: [
            { url: 'u1', name: 'one' },
            { url: 'u2', name: 'two' },
            { url: 'u2', name: 'again' },
          ],
        },
      },
    })
    const before = resources(storedOf(ckan, 's:1'))
    Object.assign(before[1] ?? {}, { format: 'By hand' })
    const changed = [
      { url: 'u3', name: 'one' },
      { id: 'foreign', url: 'new' },
      { url: 'u2', name: 'two', description: 'x' },
      { url: 'u2', name: 'again' },
    ]
    await client().sync('s', { datasets: { 1: { name: 'a', resources: changed } } })
    const after = resources(storedOf(ckan, 's:1'))
    const ids = before.map((resource) => resource['id'])
    assert.deepEqual([after[0]?.['id'], after[2]?.['id'], after[3]?.['id']], ids)
    assert.ok(![...ids, 'foreign'].includes(after[1]?.['id']))
    assert.deepEqual([after[2]?.['mimetype'], after[2]?.['format']], ['text/csv', 'By hand'])
    await client().sync('s', { datasets: { 1: { name: 'a', resources: changed }, 2: { name: 'b', resources: [{ id: 'foreign', url: 'u' }] } } })
    assert.notEqual(resources(storedOf(ckan, 's:2'))[0]?.['id'], 'foreign')
  }))

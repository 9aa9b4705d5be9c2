import assert from 'node:assert/strict'
import { test } from 'node:test'
import { people } from '../../test/catalogue.ts'
import { parseConfig } from '../config.ts'
import type { DatasetStanding } from './dataset/dataset.ts'
import { type DatasetRight, mayDataset, mayGroup, type PolicyContext, type MemberRole as Role, readingRight } from './policy.ts'

type Who = keyof typeof people
type MemberRole = Role | undefined

const as = (who: Who, settings: Record<string, string> = {}): PolicyContext => ({ actor: people[who], config: parseConfig(settings) })

const marias: DatasetStanding = {
  no: 1,
  id: 'd',
  name: 'd',
  state: 'active',
  isPrivate: false,
  creatorId: people.maria.id,
  ownerOrgNo: null,
  sourceId: null,
}

/** Who may, of nobody, jonas (any user), maria (who made it) and root (a sysadmin). */
const allowed = (right: DatasetRight, dataset: DatasetStanding, settings?: Record<string, string>) =>
  (['anonymous', 'jonas', 'maria', 'root'] as const).filter((who) => mayDataset(as(who, settings), right, { dataset }))

const everybody = ['anonymous', 'jonas', 'maria', 'root']
const users = ['jonas', 'maria', 'root']
const owners = ['maria', 'root']

test('wiki style: users edit, who made it decides about state and deletion', () => {
  assert.deepEqual(allowed('read', marias), everybody)
  assert.deepEqual(allowed('edit', marias), users)
  for (const right of ['delete', 'read-unpublished'] as const) assert.deepEqual(allowed(right, marias), owners)
})

test('nobody edits what they may not read', () => {
  for (const hidden of [{ isPrivate: true }, { state: 'deleted' }, { state: 'pending' }] as const)
    assert.deepEqual(allowed('edit', { ...marias, ...hidden }), owners)
  assert.deepEqual(allowed('edit', { ...marias, state: 'draft' }), users)
})

test('owners only, by the setting or because a flow publishes it', () => {
  assert.deepEqual(allowed('edit', marias, { MILLRACE_PACKAGE_EDITING: 'owners' }), owners)
  assert.deepEqual(allowed('edit', { ...marias, sourceId: 'maria/x' }), owners)
})

test('what is not public is read by its owners', () => {
  assert.equal(readingRight(marias), 'read')
  for (const hidden of [{ isPrivate: true }, { state: 'deleted' }, { state: 'pending' }] as const)
    assert.equal(readingRight({ ...marias, ...hidden }), 'read-unpublished')
  assert.equal(readingRight({ ...marias, state: 'draft', isPrivate: true }), 'read-draft')
})

test('in an organization its roles decide, not who made the dataset', () => {
  const dataset = { ...marias, ownerOrgNo: 7 }
  const may = (role: MemberRole, right: DatasetRight) => mayDataset(as('maria'), right, { dataset, role })
  const rows: [MemberRole, boolean, boolean, boolean][] = [
    [undefined, false, false, false],
    ['member', true, false, false],
    ['editor', true, true, true],
    ['admin', true, true, true],
  ]
  for (const [role, reads, edits, deletes] of rows) {
    assert.deepEqual([may(role, 'read-unpublished'), may(role, 'edit'), may(role, 'delete')], [reads, edits, deletes], role ?? 'no role')
  }
})

test('groups: admins edit, editors add datasets, members have no right by it', () => {
  const may = (role: MemberRole, right: 'edit' | 'add-dataset') => mayGroup(as('jonas'), right, { creatorId: people.maria.id, role })
  assert.deepEqual(
    (['admin', 'editor', 'member', undefined] as const).map((role) => [may(role, 'edit'), may(role, 'add-dataset')]),
    [
      [true, true],
      [false, true],
      [false, false],
      [false, false],
    ],
  )
  assert.ok(mayGroup(as('maria'), 'delete', { creatorId: people.maria.id }))
})

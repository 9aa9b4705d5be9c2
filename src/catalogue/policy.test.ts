import assert from 'node:assert/strict'
import { test } from 'node:test'
import { people } from '../../test/catalogue.ts'
import { parseConfig } from '../config.ts'
import { type DatasetRight, hasDatasetRight, mayGroup, type PolicyContext, type MemberRole as Role } from './policy.ts'
import type { DatasetVisibility } from './visibility.ts'

type Who = keyof typeof people
type MemberRole = Role | undefined

const as = (who: Who, settings: Record<string, string> = {}): PolicyContext => ({ actor: people[who], config: parseConfig(settings) })

const marias: DatasetVisibility = {
  no: 1,
  id: 'd',
  name: 'd',
  state: 'active',
  isPrivate: false,
  isUnlisted: false,
  creatorId: people.maria.id,
  ownerOrgNo: null,
  sourceId: null,
}

/** Who has a right: an anonymous caller, jonas (a user), maria (the creator), root (a sysadmin). */
const allowed = (right: DatasetRight, dataset: DatasetVisibility, settings?: Record<string, string>) =>
  (['anonymous', 'jonas', 'maria', 'root'] as const).filter((who) => hasDatasetRight(as(who, settings), right, { dataset }))

const everyone = ['anonymous', 'jonas', 'maria', 'root']
const users = ['jonas', 'maria', 'root']
const owners = ['maria', 'root']

test('wiki style: users edit, the creator decides about state and deletion', () => {
  assert.deepEqual(allowed('read', marias), everyone)
  assert.deepEqual(allowed('edit', marias), users)
  assert.deepEqual(allowed('delete', marias), owners)
})

test('only those who may read a dataset edit it', () => {
  for (const hidden of [{ isPrivate: true }, { state: 'deleted' }, { state: 'pending' }, { state: 'draft' }] as const) {
    assert.deepEqual(allowed('read', { ...marias, ...hidden }), owners)
    assert.deepEqual(allowed('edit', { ...marias, ...hidden }), owners)
  }
})

test('owners only, by the setting or because a flow publishes it', () => {
  assert.deepEqual(allowed('edit', marias, { MILLRACE_PACKAGE_EDITING: 'owners' }), owners)
  assert.deepEqual(allowed('edit', { ...marias, sourceId: 'maria/x' }), owners)
})

test('in an organization its roles decide, not who made the dataset; a draft is for its creator as well', () => {
  const rights = ['read', 'edit', 'delete'] as const
  const having = (who: Who, role: MemberRole, facts: Partial<DatasetVisibility>) =>
    rights.filter((right) => hasDatasetRight(as(who), right, { dataset: { ...marias, ownerOrgNo: 7, ...facts }, role })).join(' ')
  const rows: [Partial<DatasetVisibility>, Who, MemberRole, string][] = [
    [{ isPrivate: true }, 'maria', undefined, ''],
    [{ isPrivate: true }, 'jonas', 'member', 'read'],
    [{ isPrivate: true }, 'jonas', 'editor', 'read edit delete'],
    [{ isPrivate: true }, 'jonas', 'admin', 'read edit delete'],
    [{ state: 'draft' }, 'anonymous', undefined, ''],
    [{ state: 'draft' }, 'jonas', undefined, ''],
    [{ state: 'draft' }, 'jonas', 'member', ''],
    [{ state: 'draft' }, 'jonas', 'editor', 'read edit delete'],
    [{ state: 'draft' }, 'jonas', 'admin', 'read edit delete'],
    [{ state: 'draft' }, 'maria', undefined, 'read edit'],
    [{ state: 'draft' }, 'root', undefined, 'read edit delete'],
    [{ state: 'draft', sourceId: 'maria/x' }, 'jonas', 'editor', ''],
  ]
  for (const [facts, who, role, expected] of rows) assert.equal(having(who, role, facts), expected, JSON.stringify([facts, who, role]))
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

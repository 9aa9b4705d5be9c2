import { type FieldErrors, invalid } from '../../base/errors.ts'
import { type Context, isSysadmin } from '../../context.ts'
import { DuplicateKey } from '../../store/database-error.ts'
import { newId } from '../../store/id.ts'
import type { Write } from '../../store/store.ts'
import { hasRight, keepReadable } from '../dataset/access.ts'
import type { Extra } from '../dataset/dataset.ts'
import { planExtras, withoutKnown } from '../dataset/diff.ts'
import { nameTaken } from '../dataset/draft.ts'
import { editBy, unchanged } from '../dataset/edit.ts'
import { applyDraft, searchWords } from '../dataset/save.ts'
import { lockDataset } from '../dataset/store.ts'
import { FieldReader, type Input, isUuid, missingValue } from '../field-reader.ts'
import { requireSite } from '../policy.ts'
import type { ChangedRow, Revision } from '../revision/revision.ts'
import { insertRevision, insertVersion } from '../revision/store.ts'
import { searchStoreOf } from '../search/sql/word-index.ts'
import { findVisibility, listVisibilitiesByNo } from '../visibility-store.ts'
import { type GroupKind, getGroup, requireGroupRight } from './access.ts'
import type { Group } from './group.ts'
import { type GroupInput, readGroup } from './input.ts'
import { resolveRoles } from './member.ts'
import { listMembers, type RoleOf, replaceRoles, saveRole } from './member-store.ts'
import { findGroupExtras, findMemberNos, isGroupIdTaken, isGroupNameTaken, lockGroup, saveGroup, saveGroupExtras } from './save-store.ts'

/** A group as it is to be: absent lists stay as they are. */
interface GroupDraft {
  readonly group: Group
  readonly extras: ReadonlyMap<string, string> | undefined
  readonly memberNos: readonly number[] | undefined
  readonly roles: readonly RoleOf[] | undefined
}

/** Creates a group or organization; the caller becomes its admin. Throws `forbidden`, `invalid` with fields. */
export async function createGroup(ctx: Context, input: Input, kind: 'group' | 'organization' = 'group'): Promise<Group> {
  requireSite(ctx, kind === 'organization' ? 'create-organization' : 'create-group')
  return translateDuplicates(
    ctx.store.write(async (write) => {
      const reader = new FieldReader(input)
      const read = readGroup(reader)
      if (read.name === undefined && !reader.errors['name']) reader.fail('name', missingValue)
      const before = { ...(await newGroup(ctx, write, reader)), isOrganization: kind === 'organization', type: kind }
      const draft = await draftGroup(ctx, write, { before, read, reader })
      const group = await applyGroup(ctx, write, { before, draft, message: `REST API: Create object ${draft.group.name}` })
      const isListed = draft.roles?.some((one) => one.userId === group.creatorId)
      if (group.creatorId !== null && !isListed) await saveRole(write.db, group.no, { userId: group.creatorId, role: 'admin' })
      return group
    }),
  )
}

/** How an update treats lists that the input does not have. */
export interface GroupUpdate {
  readonly input: Input
  readonly kind?: GroupKind
  /** Completes the input with stored values. */
  readonly merge?: (read: GroupInput, stored: readonly Extra[]) => GroupInput
}

const emptyAbsent = (read: GroupInput): GroupInput => ({ ...read, extras: read.extras ?? new Map(), datasets: read.datasets ?? [] })

/** Changes a group: single fields are merged, extras and members replaced. Throws `not_found`, `forbidden`, `invalid` with fields. */
export async function updateGroup(ctx: Context, ref: string, { input, kind, merge = emptyAbsent }: GroupUpdate): Promise<Group> {
  return translateDuplicates(
    ctx.store.write(async (write) => {
      const found = await getGroup(write.db, ref, kind)
      await requireGroupRight(ctx, 'edit', { db: write.db, group: found })
      const before = await lockGroup(write.db, ctx.store.dialect, found.no)
      const reader = new FieldReader(input)
      const read = merge(readGroup(reader, before), await findGroupExtras(write.db, before.no))
      const draft = await draftGroup(ctx, write, { before, read, reader })
      return applyGroup(ctx, write, { before, draft, message: `REST API: Update object ${draft.group.name}` })
    }),
  )
}

/** Marks a group as deleted; its datasets stay, and do not show it any more. Throws `not_found`, `forbidden`. */
export async function deleteGroup(ctx: Context, ref: string, kind?: GroupKind): Promise<void> {
  await ctx.store.write(async (write) => {
    const found = await getGroup(write.db, ref, kind)
    await requireGroupRight(ctx, 'delete', { db: write.db, group: found })
    const before = await lockGroup(write.db, ctx.store.dialect, found.no)
    const draft: GroupDraft = { group: { ...before, state: 'deleted' }, extras: undefined, memberNos: undefined, roles: undefined }
    await applyGroup(ctx, write, { before, draft, message: `REST API: Delete Group: ${before.name}` })
  })
}

async function newGroup(ctx: Context, write: Write, reader: FieldReader): Promise<Group> {
  const given = reader.text('id')
  if (given && !isSysadmin(ctx.actor)) reader.fail('id', 'Only a sysadmin may give the id of a new object')
  else if (given && !isUuid(given)) reader.fail('id', 'Must be a UUID')
  else if (given && (await isGroupIdTaken(write.db, given))) reader.fail('id', 'That id is already in use')
  const now = ctx.clock()
  return {
    no: 0,
    id: given || newId(),
    name: '',
    title: '',
    description: '',
    imageUrl: '',
    isOrganization: false,
    type: 'group',
    approvalStatus: 'approved',
    state: 'active',
    creatorId: ctx.actor.kind === 'user' ? ctx.actor.id : null,
    createdAt: now,
    stamp: { id: '', at: now },
  }
}

interface DraftParts {
  readonly before: Group
  readonly read: GroupInput
  readonly reader: FieldReader
}

async function draftGroup(ctx: Context, write: Write, { before, read, reader }: DraftParts): Promise<GroupDraft> {
  const name = read.name ?? before.name
  if (name !== before.name && !reader.errors['name'] && (await isGroupNameTaken(write.db, name))) reader.fail('name', nameTaken)
  // Each dataset stores its organization, so an input cannot set them here.
  const memberNos = before.isOrganization ? undefined : read.datasets && (await resolveMembers(ctx, write, { read, reader }))
  checkKind(reader, before, read)
  const roles = read.members && (await resolveRoles(write.db, read.members, reader))
  reader.check()
  const extras = read.extras && new Map([...read.extras].filter((entry): entry is [string, string] => entry[1] !== null))
  const group: Group = {
    ...before,
    name,
    title: read.title ?? before.title,
    description: read.description ?? before.description,
    imageUrl: read.imageUrl ?? before.imageUrl,
    type: read.type || before.type,
    state: before.no === 0 ? 'active' : (read.state ?? before.state),
  }
  return { group, extras, memberNos, roles }
}

/** A new group may have a custom type, but not the other kind's. It is active. The type cannot be changed later. */
function checkKind(reader: FieldReader, before: Group, { type, state }: GroupInput): void {
  const isNew = before.no === 0
  const other = before.isOrganization ? 'group' : 'organization'
  if (type && (isNew ? type === other : type !== before.type)) reader.fail('type', `Cannot be changed: it is ${before.type}`)
  if ((reader.flag('is_organization') ?? before.isOrganization) !== before.isOrganization)
    reader.fail('is_organization', `Cannot be changed: it is ${before.isOrganization}`)
  if ((reader.text('approval_status') || before.approvalStatus) !== before.approvalStatus)
    reader.fail('approval_status', `Cannot be changed: it is ${before.approvalStatus}`)
  if (isNew && state === 'deleted') reader.fail('state', 'Must be active on creation: delete it afterwards')
}

/** Numbers of the datasets of the wanted members; a dataset that the caller may not read is reported as missing. */
async function resolveMembers(ctx: Context, { db }: Write, { read, reader }: Pick<DraftParts, 'read' | 'reader'>): Promise<number[]> {
  const nos = new Set<number>()
  const errors: FieldErrors[] = []
  for (const ref of reader.errors['packages'] ? [] : (read.datasets ?? [])) {
    const dataset = await findVisibility(db, ref)
    const isReadable = dataset !== undefined && (await hasRight(ctx, 'read', { db, dataset }))
    if (isReadable) nos.add(dataset.no)
    errors.push(isReadable ? {} : { id: [`There is no such package: ${ref}`] })
  }
  reader.failItems('packages', errors)
  return [...nos].sort((one, other) => one - other)
}

const groupFields = ['name', 'title', 'description', 'imageUrl', 'type', 'state'] as const

interface GroupChange {
  readonly before: Group
  readonly draft: GroupDraft
  readonly message: string
}

/** Makes the stored group equal to the draft: one revision for it and for all datasets that are added or removed. */
async function applyGroup(ctx: Context, write: Write, { before, draft, message }: GroupChange): Promise<Group> {
  const { db } = write
  const edit = editBy(ctx, message, ctx.clock())
  const stamp = { id: newId(), at: edit.now }
  const isCoreChanged = before.no === 0 || groupFields.some((field) => before[field] !== draft.group[field])
  const storedExtras = before.no === 0 ? [] : await findGroupExtras(db, before.no)
  const extras = draft.extras ? withoutKnown(planExtras(storedExtras, draft.extras, stamp), storedExtras) : []
  const moves = await planMoves(ctx, write, { before, draft, message })
  if (!isCoreChanged && extras.length === 0 && moves.size === 0) {
    await saveRoles(write, before, draft)
    return before
  }
  const revision = await insertRevision(db, { ...stamp, author: edit.author, message })
  const group = { ...draft.group, stamp: isCoreChanged ? stamp : before.stamp }
  const no = await saveGroup(db, group)
  const after = { ...group, no }
  await saveRoles(write, after, draft)
  await saveGroupExtras(db, no, { extras, known: new Set(storedExtras.map((one) => one.id)) })
  const members = await moveDatasets(ctx, write, { group: after, moves, revision })
  const rows: ChangedRow[] = [
    ...(isCoreChanged
      ? [{ kind: 'group', id: group.id, state: group.state, values: Object.fromEntries(groupFields.map((field) => [field, group[field]])) } as const]
      : []),
    ...extras.map(({ id, state, key, value }) => ({ kind: 'extra', id, state, values: { key, value } }) as const),
    ...members,
  ]
  await insertVersion(db, { kind: 'group', entityNo: no, revision, rows })
  if (before.no !== 0 && (before.name !== after.name || before.state !== after.state)) await reindexMembers(ctx, write, no)
  write.change('group', group.id, before.no === 0 ? 'created' : group.state === 'deleted' ? 'deleted' : 'updated')
  return after
}

/** Roles are not part of revisions, because they are not part of the content of a group. */
async function saveRoles(write: Write, group: Group, { roles }: GroupDraft): Promise<void> {
  if (!roles) return
  const stored = new Map((await listMembers(write, group.no)).map((one) => [one.userId, one.role]))
  if (stored.size === roles.length && roles.every(({ userId, role }) => stored.get(userId) === role)) return
  await replaceRoles(write.db, group.no, roles)
  write.change('group', group.id, 'updated')
}

/** The datasets that are added to (true) and removed from (false) the group. A dataset that the caller may not read stays. */
async function planMoves(ctx: Context, write: Write, { before, draft }: GroupChange): Promise<Map<number, boolean>> {
  const { memberNos } = draft
  if (!memberNos) return new Map()
  const current = before.no === 0 ? [] : await findMemberNos(write.db, before.no)
  const entering = withoutKnown(memberNos, current).map((no) => [no, true] as const)
  const missing = await listVisibilitiesByNo(write, withoutKnown(current, memberNos))
  const leaving = (await keepReadable(ctx, missing, write.db)).map(({ no }) => [no, false] as const)
  return new Map([...entering, ...leaving].sort(([one], [other]) => one - other))
}

async function moveDatasets(
  ctx: Context,
  write: Write,
  { group, moves, revision }: { group: Group; moves: ReadonlyMap<number, boolean>; revision: Revision },
): Promise<ChangedRow[]> {
  const rows: ChangedRow[] = []
  const link = { groupNo: group.no, groupId: group.id, groupName: group.name, isGroupActive: group.state === 'active' }
  for (const [no, enters] of moves) {
    const before = await lockDataset(write.db, ctx.store.dialect, no)
    const draft = unchanged(before)
    const others = draft.groups.filter((one) => one.groupId !== group.id)
    await applyDraft(
      write,
      { ...editBy(ctx, revision.message, revision.at), revision },
      { before, draft: { ...draft, groups: enters ? [...others, link] : others } },
    )
    rows.push({ kind: 'membership', id: before.id, state: enters ? 'active' : 'deleted' })
  }
  return rows
}

/** Updates the search words of datasets: they contain the names of their groups. */
async function reindexMembers(ctx: Context, write: Write, groupNo: number): Promise<void> {
  const search = searchStoreOf(ctx.store.dialect)
  for (const no of await findMemberNos(write.db, groupNo)) {
    await search.replace(write.db, no, await searchWords(await lockDataset(write.db, ctx.store.dialect, no)))
  }
}

async function translateDuplicates<T>(written: Promise<T>): Promise<T> {
  try {
    return await written
  } catch (error) {
    if (error instanceof DuplicateKey && error.table === 'catalogue_group')
      throw invalid(error.columns.includes('name') ? { name: [nameTaken] } : { id: ['That id is already in use'] })
    throw error
  }
}

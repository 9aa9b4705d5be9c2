import { type FieldErrors, notFound } from '../../base/errors.ts'
import { type Context, isSysadmin } from '../../context.ts'
import type { Db, Write } from '../../store/store.ts'
import { mapInTurns } from '../../store/turns.ts'
import type { FieldReader } from '../field-reader.ts'
import { mayGroupNow } from '../group/access.ts'
import { findGroup, findRole } from '../group/store.ts'
import { denied } from '../policy.ts'
import { draftResource, type ResourceInput } from '../resource/input.ts'
import { takenIds } from '../resource/store.ts'
import { ensureMoreTags } from '../tag/store.ts'
import { hasRight, requireRight } from './access.ts'
import { activeParts, type Dataset, type DatasetCore, type Membership, pickTexts } from './dataset.ts'
import type { DatasetDraft } from './diff.ts'
import type { DatasetInput } from './input.ts'
import { isNameTaken } from './store.ts'

/** The extra under which a dataset shows the source that publishes it. */
export const sourceExtra = 'source_dataset_id'

/** What a draft is made of. */
export interface DraftParts {
  readonly before: Dataset
  readonly input: DatasetInput
  readonly reader: FieldReader
}

/** A draft whose tags have not been looked up yet. */
export type CheckedDraft = Omit<DatasetDraft, 'tags'> & { readonly tagNames: readonly string[] }

/**
 * Joins an input with what is stored: single fields are merged, lists replaced (an absent list empties). Writes nothing.
 * Throws `not_found` for an unknown group, `forbidden` for a change that the caller may not make, then `invalid` with all field errors.
 */
export async function checkDataset(ctx: Context, db: Db, parts: DraftParts): Promise<CheckedDraft> {
  const { before, input, reader } = parts
  const groups = await resolveGroups(ctx, db, parts)
  const owner = await resolveOwner(ctx, db, parts)
  const isSame = (input.state ?? before.state) === before.state && (input.isPrivate ?? before.isPrivate) === before.isPrivate
  if (!isSame) await requireRight(ctx, 'delete', { db, dataset: before })
  await checkNameFree(db, parts)
  await checkResourceIds({ db, dialect: ctx.store.dialect }, parts)
  const core = draftCore(parts, owner.no)
  if (before.no !== 0 && core.type !== before.type) reader.fail('type', `Cannot be changed: it is ${before.type}`)
  const wasPrivateAlone = before.isPrivate && before.ownerOrgNo === null
  if (core.isPrivate && core.ownerOrgNo === null && before.sourceId === null && !wasPrivateAlone) {
    reader.fail('private', 'Only a dataset of an organization can be private')
  }
  reader.check()
  const stored = new Map(before.resources.map((one) => [one.id, one]))
  const extras = new Map([...(input.extras ?? [])].filter((entry): entry is [string, string] => entry[1] !== null))
  if (before.sourceId !== null) extras.set(sourceExtra, before.sourceId)
  const resources = await mapInTurns(input.resources ?? [], (one) => draftResource(one, stored.get(one.id ?? '')))
  return { core, ownerOrgId: owner.id, resources, tagNames: [...new Set([...(input.tags ?? []), ...input.moreTags])], extras, groups }
}

/** The same with its tags; missing tags are created. Inside a write. */
export async function draftDataset(ctx: Context, db: Db, parts: DraftParts): Promise<DatasetDraft> {
  const { tagNames, ...draft } = await checkDataset(ctx, db, parts)
  return { ...draft, tags: await ensureMoreTags({ db, dialect: ctx.store.dialect }, tagNames, parts.before.tags) }
}

function draftCore({ before, input }: DraftParts, ownerOrgNo: number | null): DatasetCore {
  const name = input.name ?? before.name
  const title = input.title ?? (before.no === 0 ? name : before.title)
  return {
    ...pickTexts(before, input.texts),
    name,
    title: title === '' && before.no === 0 ? name : title,
    type: input.type || before.type,
    state: input.state ?? before.state,
    isPrivate: input.isPrivate ?? before.isPrivate,
    isUnlisted: before.isUnlisted,
    ownerOrgNo,
  }
}

type GroupLink = Pick<Membership, 'groupNo' | 'groupId' | 'groupName' | 'isGroupActive'>

/**
 * The groups that the dataset will be in. Adding it to a group needs a right in that group; removing it needs that right or the right to delete the
 * dataset. If the list is absent, the caller's groups are removed; those that the caller may not change stay, and so do deleted groups.
 */
async function resolveGroups(ctx: Context, db: Db, { before, input }: DraftParts): Promise<GroupLink[]> {
  const links = new Map<string, GroupLink>()
  const current = activeParts(before.memberships)
  const currentIds = new Set(current.map((one) => one.groupId))
  for (const ref of input.groups ?? []) {
    const group = await findGroup(db, ref)
    if (!group || group.isOrganization) throw notFound('group', ref)
    const isNew = !currentIds.has(group.id)
    if (isNew && !(await mayGroupNow(ctx, 'add-dataset', { db, group }))) throw denied()
    links.set(group.id, { groupNo: group.no, groupId: group.id, groupName: group.name, isGroupActive: group.state === 'active' })
  }
  for (const link of current) {
    if (links.has(link.groupId)) continue
    if (link.isGroupActive && (await mayTakeOut(ctx, db, { before, link }))) continue
    if (link.isGroupActive && input.groups) throw denied()
    links.set(link.groupId, link)
  }
  return [...links.values()]
}

async function mayTakeOut(ctx: Context, db: Db, { before, link }: { before: Dataset; link: GroupLink }): Promise<boolean> {
  if (await hasRight(ctx, 'delete', { db, dataset: before })) return true
  const group = await findGroup(db, link.groupId)
  return group !== undefined && mayGroupNow(ctx, 'add-dataset', { db, group })
}

/**
 * The organization that will own the dataset. A change needs the right to delete the dataset, and a role in the new organization
 * that permits creating datasets.
 */
async function resolveOwner(ctx: Context, db: Db, { before, input, reader }: DraftParts): Promise<{ no: number | null; id: string | null }> {
  const ref = input.ownerOrg
  if (ref === undefined) return { no: before.ownerOrgNo, id: before.ownerOrgId }
  const organization = ref === '' ? null : await findGroup(db, ref)
  const isSame = (organization === null ? null : organization?.no) === before.ownerOrgNo
  if (!isSame) await requireRight(ctx, 'delete', { db, dataset: before })
  if (organization === null) return { no: null, id: null }
  const isFit = organization?.isOrganization && (organization.state === 'active' || isSame)
  if (!isFit) {
    reader.fail('owner_org', 'Organization does not exist')
    return { no: null, id: null }
  }
  if (!isSame && !isSysadmin(ctx.actor)) {
    const role = ctx.actor.kind === 'user' ? await findRole(db, organization.no, ctx.actor.id) : undefined
    if (role !== 'admin' && role !== 'editor') throw denied()
  }
  return { no: organization.no, id: organization.id }
}

async function checkNameFree(db: Db, { before, input, reader }: DraftParts): Promise<void> {
  const { name } = input
  if (name === undefined || reader.errors['name'] || (before.no !== 0 && name === before.name)) return
  if (await isNameTaken(db, name)) reader.fail('name', nameTaken)
}

export const nameTaken = 'That name is already in use'

async function checkResourceIds(write: Pick<Write, 'db' | 'dialect'>, { before, input, reader }: DraftParts): Promise<void> {
  const known = new Set(before.resources.map((one) => one.id))
  const ids = (input.resources ?? []).flatMap(({ id }) => (id === undefined || known.has(id) ? [] : [id]))
  const taken = await takenIds(write, before.no, ids)
  if (taken.size === 0) return
  const errors = (input.resources ?? []).map(
    ({ id, errors: own }): FieldErrors =>
      id !== undefined && taken.has(id) ? { ...own, id: ['Belongs to a resource of another dataset: leave it out'] } : own,
  )
  reader.failItems('resources', errors)
}

/** The lists of a dataset as an input that leaves them as they are. */
function storedLists(stored: Dataset) {
  const resources = activeParts(stored.resources).sort((one, other) => one.position - other.position)
  return {
    resources: resources.map((one): ResourceInput => ({ id: one.id, fields: one, errors: {} })),
    tags: activeParts(stored.tags).map((tag) => tag.name),
    extras: new Map(activeParts(stored.extras).map(({ key, value }) => [key, value])),
    groups: activeParts(stored.memberships).map((one) => one.groupId),
  }
}

/** Lists that the input does not have stay as they are; those that it has replace the stored ones. */
export function mergeAbsent(stored: Dataset, input: DatasetInput): DatasetInput {
  const lists = storedLists(stored)
  return {
    ...input,
    resources: input.resources ?? lists.resources,
    tags: input.tags ?? lists.tags,
    extras: input.extras ?? lists.extras,
    groups: input.groups ?? lists.groups,
  }
}

/** The same, and empty tags stay, extras are merged key by key (null deletes one), groups are not touched. */
export function mergeFlat(stored: Dataset, input: DatasetInput): DatasetInput {
  const lists = storedLists(stored)
  return {
    ...mergeAbsent(stored, input),
    tags: input.tags?.length ? input.tags : lists.tags,
    extras: new Map<string, string | null>([...lists.extras, ...(input.extras ?? [])]),
    groups: lists.groups,
  }
}

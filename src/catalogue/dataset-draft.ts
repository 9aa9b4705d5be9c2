import { type Context, isSysadmin } from '../context.ts'
import { type FieldErrors, notFound } from '../errors.ts'
import type { Db } from '../store/store.ts'
import { activeParts, type Dataset, type DatasetCore, type Membership, pickTexts } from './dataset.ts'
import type { DatasetDraft } from './dataset-change.ts'
import type { DatasetInput } from './dataset-input.ts'
import { isNameTaken } from './dataset-store.ts'
import type { FieldReader } from './field-reader.ts'
import { findGroup, findRole } from './group-store.ts'
import { denied, mayGroup } from './policy.ts'
import { draftResource } from './resource-input.ts'
import { takenIds } from './resource-store.ts'
import { ensureMoreTags } from './tag-store.ts'

/** The extra under which a dataset shows the source that publishes it. */
export const sourceExtra = 'source_dataset_id'

/** What a draft is made of. */
export interface DraftParts {
  readonly before: Dataset
  readonly input: DatasetInput
  readonly reader: FieldReader
  /** Whether the caller may set the state. */
  readonly setsState: boolean
}

/** A draft whose tags are not looked up yet. */
export type CheckedDraft = Omit<DatasetDraft, 'tags'> & { readonly tagNames: readonly string[] }

/**
 * Joins an input with what is stored: single fields are merged, lists replaced (an absent list empties). Writes nothing.
 * Throws `not_found` for a group that is not there, `forbidden` for one that the caller may not add to, then `invalid` with all field errors.
 */
export async function checkDataset(ctx: Context, db: Db, parts: DraftParts): Promise<CheckedDraft> {
  const { before, input, reader } = parts
  const groups = await resolveGroups(ctx, db, parts)
  const owner = await resolveOwner(ctx, db, parts)
  await checkNameFree(db, parts)
  await checkResourceIds(db, parts)
  const core = draftCore(parts, owner.no)
  if (core.isPrivate && core.ownerOrgNo === null && before.sourceId === null && !before.isPrivate) {
    reader.fail('private', 'Only a dataset of an organization can be private')
  }
  reader.check()
  const stored = new Map(before.resources.map((one) => [one.id, one]))
  const extras = new Map([...(input.extras ?? [])].filter((entry): entry is [string, string] => entry[1] !== null))
  if (before.sourceId !== null) extras.set(sourceExtra, before.sourceId)
  const resources = (input.resources ?? []).map((one) => draftResource(one, stored.get(one.id ?? '')))
  return { core, ownerOrgId: owner.id, resources, tagNames: input.tags ?? [], extras, groups }
}

/** The same with its tags, which are made if need be; inside a write. */
export async function draftDataset(ctx: Context, db: Db, parts: DraftParts): Promise<DatasetDraft> {
  const { tagNames, ...draft } = await checkDataset(ctx, db, parts)
  return { ...draft, tags: await ensureMoreTags({ db, dialect: ctx.store.dialect }, tagNames, parts.before.tags) }
}

function draftCore({ before, input, setsState }: DraftParts, ownerOrgNo: number | null): DatasetCore {
  const name = input.name ?? before.name
  const title = input.title ?? (before.no === 0 ? name : before.title)
  return {
    ...pickTexts(before, input.texts),
    name,
    title: title === '' && before.no === 0 ? name : title,
    type: input.type || before.type,
    state: setsState ? (input.state ?? before.state) : before.state,
    isPrivate: input.isPrivate ?? before.isPrivate,
    isUnlisted: before.isUnlisted,
    ownerOrgNo,
  }
}

type GroupLink = Pick<Membership, 'groupNo' | 'groupId' | 'groupName' | 'isGroupActive'>

async function resolveGroups(ctx: Context, db: Db, { before, input }: DraftParts): Promise<GroupLink[]> {
  const links = new Map<string, GroupLink>()
  const current = new Set(activeParts(before.memberships).map((one) => one.groupId))
  for (const ref of input.groups ?? []) {
    const group = await findGroup(db, ref)
    if (!group || group.isOrganization) throw notFound('group', ref)
    if (!current.has(group.id)) {
      const role = ctx.actor.kind === 'user' ? await findRole(db, group.no, ctx.actor.id) : undefined
      if (!mayGroup(ctx, 'add-dataset', { creatorId: group.creatorId, role })) throw denied()
    }
    links.set(group.id, { groupNo: group.no, groupId: group.id, groupName: group.name, isGroupActive: group.state === 'active' })
  }
  return [...links.values()]
}

/** The organization that is to own the dataset; only its editors may give it one. */
async function resolveOwner(ctx: Context, db: Db, { before, input, reader }: DraftParts): Promise<{ no: number | null; id: string | null }> {
  const ref = input.ownerOrg
  if (ref === undefined) return { no: before.ownerOrgNo, id: before.ownerOrgId }
  if (ref === '') return { no: null, id: null }
  const organization = await findGroup(db, ref)
  const isFit = organization?.isOrganization && (organization.state === 'active' || organization.no === before.ownerOrgNo)
  if (!isFit) {
    reader.fail('owner_org', 'Organization does not exist')
    return { no: null, id: null }
  }
  if (organization.no !== before.ownerOrgNo && !isSysadmin(ctx.actor)) {
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

async function checkResourceIds(db: Db, { before, input, reader }: DraftParts): Promise<void> {
  const known = new Set(before.resources.map((one) => one.id))
  const ids = (input.resources ?? []).flatMap(({ id }) => (id === undefined || known.has(id) ? [] : [id]))
  const taken = await takenIds(db, before.no, ids)
  if (taken.size === 0) return
  const errors = (input.resources ?? []).map(
    ({ id, errors: own }): FieldErrors => (id !== undefined && taken.has(id) ? { ...own, id: ['Belongs to another dataset'] } : own),
  )
  reader.failItems('resources', errors)
}

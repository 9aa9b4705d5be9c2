import { findUserById } from '../../auth/user-store.ts'
import { invalid } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { type Context, isSysadmin } from '../../context.ts'
import { DuplicateKey } from '../../store/database-error.ts'
import { newId } from '../../store/id.ts'
import { FieldReader, type Input, isUuid, missingValue } from '../field-reader.ts'
import { requireSite } from '../policy.ts'
import { badTime, timeOf } from '../time-text.ts'
import { lockFor } from './access.ts'
import { type Dataset, newDataset, type StoredDataset } from './dataset.ts'
import type { DatasetDraft } from './diff.ts'
import { type CheckedDraft, checkDataset, draftDataset, nameTaken } from './draft.ts'
import { type DatasetInput, readDataset } from './input.ts'
import { applyDraft, type Edit } from './save.ts'
import { isIdTaken } from './store.ts'

/** Creates a dataset; the caller becomes its creator. Throws `forbidden`, `not_found` for an unknown group, `invalid` with fields. */
export async function createDataset(ctx: Context, input: Input): Promise<StoredDataset> {
  requireSite(ctx, 'create-dataset')
  const { reader, parsed, id, modifiedAt } = await readNewDataset(ctx, input)
  const creatorId = (await givenCreator(ctx, input)) ?? actorId(ctx)
  return translateDuplicates(
    ctx.store.write(async (write) => {
      const now = ctx.clock()
      const before = newDataset({
        id,
        name: parsed.name ?? '',
        creatorId,
        sourceId: null,
        resourceGroupId: givenResourceGroup(ctx, input),
        now,
      })
      const draft = await draftDataset(ctx, write.db, { before, input: parsed, reader })
      return applyDraft(write, { ...editBy(ctx, `REST API: Create object ${draft.core.name}`, now), modifiedAt }, { before, draft })
    }),
  )
}

/**
 * Changes a dataset: single fields are merged, lists replaced, absent lists emptied. `merge` may complete the input from what is stored.
 * Throws `not_found`, `forbidden`, `invalid` with fields.
 */
export async function updateDataset(ctx: Context, ref: string, { input, merge = keepInput }: DatasetUpdate): Promise<StoredDataset> {
  return translateDuplicates(
    ctx.store.write(async (write) => {
      const before = await lockFor(ctx, 'edit', { db: write.db, ref })
      const reader = new FieldReader(input)
      const parsed = merge(before, await readDataset(reader, { siteUrl: ctx.config.siteUrl, stored: before }))
      const draft = await draftDataset(ctx, write.db, { before, input: parsed, reader })
      return applyDraft(write, editBy(ctx, `REST API: Update object ${draft.core.name}`, ctx.clock()), holdBack(before, draft))
    }),
  )
}

/** A core that is sent as pending waits for approval; until then the stored one stays. The organization and `isPrivate` change at once. */
function holdBack(before: StoredDataset, draft: DatasetDraft) {
  if (draft.core.state !== 'pending' || before.state === 'pending') return { before, draft }
  const { ownerOrgNo, isPrivate } = draft.core
  return { before, draft: { ...draft, core: { ...before, ownerOrgNo, isPrivate } }, pendingCore: draft.core }
}

/** An update: the input, and how to complete it. */
export interface DatasetUpdate {
  readonly input: Input
  readonly merge?: (stored: Dataset, input: DatasetInput) => DatasetInput
}

/** A valid input: its draft, and the id of the dataset if it exists. */
export interface ValidDataset {
  readonly id: string | undefined
  readonly draft: CheckedDraft
}

/** Checks what `createDataset` would check, and stores nothing. Throws the same errors. */
export async function validateNewDataset(ctx: Context, input: Input): Promise<ValidDataset> {
  requireSite(ctx, 'create-dataset')
  const { reader, parsed, id } = await readNewDataset(ctx, input)
  const before = newDataset({ id, name: parsed.name ?? '', creatorId: actorId(ctx), sourceId: null, now: ctx.clock() })
  const draft = await checkDataset(ctx, ctx.store.db, { before, input: parsed, reader })
  return { id: undefined, draft }
}

/** Checks what `updateDataset` would check, and stores nothing. Throws the same errors. */
export async function validateDatasetUpdate(ctx: Context, ref: string, sent: Input): Promise<ValidDataset> {
  return ctx.store.write(async ({ db }) => {
    const before = await lockFor(ctx, 'edit', { db, ref })
    const reader = new FieldReader(sent)
    const input = await readDataset(reader, { siteUrl: ctx.config.siteUrl, stored: before })
    const draft = await checkDataset(ctx, db, { before, input, reader })
    return { id: before.id, draft }
  })
}

const keepInput = (_stored: Dataset, input: DatasetInput) => input

/** Marks a dataset as deleted; nothing is erased, its name stays taken. Deleting it again changes nothing. */
export async function deleteDataset(ctx: Context, ref: string): Promise<void> {
  await ctx.store.write(async (write) => {
    const before = await lockFor(ctx, 'delete', { db: write.db, ref })
    const draft = { ...unchanged(before), core: { ...before, state: 'deleted' as const } }
    await applyDraft(write, editBy(ctx, `REST API: Delete Package: ${before.name}`, ctx.clock()), { before, draft })
  })
}

/** The draft that leaves a dataset as it is. */
export function unchanged(before: Dataset) {
  const isThere = (part: { state: string }) => part.state !== 'deleted'
  return {
    core: before,
    ownerOrgId: before.ownerOrgId,
    resources: before.resources.filter(isThere),
    tags: before.tags.filter(isThere),
    extras: new Map(before.extras.filter(isThere).map(({ key, value }) => [key, value])),
    groups: before.memberships.filter(isThere),
  }
}

export function editBy(ctx: Context, message: string, now: number): Edit {
  return { author: ctx.actor.kind === 'user' ? ctx.actor.name : 'anonymous', message, now, dialect: ctx.store.dialect }
}

const actorId = ({ actor }: Pick<Context, 'actor'>) => (actor.kind === 'user' ? actor.id : null)

interface NewDataset {
  readonly reader: FieldReader
  readonly parsed: DatasetInput
  readonly id: string
  readonly modifiedAt: number | undefined
}

async function readNewDataset(ctx: Context, input: Input): Promise<NewDataset> {
  const reader = new FieldReader(input)
  const parsed = await readDataset(reader, { siteUrl: ctx.config.siteUrl })
  if (parsed.name === undefined && !reader.errors['name']) reader.fail('name', missingValue)
  return { reader, parsed, id: await readNewId(ctx, reader), modifiedAt: givenModification(ctx, reader) }
}

/** The id of a new dataset. Only sysadmins may choose it; for other callers an `id` is an error. */
async function readNewId(ctx: Context, reader: FieldReader): Promise<string> {
  const id = reader.text('id')
  if (!id) return newId()
  if (!isSysadmin(ctx.actor)) reader.fail('id', 'Only a sysadmin may give the id of a new object')
  else if (!isUuid(id)) reader.fail('id', 'Must be a UUID')
  else if (await isIdTaken(ctx.store.db, id)) reader.fail('id', idTaken)
  return id
}

const idTaken = 'That id is already in use'

/** A dataset that a sysadmin moves from another hub keeps the id of its list of resources. */
function givenResourceGroup(ctx: Context, input: Input): string | undefined {
  const first: unknown = Array.isArray(input['resources']) ? input['resources'][0] : undefined
  const given = isObject(first) ? first['resource_group_id'] : undefined
  return isSysadmin(ctx.actor) && Object.hasOwn(input, 'id') && typeof given === 'string' && isUuid(given) ? given : undefined
}

/** A sysadmin who moves a dataset from another hub may name its creator, a user of this hub; other ids are ignored. */
async function givenCreator(ctx: Context, input: Input): Promise<string | undefined> {
  const given = Object.hasOwn(input, 'creator_user_id') ? input['creator_user_id'] : undefined
  if (!isSysadmin(ctx.actor) || typeof given !== 'string' || !isUuid(given)) return undefined
  return (await findUserById(ctx.store.db, given))?.user.id
}

/** A sysadmin who moves a dataset from another hub may give the time of its last change; from other callers the key is ignored, as on update. */
function givenModification(ctx: Context, reader: FieldReader): number | undefined {
  const text = isSysadmin(ctx.actor) ? reader.text('metadata_modified') : undefined
  if (!text) return undefined
  const at = timeOf(text)
  if (at === undefined || at > ctx.clock()) reader.fail('metadata_modified', at === undefined ? badTime : 'Must not be in the future')
  return at
}

/** When two writers take one name, the unique key lets one succeed; the other gets `invalid` with the field. */
export async function translateDuplicates<T>(written: Promise<T>): Promise<T> {
  try {
    return await written
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error
    if (error.table === 'dataset' && error.columns.includes('name')) throw invalid({ name: [nameTaken] })
    if (error.table === 'dataset' || error.table === 'resource') throw invalid({ id: [idTaken] })
    throw error
  }
}

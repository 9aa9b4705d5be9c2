import { invalid, notFound } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { newId } from '../../store/id.ts'
import type { Write } from '../../store/store.ts'
import { getVisibility, lockFor, requireReading, requireRight } from '../dataset/access.ts'
import { activeParts, type Dataset, type StoredDataset } from '../dataset/dataset.ts'
import { editBy, translateDuplicates, unchanged } from '../dataset/edit.ts'
import { applyDraft } from '../dataset/save.ts'
import { lockDataset } from '../dataset/store.ts'
import { checkEntries, FieldReader, type Input, missingValue } from '../field-reader.ts'
import { denied } from '../policy.ts'
import { timeText } from '../time-text.ts'
import { findVisibilityByNo } from '../visibility-store.ts'
import { formatOf, mediaTypeOf } from './file-type.ts'
import { draftResource, type ResourceInput, readResource } from './input.ts'
import type { Resource, ResourceDraft, ResourceFields } from './resource.ts'
import { findResource, takenIds } from './store.ts'
import { safeFileName, type Upload } from './upload.ts'

/** A resource and the facts of its dataset that are shown with it. */
export interface ShownResource {
  readonly resource: Resource
  readonly dataset: Pick<Dataset, 'id' | 'name' | 'resourceGroupId'>
}

/** Finds a resource. Throws `not_found` (also for a deleted one), and `forbidden` when the caller may not read its dataset. */
export async function showResource(ctx: Context, id: string): Promise<ShownResource> {
  const { db } = ctx.store
  const found = await findResource(db, id)
  if (!found || found.resource.state === 'deleted') throw notFound('resource', id)
  const dataset = await findVisibilityByNo(db, found.datasetNo)
  await requireReading(ctx, db, dataset)
  return { resource: found.resource, dataset }
}

/** The parameters of a call about one resource. */
export interface ResourceCall {
  readonly input: Input
  readonly upload?: Upload | undefined
}

/**
 * Throws `not_found` or `forbidden` unless the caller may change the resources of the dataset, or of the resource's dataset. If the call does not
 * name either yet, because its file is sent before these fields, the check is made when the call is complete.
 */
export async function requireResourceRight(ctx: Context, { datasetRef, id }: { datasetRef?: unknown; id?: unknown }): Promise<void> {
  const { db } = ctx.store
  if (ctx.actor.kind === 'anonymous') throw denied()
  const found = typeof id === 'string' ? await findResource(db, id) : undefined
  if (typeof id === 'string' && (!found || found.resource.state === 'deleted')) throw notFound('resource', id)
  if (found) await requireRight(ctx, 'edit', { db, dataset: await findVisibilityByNo(db, found.datasetNo) })
  else if (typeof datasetRef === 'string') await requireRight(ctx, 'edit', { db, dataset: await getVisibility(db, datasetRef) })
}

/** Stores the file, after the rights of the caller and the fields have been checked. */
async function keepUpload(ctx: Context, { upload, input }: ResourceCall, place: { datasetRef?: string; id?: string }): Promise<void> {
  if (!upload) return
  await requireResourceRight(ctx, place)
  const stored = place.id === undefined ? undefined : (await findResource(ctx.store.db, place.id))?.resource
  const { errors } = readResource(input, { siteUrl: ctx.config.siteUrl, stored })
  if (Object.keys(errors).length > 0) throw invalid(errors)
  await ctx.files.adopt(upload.file.path, upload.file)
}

/** Appends a resource to a dataset. Throws `not_found`, `forbidden`, `invalid` with the fields of the resource. */
export async function createResource(ctx: Context, datasetRef: string, { input, upload }: ResourceCall): Promise<ShownResource> {
  await keepUpload(ctx, { input, upload }, { datasetRef })
  return changeResources(ctx, async (write) => {
    const before = await lockFor(ctx, 'edit', { db: write.db, ref: datasetRef })
    const read = readResource(input, { siteUrl: ctx.config.siteUrl })
    const isTaken = read.id !== undefined && (before.resources.some((one) => one.id === read.id) || (await takenIds(write, 0, [read.id])).size > 0)
    const id = read.id ?? newId()
    const draft = withUpload(draftResource({ ...read, id }, undefined), { upload, datasetId: before.id, id, now: ctx.clock() })
    checkResource(read, draft, { hasUrl: true, isTaken })
    const resources = [...inOrder(before), draft]
    checkEntries('resources', resources)
    return { before, id, resources }
  })
}

/** How much of a resource a change names. */
export type ChangeMode = 'update' | 'patch'

/**
 * Changes a resource: keys that are given are set, the others stay; `update` wants an address, `patch` does not.
 * Throws `not_found`, `forbidden`, `invalid` with the fields of the resource.
 */
export async function updateResource(ctx: Context, id: string, { input, upload, mode }: ResourceCall & { mode: ChangeMode }): Promise<ShownResource> {
  await keepUpload(ctx, { input, upload }, { id })
  return changeResources(ctx, async (write) => {
    const { before, stored } = await lockResource(ctx, write, id)
    const read = readResource(input, { siteUrl: ctx.config.siteUrl, stored })
    const merged = draftResource({ ...read, id }, stored, stored)
    const draft = withUpload(merged, { upload, datasetId: before.id, id, now: ctx.clock() })
    const isCleared = new FieldReader(input).flag('clear_upload') === true && !upload && draft.digest !== null
    if (isCleared) throw invalid({ url: ['clear_upload wants the address that takes the place of the file'] })
    checkResource(read, draft, { hasUrl: mode === 'patch' || upload !== undefined || read.fields.url !== undefined, isTaken: false })
    return { before, id, resources: inOrder(before).map((one) => (one.id === id ? draft : one)) }
  })
}

/** Removes a resource from its dataset; it is stored as deleted. */
export async function deleteResource(ctx: Context, id: string): Promise<void> {
  await changeResources(ctx, async (write) => {
    const { before } = await lockResource(ctx, write, id)
    return { before, id, resources: inOrder(before).filter((one) => one.id !== id) }
  })
}

const inOrder = (dataset: Dataset) => activeParts(dataset.resources).sort((one, other) => one.position - other.position)

interface ResourceChange {
  readonly before: StoredDataset
  readonly id: string
  readonly resources: readonly ResourceDraft[]
}

async function changeResources(ctx: Context, plan: (write: Write) => Promise<ResourceChange>): Promise<ShownResource> {
  return translateDuplicates(
    ctx.store.write(async (write) => {
      const { before, id, resources } = await plan(write)
      const edit = editBy(ctx, `REST API: Update object ${before.name}`, ctx.clock())
      const after = await applyDraft(write, edit, { before, draft: { ...unchanged(before), resources } })
      const resource = after.resources.find((one) => one.id === id)
      if (!resource) throw notFound('resource', id)
      return { resource, dataset: after }
    }),
  )
}

async function lockResource(ctx: Context, write: Write, id: string): Promise<{ before: StoredDataset; stored: Resource }> {
  const { db } = write
  const found = await findResource(db, id)
  if (!found || found.resource.state === 'deleted') throw notFound('resource', id)
  await requireRight(ctx, 'edit', { db, dataset: await findVisibilityByNo(db, found.datasetNo) })
  const before = await lockDataset(db, ctx.store.dialect, found.datasetNo)
  const stored = before.resources.find((one) => one.id === id)
  if (!stored || stored.state === 'deleted') throw notFound('resource', id)
  return { before, stored }
}

function checkResource(read: ResourceInput, draft: ResourceFields, { hasUrl, isTaken }: { hasUrl: boolean; isTaken: boolean }): void {
  const errors = { ...read.errors }
  if (!errors['url'] && (draft.url === '' || !hasUrl)) errors['url'] = [missingValue]
  if (isTaken) errors['id'] = ['That id is already in use']
  if (Object.keys(errors).length > 0) throw invalid(errors)
}

interface UploadPlace {
  readonly upload: Upload | undefined
  readonly datasetId: string
  readonly id: string
  readonly now: number
}

/** Adds the new file to the draft, if there is one. If another address replaces an uploaded file, the file is removed. */
function withUpload(draft: ResourceDraft, { upload, datasetId, id, now }: UploadPlace): ResourceDraft {
  if (!upload) return draft.digest === null && draft.urlType === 'upload' ? { ...draft, urlType: null } : draft
  const fileName = safeFileName(upload.fileName)
  const { digest, size } = upload.file
  return {
    ...draft,
    url: `/dataset/${datasetId}/resource/${id}/download/${encodeURIComponent(fileName)}`,
    isOwnUrl: true,
    urlType: 'upload',
    size,
    mimetype: mediaTypeOf(fileName) ?? draft.mimetype,
    format: draft.format || formatOf(fileName),
    digest,
    fileName,
    rest: { ...draft.rest, last_modified: timeText(now) },
  }
}

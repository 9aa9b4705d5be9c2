import { DuplicateKey, TryAgain } from '../../store/database-error.ts'
import { newId } from '../../store/id.ts'
import type { Store, Write } from '../../store/store.ts'
import { emptyResource, type ResourceDraft } from '../resource/resource.ts'
import { siteMark } from '../site-mark.ts'
import { ensureMoreTags } from '../tag/store.ts'
import { findVisibilityBySource } from '../visibility-store.ts'
import { type Dataset, type DatasetCore, newDataset } from './dataset.ts'
import { sourceExtra } from './draft.ts'
import { nameObjections, tagObjection } from './input.ts'
import { applyDraft } from './save.ts'
import { isNameTaken, lockDataset } from './store.ts'

/** Who finds and reads a published dataset: every caller; every caller with its address; its owner and sysadmins. See `visibility.ts`. */
export type Findability = 'published' | 'unlisted' | 'private'

/** One file of a publication; `url` is a path of the hub. */
export interface PublishedResource {
  readonly name: string
  readonly url: string
  readonly format: string
  readonly mimetype?: string | undefined
  /** Bytes. */
  readonly size?: number | undefined
  readonly hash?: string | undefined
  readonly description?: string | undefined
}

/** The whole dataset of a source, as the catalogue stores it. */
export interface Publication {
  /** Binds the dataset to its source: the same one is updated by every later publication. */
  readonly sourceId: string
  readonly owner: { readonly id: string; readonly name: string }
  /** The name that the owner gave; the dataset gets it if it is free and valid. */
  readonly dataset: string
  readonly title?: string | undefined
  readonly notes?: string | undefined
  readonly url?: string | undefined
  readonly version?: string | undefined
  readonly licenseId?: string | undefined
  readonly keywords: readonly string[]
  readonly extras: Readonly<Record<string, string>>
  readonly findability: Findability
  readonly resources: readonly PublishedResource[]
}

export interface PublishContext {
  readonly store: Pick<Store, 'dialect'>
  readonly clock: () => number
}

/**
 * Creates or updates the dataset of a source, inside the write of the publisher: a reader who sees that write finds the dataset.
 * Everything that the owner edited since the last publication is replaced; a deleted dataset comes back. Returns its id and name.
 */
export async function publishDataset(write: Write, ctx: PublishContext, publication: Publication): Promise<{ id: string; name: string }> {
  const { db } = write
  const { dialect } = ctx.store
  const now = ctx.clock()
  const found = await findVisibilityBySource(db, publication.sourceId)
  const stored = found && (await lockDataset(db, dialect, found.no))
  const name = await chooseName(write, publication, stored)
  const before = stored ?? newDataset({ id: newId(), name, creatorId: publication.owner.id, sourceId: publication.sourceId, now })
  const draft = {
    core: draftCore(before, publication, name),
    ownerOrgId: null,
    resources: draftResources(before, publication),
    tags: await ensureMoreTags(write, fitTags(publication.keywords), before.tags),
    extras: new Map(Object.entries({ ...publication.extras, [sourceExtra]: publication.sourceId }).map(([key, value]) => [clean(key), clean(value)])),
    groups: before.memberships.filter((one) => one.state !== 'deleted'),
  }
  const message = `${stored ? 'Update' : 'Create'} object ${name} by its source`
  const edit = { author: publication.owner.name, message, now, dialect }
  const after = await applyDraft(write, edit, { before, draft }).catch(tryAgainOnDuplicate)
  return { id: after.id, name: after.name }
}

/** When another write took the name meanwhile, the whole write runs again and chooses another name. */
function tryAgainOnDuplicate(error: unknown): never {
  throw error instanceof DuplicateKey && error.table === 'dataset' ? new TryAgain(error.message, { cause: error }) : error
}

function draftCore(before: Dataset, publication: Publication, name: string): DatasetCore {
  return {
    ...before,
    name,
    title: clean(publication.title || name),
    notes: cleanOrNull(publication.notes),
    url: cleanOrNull(publication.url),
    version: cleanOrNull(publication.version),
    licenseId: cleanOrNull(publication.licenseId),
    type: 'dataset',
    state: 'active',
    isPrivate: publication.findability === 'private',
    isUnlisted: publication.findability === 'unlisted',
    ownerOrgNo: null,
  }
}

/** Resources are identified by name; a resource that existed before keeps its id. */
function draftResources(before: Dataset, { resources }: Publication): ResourceDraft[] {
  const known = new Map(before.resources.map((one) => [one.name, one.id]))
  return resources.map((one): ResourceDraft => {
    const name = clean(one.name)
    const id = known.get(name)
    known.delete(name)
    return {
      ...emptyResource,
      id,
      name,
      url: clean(one.url),
      isOwnUrl: one.url.startsWith('/'),
      format: clean(one.format).slice(0, 500),
      mimetype: cleanOrNull(one.mimetype),
      size: one.size ?? null,
      hash: cleanOrNull(one.hash),
      description: clean(one.description ?? ''),
    }
  })
}

const fitTags = (keywords: readonly string[]) => [
  ...new Set(keywords.map((keyword) => clean(keyword).trim()).filter((keyword) => tagObjection(keyword) === undefined)),
]

/** Removes characters that the databases cannot store; texts of a source package may have them. */
const clean = (text: string) => text.replaceAll('\0', '').replaceAll(siteMark, '').toWellFormed()
const cleanOrNull = (text: string | undefined) => (text === undefined ? null : clean(text))

const maxName = 100

/** Turns a text into a valid name where possible. */
const fitName = (text: string) =>
  text
    .toLowerCase()
    .replaceAll('.', '-')
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, maxName)

/**
 * The name that the owner gave, or one made of user and dataset, with a number if it is taken. A dataset that has such a name keeps it.
 */
async function chooseName({ db }: Write, { dataset, owner }: Publication, stored: Dataset | undefined): Promise<string> {
  const plain = fitName(dataset)
  const full = fitName(`${owner.name}-${dataset}`)
  if (stored && isChosen(stored.name, plain, full)) return stored.name
  for (let at = 0; ; at++) {
    const candidate = at === 0 ? plain : at === 1 ? full : numbered(full, at)
    if (stored?.name !== candidate && nameObjections(candidate).length > 0) continue
    if (stored?.name === candidate || !(await isNameTaken(db, candidate))) return candidate
  }
}

/** Whether a name is one that an earlier publication chose; any other is an edit of the owner. */
const isChosen = (name: string, plain: string, full: string) =>
  name === plain || name === full || (/-\d+$/.test(name) && name === numbered(full, Number(name.slice(name.lastIndexOf('-') + 1))))

function numbered(name: string, number: number): string {
  const suffix = `-${number}`
  return name.slice(0, maxName - suffix.length) + suffix
}

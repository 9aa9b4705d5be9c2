import { createWriteStream } from 'node:fs'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { findActor } from '../../auth/caller.ts'
import { DomainError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { fetchWith, OutgoingError } from '../../base/outgoing.ts'
import { outgoingPolicy } from '../../base/outgoing-policy.ts'
import { showDataset } from '../../catalogue/dataset/read.ts'
import { showResource } from '../../catalogue/resource/edit.ts'
import type { Resource } from '../../catalogue/resource/resource.ts'
import { findResources } from '../../catalogue/resource/store.ts'
import type { Context } from '../../context.ts'
import { functionType } from '../../jobs/functions/type.ts'
import { AttemptError, type AttemptScene, type RunnableType } from '../../jobs/runnable-type.ts'
import { findOwnFile, ownPath } from '../sources/own-source.ts'
import { checkLinks, type Link, type LinkTask } from './check-links.ts'
import { type ProfileFile, profileResource } from './profile-resource.ts'

type HubContext = Omit<Context, 'actor'>

const moduleOf = (path: URL, exportName: string) => ({ module: path.href, exportName })

/** The hub's own functions for publishers. The hub looks up their inputs with the rights of the job's owner, before the child process runs. */
export function publisherTypes(ctx: HubContext): RunnableType[] {
  return [
    {
      ...functionType(profileResource, moduleOf(new URL('./profile-resource.ts', import.meta.url), 'profileResource')),
      prepare: (scene) => asOwner(ctx, scene, (owner) => placeFile(owner, scene)),
    },
    {
      ...functionType(checkLinks, moduleOf(new URL('./check-links.ts', import.meta.url), 'checkLinks')),
      prepare: (scene) => asOwner(ctx, scene, (owner) => findLinks(owner, scene)),
    },
  ]
}

/** Refusals of the catalogue or of a remote server are data errors, which the submitter can correct. */
async function asOwner<T>(ctx: HubContext, scene: AttemptScene, prepare: (ctx: Context) => Promise<T>): Promise<T> {
  try {
    return await prepare({ ...ctx, actor: await findActor(ctx, scene.job.userId) })
  } catch (error) {
    const isExpected = error instanceof OutgoingError || (error instanceof DomainError && error.code !== 'unavailable')
    if (isExpected) throw new AttemptError({ class: 'data', reason: 'unreadable', message: error.message })
    throw error
  }
}

/** A text of the job's data. The function's own schema reports values of another type. */
function textOf(data: unknown, key: string): string | undefined {
  const value = isObject(data) ? data[key] : undefined
  return typeof value === 'string' ? value : undefined
}

async function placeFile(ctx: Context, scene: AttemptScene): Promise<ProfileFile | undefined> {
  const resourceId = textOf(scene.data, 'resource_id')
  const resource = resourceId === undefined ? undefined : (await showResource(ctx, resourceId)).resource
  const url = resource ? addressOf(ctx, resource) : textOf(scene.data, 'url')
  if (url === undefined || !URL.canParse(url)) return undefined
  const format = textOf(scene.data, 'format') || resource?.format || extname(new URL(url).pathname).slice(1) || 'csv'
  const digest = resource?.digest ?? (await findOwnDigest(ctx, url))
  const localPath = digest === undefined ? await download(ctx, scene, url) : await ctx.files.localPath(digest)
  return { localPath, format }
}

const addressOf = ({ config }: Context, { url, isOwnUrl }: Resource) => (isOwnUrl ? config.siteUrl + url : url)

/** The file at an address of the hub itself; undefined for other addresses. */
async function findOwnDigest(ctx: Context, url: string): Promise<string | undefined> {
  const path = ownPath(ctx.config, url)
  if (path === undefined) return undefined
  const file = await findOwnFile(ctx, path)
  if (!file) throw new DomainError('not_found', `${url} is an address of this hub, and there is no file that the job's owner may read`)
  return file.digest
}

async function download({ config }: Context, { folder, signal }: AttemptScene, url: string): Promise<string> {
  const path = join(folder, 'source')
  await fetchWith({ policy: outgoingPolicy(config), url, signal, maxBytes: config.maxUpload }, ({ body }) => pipeline(body, createWriteStream(path)))
  return path
}

async function findLinks(ctx: Context, scene: AttemptScene): Promise<LinkTask | undefined> {
  const id = textOf(scene.data, 'id')
  if (id === undefined) return undefined
  const { dataset } = await showDataset(ctx, id)
  const resources = (await findResources(ctx.store.db, dataset.no)).filter((one) => one.state === 'active' && one.url !== '')
  const links: Link[] = []
  for (const resource of resources) links.push(await linkOf(ctx, resource))
  return { dataset: dataset.name, policy: outgoingPolicy(ctx.config), links }
}

/** Addresses of the hub are looked up in its store, since the hub may not be able to reach itself. */
async function linkOf(ctx: Context, resource: Resource): Promise<Link> {
  const url = addressOf(ctx, resource)
  const link = { resource_id: resource.id, name: resource.name, url }
  const path = resource.digest === null ? ownPath(ctx.config, url) : undefined
  if (resource.digest !== null) return { ...link, isThere: true }
  return path === undefined ? link : { ...link, isThere: (await findOwnFile(ctx, path)) !== undefined }
}

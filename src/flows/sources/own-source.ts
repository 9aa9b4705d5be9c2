import { toActor } from '../../auth/caller.ts'
import { findUserById } from '../../auth/user-store.ts'
import { DomainError } from '../../base/errors.ts'
import { showResource } from '../../catalogue/resource/edit.ts'
import type { Actor, Context } from '../../context.ts'
import { getFlowFile } from '../download.ts'
import type { FetchedSource } from '../flow-file-store.ts'

/** The file at an address of the hub itself, if its owner may read it; undefined if there is none. */
export async function findOwnSource(base: Omit<Context, 'actor'>, address: { path: string; ownerId: string }): Promise<FetchedSource | undefined> {
  return findOwnFile({ ...base, actor: await actorOf(base, address.ownerId) }, address.path)
}

/** The file at an address of the hub, read with the rights of an actor. */
export async function findOwnFile(ctx: Context, path: string): Promise<FetchedSource | undefined> {
  try {
    return await findFile(ctx, path, { followsLinks: true })
  } catch (error) {
    if (error instanceof DomainError && (error.code === 'not_found' || error.code === 'forbidden')) return undefined
    throw error
  }
}

/** An owner who has an account only at an external server is a user without further rights. */
async function actorOf({ store }: Pick<Context, 'store'>, ownerId: string): Promise<Actor> {
  const found = await findUserById(store.db, ownerId)
  return found ? toActor(found.user) : { kind: 'user', id: ownerId, name: ownerId, sysadmin: false }
}

async function findFile(ctx: Context, path: string, { followsLinks }: { followsLinks: boolean }): Promise<FetchedSource | undefined> {
  const [, owner = '', dataset = '', revision = '', rest = ''] = /^\/source\/([^/]+)\/([^/]+)\/([^/]+)\/(.+)$/.exec(path) ?? []
  if (rest !== '') return getFlowFile(ctx, { owner, dataset, revision, path: rest, token: undefined })
  const [, resourceId] = /^\/dataset\/[^/]+\/resource\/([^/]+)\/download\/[^/]+$/.exec(path) ?? []
  if (resourceId === undefined) return undefined
  const { resource } = await showResource(ctx, resourceId)
  if (resource.digest !== null) return { digest: resource.digest, size: resource.size ?? 0 }
  return followsLinks && resource.isOwnUrl ? findFile(ctx, resource.url, { followsLinks: false }) : undefined
}

/** The path of an address of the hub itself, undefined for any other, and for one that cannot be decoded. */
export function ownPath({ siteUrl }: Pick<Context['config'], 'siteUrl'>, url: string): string | undefined {
  const root = new URL(`${siteUrl}/`)
  if (!URL.canParse(url) || !new URL(url).href.startsWith(root.href)) return undefined
  try {
    return decodeURIComponent(new URL(url).pathname.slice(root.pathname.length - 1))
  } catch {
    return undefined
  }
}

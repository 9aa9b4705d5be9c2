import type { StoredUser } from '../../auth/user-store.ts'
import { forbidden, notFound } from '../../base/errors.ts'
import type { Actor, Context } from '../../context.ts'
import { isSysadmin } from '../../context.ts'
import { keepReadable } from '../dataset/access.ts'
import { listMadeBy } from '../dataset/list-store.ts'
import { type ShownDataset, surroundAll } from '../dataset/read.ts'
import { type ShownRevision, showRevisions } from '../revision/read.ts'
import { listRevisionsBy } from '../revision/store.ts'
import { countFor, findUser, listUserIds, type UserCounts } from './profile-store.ts'

/** A user with the counts of the catalogue. Only the user and sysadmins get the secrets. */
export interface UserProfile extends UserCounts {
  readonly user: StoredUser['user']
  /** Undefined if the caller may not see it. */
  readonly apiKey: string | undefined
  readonly isPrivileged: boolean
}

/** Whether the caller may see all fields of a user: the user, or a sysadmin. */
export const seesAll = (actor: Actor, userId: string) => isSysadmin(actor) || (actor.kind === 'user' && actor.id === userId)

export async function profileOf(
  ctx: Pick<Context, 'store' | 'vault' | 'actor'>,
  stored: StoredUser,
  isPrivileged = seesAll(ctx.actor, stored.user.id),
): Promise<UserProfile> {
  const apiKey = isPrivileged ? ctx.vault.open(stored.keySealed) : undefined
  return { user: stored.user, apiKey, isPrivileged, ...(await countFor(ctx.store.db, ctx.actor, stored.user)) }
}

/** A user by id, name or OpenID. Throws `not_found`. */
export async function getUser(ctx: Pick<Context, 'store'>, ref: string): Promise<StoredUser> {
  const stored = await findUser(ctx.store.db, ref)
  if (!stored) throw notFound('user', ref)
  return stored
}

/** A user with the latest revisions. */
export interface UserPage {
  readonly profile: UserProfile
  /** The latest revisions by the user. */
  readonly activity: readonly ShownRevision[]
  /** For sysadmins who move users to another catalogue. */
  readonly passwordHash: string | null
}

const latest = 20

/** A user and the latest revisions. Without a reference: the caller. Throws `not_found`. */
export async function showUser(ctx: Context, ref: string | undefined): Promise<UserPage> {
  const wanted = ref ?? (ctx.actor.kind === 'user' ? ctx.actor.id : undefined)
  const stored = wanted === undefined ? undefined : await findUser(ctx.store.db, wanted)
  if (!stored) throw notFound('user', wanted ?? 'send an id or an API key')
  const activity = await showRevisions(ctx, await listRevisionsBy(ctx.store.db, stored.user.name, latest))
  return { profile: await profileOf(ctx, stored), activity, passwordHash: stored.passwordHash }
}

const maxMade = 1000

/** Datasets that a user made, by name, at most 1000: the listed ones; to the user and to sysadmins also the others that they may read. Throws `conflict` beyond `limits.answerChars`. */
export async function listDatasetsBy(ctx: Context, { user }: UserProfile): Promise<ShownDataset[]> {
  const made = await listMadeBy(ctx.store, user.id, { isListed: !seesAll(ctx.actor, user.id), limit: maxMade })
  return surroundAll(ctx, await keepReadable(ctx, made))
}

export interface UserListInput {
  readonly q?: string | undefined
  /** The whole address, whatever its case; for sysadmins. */
  readonly email?: string | undefined
  readonly order?: 'name' | 'edits'
  readonly limit?: number | undefined
}

/** Active users whose name or full name contains a text, by name or by number of edits. Throws `forbidden` if a caller who is no sysadmin searches by address. */
export async function listUsers(ctx: Context, { q = '', email, order = 'name', limit }: UserListInput): Promise<UserProfile[]> {
  if (email !== undefined && !isSysadmin(ctx.actor)) throw forbidden('Access denied: only sysadmins may look for users by e-mail address')
  const ids = await listUserIds(ctx.store.db, { q, email, withEmail: isSysadmin(ctx.actor), order, limit })
  const profiles: UserProfile[] = []
  for (const id of ids) {
    const stored = await findUser(ctx.store.db, id)
    // A list shows no API keys, not even the caller's.
    if (stored) profiles.push({ ...(await profileOf(ctx, stored)), apiKey: undefined })
  }
  return profiles
}

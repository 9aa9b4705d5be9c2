import type { Actor, Context, UserActor } from '../context.ts'
import { anonymous, anonymousWithKey } from '../context.ts'
import { findSession } from './session.ts'
import { findUserById, findUserByKeyDigest, type User } from './user-store.ts'

/** The credentials of a request. */
export interface Credentials {
  readonly sessionCookie: string | undefined
  /** The header `X-CKAN-API-Key`. */
  readonly ckanKey: string | undefined
  /** The header `Authorization`, unchanged. */
  readonly authorization: string | undefined
  /** Whether a cookie alone is trusted: false for changes that another site requests. */
  readonly trustsCookie: boolean
}

/** The key of an `Authorization` header: bare or after `Bearer`; any other value with a space is not a key. */
export function keyOf(authorization: string | undefined): string | undefined {
  const key = authorization?.trim().replace(/^Bearer +/i, '')
  return key && !/\s/.test(key) ? key : undefined
}

/** Identifies the caller for all surfaces. An unknown key or session makes an anonymous caller, not an error; the actor records an unknown key. */
export async function findCaller(ctx: Pick<Context, 'store' | 'vault' | 'clock'>, credentials: Credentials): Promise<Actor> {
  const bySession =
    credentials.sessionCookie && credentials.trustsCookie ? await findSession(ctx.store.db, ctx, credentials.sessionCookie) : undefined
  if (bySession) return toActor(bySession)
  const key = credentials.ckanKey?.trim() || keyOf(credentials.authorization)
  if (!key) return credentials.authorization?.trim() ? anonymousWithKey : anonymous
  if (key.length > 4096) return anonymousWithKey
  const keyDigest = ctx.vault.digest(key)
  const byKey = await findUserByKeyDigest(ctx.store.db, keyDigest)
  return byKey ? { ...toActor(byKey), keyDigest } : anonymousWithKey
}

/** The actor for a user. */
export const toActor = (user: User): UserActor => ({ kind: 'user', id: user.id, name: user.name, sysadmin: user.isSysadmin })

/** The actor for a stored user id; anonymous for null and for a deleted account. */
export async function findActor({ store }: Pick<Context, 'store'>, userId: string | null): Promise<Actor> {
  const found = userId === null ? undefined : await findUserById(store.db, userId)
  return found?.user.state === 'active' ? toActor(found.user) : anonymous
}

import type { Actor, Context, UserActor } from '../context.ts'
import { anonymous, anonymousWithKey } from '../context.ts'
import { findSession } from './session.ts'
import { findUserById, findUserByKeyDigest, type User } from './user-store.ts'

/** What a request brings along to say who calls. */
export interface Credentials {
  readonly sessionCookie: string | undefined
  /** The header `X-CKAN-API-Key`. */
  readonly ckanKey: string | undefined
  /** The header `Authorization`, as it came. */
  readonly authorization: string | undefined
  /** Whether a cookie alone may count: false for changes that another site asks for. */
  readonly trustsCookie: boolean
}

/** The key of an `Authorization` header: bare or after `Bearer`; any other value with a blank is no key. */
export function keyOf(authorization: string | undefined): string | undefined {
  const key = authorization?.trim().replace(/^Bearer +/i, '')
  return key && !/\s/.test(key) ? key : undefined
}

/** Finds out who calls, once for all surfaces. An unknown key or session makes an anonymous caller, not an error; of a key the caller knows. */
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

/** The actor that a user is. */
export const toActor = (user: User): UserActor => ({ kind: 'user', id: user.id, name: user.name, sysadmin: user.isSysadmin })

/** The actor of a stored user id; nobody for null, and for an account that is gone. */
export async function findActor({ store }: Pick<Context, 'store'>, userId: string | null): Promise<Actor> {
  const found = userId === null ? undefined : await findUserById(store.db, userId)
  return found?.user.state === 'active' ? toActor(found.user) : anonymous
}

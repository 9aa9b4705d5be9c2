import { randomBytes } from 'node:crypto'
import type { Context } from '../context.ts'
import type { Db } from '../store/store.ts'
import { saveLoginAddress } from './login-address-store.ts'
import { deleteExpiredSessions, deleteSession, findSessionUser, insertSession } from './session-store.ts'
import { lockUser, type StoredUser, type User } from './user-store.ts'

/** How long a login lasts. */
const sessionLifetimeMs = 14 * 24 * 3_600_000

/**
 * Starts a session for a user whose password was verified. The returned text is the cookie's value; only its digest is stored. Undefined when the
 * account was deleted or its password changed meanwhile.
 */
export async function startSession(
  ctx: Pick<Context, 'store' | 'vault' | 'clock'>,
  { user, passwordHash }: Pick<StoredUser, 'user' | 'passwordHash'>,
  addressDigest: string,
): Promise<string | undefined> {
  const value = randomBytes(32).toString('base64url')
  const now = ctx.clock()
  const isStarted = await ctx.store.write(async (write) => {
    const current = await lockUser(write, user.id)
    if (current?.user.state !== 'active' || current.passwordHash !== passwordHash) return false
    await deleteExpiredSessions(write.db, now)
    await insertSession(write.db, { digest: ctx.vault.digest(value), userId: user.id, createdAt: now, expiresAt: now + sessionLifetimeMs })
    await saveLoginAddress(write.db, { userId: user.id, digest: addressDigest, at: now })
    return true
  })
  return isStarted ? value : undefined
}

/** Logs out: the cookie's value is invalid from then on. */
export async function endSession(ctx: Pick<Context, 'store' | 'vault'>, value: string): Promise<void> {
  await ctx.store.write(({ db }) => deleteSession(db, ctx.vault.digest(value)))
}

/** The user of the session with this cookie value; undefined when it has expired. */
export function findSession(db: Db, ctx: Pick<Context, 'vault' | 'clock'>, value: string): Promise<User | undefined> {
  return findSessionUser(db, ctx.vault.digest(value), ctx.clock())
}

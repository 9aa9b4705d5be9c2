import { randomBytes } from 'node:crypto'
import type { Context } from '../context.ts'
import type { Db } from '../store/store.ts'
import { deleteExpiredSessions, deleteSession, findSessionUser, insertSession } from './session-store.ts'
import type { User } from './user-store.ts'

/** How long a login lasts. */
const sessionLifetimeMs = 14 * 24 * 3_600_000

/** Logs a user in: the returned text is the cookie's value; only its digest is kept. */
export async function startSession(ctx: Pick<Context, 'store' | 'vault' | 'clock'>, userId: string): Promise<string> {
  const value = randomBytes(32).toString('base64url')
  const now = ctx.clock()
  await ctx.store.write(async ({ db }) => {
    await deleteExpiredSessions(db, now)
    await insertSession(db, { digest: ctx.vault.digest(value), userId, createdAt: now, expiresAt: now + sessionLifetimeMs })
  })
  return value
}

/** Logs out: the cookie's value is worth nothing from then on. */
export async function endSession(ctx: Pick<Context, 'store' | 'vault'>, value: string): Promise<void> {
  await ctx.store.write(({ db }) => deleteSession(db, ctx.vault.digest(value)))
}

/** Whose session a cookie's value is, if it has not run out. */
export function findSession(db: Db, ctx: Pick<Context, 'vault' | 'clock'>, value: string): Promise<User | undefined> {
  return findSessionUser(db, ctx.vault.digest(value), ctx.clock())
}

import type { Db } from '../store/store.ts'
import { findUserById, type User } from './user-store.ts'

export async function insertSession(db: Db, session: { digest: string; userId: string; createdAt: number; expiresAt: number }): Promise<void> {
  await db
    .insertInto('session')
    .values({ digest: session.digest, user_id: session.userId, created_at: session.createdAt, expires_at: session.expiresAt })
    .execute()
}

export async function deleteSession(db: Db, digest: string): Promise<void> {
  await db.deleteFrom('session').where('digest', '=', digest).execute()
}

export async function deleteSessionsOf(db: Db, userId: string): Promise<void> {
  await db.deleteFrom('session').where('user_id', '=', userId).execute()
}

export async function deleteExpiredSessions(db: Db, now: number): Promise<void> {
  await db.deleteFrom('session').where('expires_at', '<=', now).execute()
}

export async function findSessionUser(db: Db, digest: string, now: number): Promise<User | undefined> {
  const row = await db.selectFrom('session').select(['user_id', 'expires_at']).where('digest', '=', digest).executeTakeFirst()
  if (!row || row.expires_at <= now) return undefined
  const found = await findUserById(db, row.user_id)
  return found?.user.state === 'active' ? found.user : undefined
}

import type { Db } from '../store/store.ts'

const maxAddresses = 100

/** Records that a user has logged in from an address. The latest hundred addresses of each user are kept. */
export async function saveLoginAddress(db: Db, { userId, digest, at }: { userId: string; digest: string; at: number }): Promise<void> {
  await db
    .insertInto('login_address')
    .values({ user_id: userId, address_digest: digest, last_at: at })
    .onConflict((conflict) => conflict.columns(['user_id', 'address_digest']).doUpdateSet({ last_at: at }))
    .execute()
  const kept = db
    .selectFrom('login_address')
    .select('address_digest')
    .where('user_id', '=', userId)
    .orderBy('last_at', 'desc')
    .orderBy('address_digest')
    .limit(maxAddresses)
  await db.deleteFrom('login_address').where('user_id', '=', userId).where('address_digest', 'not in', kept).execute()
}

export async function isLoginAddress(db: Db, { name, digest }: { name: string; digest: string }): Promise<boolean> {
  const row = await db
    .selectFrom('login_address')
    .innerJoin('user_account', 'user_account.id', 'login_address.user_id')
    .select('login_address.last_at')
    .where('user_account.name', '=', name)
    .where('login_address.address_digest', '=', digest)
    .executeTakeFirst()
  return row !== undefined
}

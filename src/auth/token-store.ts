import type { Db } from '../store/store.ts'

/** A token of a user. Its text was shown once and is not stored. */
export interface Token {
  readonly id: string
  readonly userId: string
  readonly name: string
  /** Milliseconds since 1970, UTC. */
  readonly createdAt: number
  readonly lastAccessAt: number | null
}

export async function insertToken(db: Db, { digest, ...token }: Token & { readonly digest: string }): Promise<void> {
  const { id, userId, name, createdAt, lastAccessAt } = token
  await db.insertInto('token').values({ id, digest, user_id: userId, name, created_at: createdAt, last_access_at: lastAccessAt }).execute()
}

/** The tokens of a user, oldest first. */
export async function listTokensOf(db: Db, userId: string): Promise<Token[]> {
  const rows = await db.selectFrom('token').selectAll().where('user_id', '=', userId).orderBy('created_at').orderBy('id').execute()
  return rows.map(toToken)
}

/** A token by its id, or by the digest of its text. */
export async function findToken(db: Db, by: { readonly id: string } | { readonly digest: string }): Promise<Token | undefined> {
  const [column, value] = 'id' in by ? (['id', by.id] as const) : (['digest', by.digest] as const)
  const row = await db.selectFrom('token').selectAll().where(column, '=', value).executeTakeFirst()
  return row && toToken(row)
}

export async function deleteToken(db: Db, id: string): Promise<void> {
  await db.deleteFrom('token').where('id', '=', id).execute()
}

const toToken = (row: { id: string; user_id: string; name: string; created_at: number; last_access_at: number | null }): Token => ({
  id: row.id,
  userId: row.user_id,
  name: row.name,
  createdAt: row.created_at,
  lastAccessAt: row.last_access_at,
})

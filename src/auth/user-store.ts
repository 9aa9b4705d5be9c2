import { type Selectable, sql, type Updateable } from 'kysely'
import { statement } from '../store/statement.ts'
import type { Db, Write } from '../store/store.ts'
import type { Schema } from '../store/tables/schema.ts'

/** A person or program with an account. Secrets are not part of it. */
export interface User {
  /** UUID. */
  readonly id: string
  /** From 1, never reused; some surfaces show it as `id`. */
  readonly no: number
  readonly name: string
  readonly fullname: string | null
  readonly email: string | null
  readonly openid: string | null
  readonly about: string | null
  readonly isSysadmin: boolean
  readonly state: 'active' | 'deleted'
  /** Milliseconds since 1970, UTC. */
  readonly createdAt: number
}

/** A user together with the columns that only authentication reads. */
export interface StoredUser {
  readonly user: User
  readonly passwordHash: string | null
  readonly keySealed: string
  readonly resetDigest: string | null
  readonly resetExpiresAt: number | null
}

type Row = Selectable<Schema['user_account']>

type SecretColumn = 'password_hash' | 'key_digest' | 'key_sealed' | 'reset_digest' | 'reset_expires_at'

/** The columns that make a `User`. */
const shownColumns = [
  'user_account.id',
  'user_account.no',
  'user_account.name',
  'user_account.fullname',
  'user_account.email',
  'user_account.openid',
  'user_account.about',
  'user_account.sysadmin',
  'user_account.state',
  'user_account.created_at',
] as const

const toUser = (row: Omit<Row, SecretColumn>): User => ({
  id: row.id,
  no: row.no,
  name: row.name,
  fullname: row.fullname,
  email: row.email,
  openid: row.openid,
  about: row.about,
  isSysadmin: row.sysadmin === 1,
  state: row.state === 'deleted' ? 'deleted' : 'active',
  createdAt: row.created_at,
})

const toStored = (row: Row): StoredUser => ({
  user: toUser(row),
  passwordHash: row.password_hash,
  keySealed: row.key_sealed,
  resetDigest: row.reset_digest,
  resetExpiresAt: row.reset_expires_at,
})

export async function insertUser(db: Db, user: User, secrets: { passwordHash: string | null; keyDigest: string; keySealed: string }): Promise<void> {
  const { isSysadmin, createdAt, ...rest } = user
  const hidden = {
    password_hash: secrets.passwordHash,
    key_digest: secrets.keyDigest,
    key_sealed: secrets.keySealed,
    reset_digest: null,
    reset_expires_at: null,
  }
  await db
    .insertInto('user_account')
    .values({ ...rest, ...hidden, sysadmin: isSysadmin ? 1 : 0, created_at: createdAt })
    .execute()
}

export async function updateUser(db: Db, id: string, values: Updateable<Schema['user_account']>): Promise<void> {
  await db.updateTable('user_account').set(values).where('id', '=', id).execute()
}

/** Every account, by name. */
export async function listAccounts(db: Db): Promise<User[]> {
  return (await db.selectFrom('user_account').selectAll().orderBy('name').execute()).map(toUser)
}

export async function findUserByName(db: Db, name: string): Promise<StoredUser | undefined> {
  const row = await db.selectFrom('user_account').selectAll().where('name', '=', name).executeTakeFirst()
  return row && toStored(row)
}

export async function findUserById(db: Db, id: string): Promise<StoredUser | undefined> {
  const row = await db.selectFrom('user_account').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toStored(row)
}

/** Locks the user's row, so that no other write changes it until this one ends. */
export async function lockUser({ db, dialect }: Pick<Write, 'db' | 'dialect'>, id: string): Promise<StoredUser | undefined> {
  const { rows } = await sql<Row>`select * from user_account where id = ${id} ${dialect.forUpdate}`.execute(db)
  return rows[0] && toStored(rows[0])
}

/** Runs for every request with a key. */
const rowsByKeyDigest = statement((db, p: { digest: string }) =>
  db.selectFrom('user_account').select(shownColumns).where('key_digest', '=', p.digest),
)

const ownersByToken = statement((db, p: { digest: string }) =>
  db.selectFrom('user_account').innerJoin('token', 'token.user_id', 'user_account.id').select(shownColumns).where('token.digest', '=', p.digest),
)

/** The user whose API key or token has this digest, if the account is active. */
export async function findUserByKeyDigest(db: Db, digest: string): Promise<User | undefined> {
  const [row] = await rowsByKeyDigest(db, { digest })
  const found = row ?? (await ownersByToken(db, { digest }))[0]
  return found?.state === 'active' ? toUser(found) : undefined
}

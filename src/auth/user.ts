import { randomBytes, randomUUID } from 'node:crypto'
import { invalid, notFound } from '../base/errors.ts'
import type { Context } from '../context.ts'
import { nextNumber } from '../store/counter.ts'
import { DuplicateKey } from '../store/database-error.ts'
import type { Db } from '../store/store.ts'
import { hashPassword, isForeignHash, passwordFault, verifyPassword } from './password.ts'
import { deleteSessionsOf } from './session-store.ts'
import { findUserByName, insertUser, lockUser, type StoredUser, type User, updateUser } from './user-store.ts'

/** The input for a new user. Names are case-sensitive: 3 to 255 of A-Z, a-z, 0-9, _ and -. */
export interface NewUser {
  readonly name: string
  readonly password?: string
  /** A stored password hash of another catalogue (`isPasswordHash`); used if there is no password. */
  readonly passwordHash?: string
  /** UUID; generated when absent. */
  readonly id?: string
  /** A text without spaces; generated (a UUID) when absent. */
  readonly apiKey?: string
  readonly sysadmin?: boolean
  readonly email?: string
  readonly fullname?: string
  readonly about?: string
}

/** The values that only the vault can decrypt: shown to the user and to sysadmins. */
export interface UserWithKey {
  readonly user: User
  readonly apiKey: string
}

/** Creates a user with an API key. Throws `invalid` when the name is taken or the password too short. */
export async function addUser(ctx: Pick<Context, 'store' | 'vault' | 'clock'>, input: NewUser): Promise<UserWithKey> {
  const apiKey = input.apiKey ?? randomUUID()
  const passwordHash = input.password === undefined ? (input.passwordHash ?? null) : await hashNewPassword(input.password)
  try {
    const user = await ctx.store.write(async (write) => {
      const added: User = {
        id: input.id ?? randomUUID(),
        no: await nextNumber(write.db, 'user'),
        name: input.name,
        fullname: input.fullname ?? null,
        email: input.email ?? null,
        openid: null,
        about: input.about ?? null,
        isSysadmin: input.sysadmin ?? false,
        state: 'active',
        createdAt: ctx.clock(),
      }
      await insertUser(write.db, added, { passwordHash, keyDigest: ctx.vault.digest(apiKey), keySealed: ctx.vault.seal(apiKey) })
      write.change('user', added.id, 'created')
      return added
    })
    return { user, apiKey }
  } catch (error) {
    if (error instanceof DuplicateKey && error.columns.includes('name')) throw invalid({ name: [`That login name is not available: ${input.name}`] })
    if (error instanceof DuplicateKey && error.columns.includes('id')) throw invalid({ id: ['That id is already in use'] })
    throw error
  }
}

/** Replaces the API key of a user (with a generated one by default); the old one is invalid from then on. Returns the new one. */
export async function replaceKey(ctx: Pick<Context, 'store' | 'vault'>, name: string, apiKey: string = randomUUID()): Promise<string> {
  await change(ctx, name, { key_digest: ctx.vault.digest(apiKey), key_sealed: ctx.vault.seal(apiKey) })
  return apiKey
}

/** Sets a password, which ends the sessions of the user. Throws `not_found`, and `invalid` when the password is too short. */
export async function setPassword(ctx: Pick<Context, 'store'>, name: string, password: string): Promise<void> {
  const hash = await hashNewPassword(password)
  await changeUser(ctx, name, (db, userId) => savePasswordHash(db, userId, hash))
}

async function hashNewPassword(password: string): Promise<string> {
  const fault = passwordFault(password)
  if (fault !== undefined) throw invalid({ password: [fault] })
  return hashPassword(password)
}

/** Stores a new password. Sessions of the old one end, and an unused reset key becomes invalid. */
export async function savePasswordHash(db: Db, userId: string, hash: string): Promise<void> {
  await updateUser(db, userId, { password_hash: hash, reset_digest: null, reset_expires_at: null })
  await deleteSessionsOf(db, userId)
}

/** Logs a user out everywhere. Throws `not_found`. */
export async function endSessionsOf(ctx: Pick<Context, 'store'>, name: string): Promise<void> {
  await changeUser(ctx, name, deleteSessionsOf)
}

/** Makes the user a sysadmin. */
export async function promote(ctx: Pick<Context, 'store' | 'vault'>, name: string): Promise<void> {
  await change(ctx, name, { sysadmin: 1 })
}

const resetLifetimeMs = 3_600_000

/** Creates a reset key, which sets the user's password once, within an hour. */
export async function createResetKey(
  ctx: Pick<Context, 'store' | 'vault' | 'clock'>,
  name: string,
): Promise<{ resetKey: string; expiresAt: number }> {
  const resetKey = randomBytes(20).toString('hex')
  const expiresAt = ctx.clock() + resetLifetimeMs
  await change(ctx, name, { reset_digest: ctx.vault.digest(resetKey), reset_expires_at: expiresAt })
  return { resetKey, expiresAt }
}

/**
 * The user with this name and password, or undefined. A wrong name takes as long as a wrong password.
 * A password with a hash of another catalogue is hashed again.
 */
export async function checkPassword(ctx: Pick<Context, 'store'>, name: string, password: string): Promise<StoredUser | undefined> {
  const found = await findUserByName(ctx.store.db, name)
  const matches = await verifyPassword(password, found?.passwordHash ?? (await unusedHash()))
  if (!found || !matches || found.passwordHash === null || found.user.state !== 'active') return undefined
  if (!isForeignHash(found.passwordHash)) return found
  return (await replaceHash(ctx, found, await hashPassword(password))) ?? checkPassword(ctx, name, password)
}

/** The user with the new hash; undefined when the stored one was changed meanwhile. */
async function replaceHash({ store }: Pick<Context, 'store'>, { user, passwordHash }: StoredUser, hash: string): Promise<StoredUser | undefined> {
  return store.write(async (write) => {
    const current = await lockUser(write, user.id)
    if (current?.passwordHash !== passwordHash) return undefined
    await updateUser(write.db, user.id, { password_hash: hash })
    return { ...current, passwordHash: hash }
  })
}

let unused: Promise<string> | undefined
const unusedHash = () => {
  unused ??= hashPassword(randomBytes(16).toString('hex'))
  return unused
}

function change(ctx: Pick<Context, 'store'>, name: string, values: Parameters<typeof updateUser>[2]): Promise<void> {
  return changeUser(ctx, name, (db, userId) => updateUser(db, userId, values))
}

async function changeUser(ctx: Pick<Context, 'store'>, name: string, save: (db: Db, userId: string) => Promise<void>): Promise<void> {
  await ctx.store.write(async (write) => {
    const found = await findUserByName(write.db, name)
    if (!found) throw notFound('user', name)
    await save(write.db, found.user.id)
    write.change('user', found.user.id, 'updated')
  })
}

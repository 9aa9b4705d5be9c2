import { timingSafeEqual } from 'node:crypto'
import { hashPassword, isPasswordHash, passwordFault } from '../../auth/password.ts'
import { deleteSessionsOf } from '../../auth/session-store.ts'
import { addUser, createResetKey, savePasswordHash } from '../../auth/user.ts'
import { lockUser, type StoredUser, type User, updateUser } from '../../auth/user-store.ts'
import { forbidden, invalid } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { type Context, isSysadmin } from '../../context.ts'
import { FieldReader, type Input, isUuid, missingValue } from '../field-reader.ts'
import { denied } from '../policy.ts'
import { getUser, profileOf, seesAll, type UserProfile } from './profile.ts'
import { findUser } from './profile-store.ts'

const nameRule = /^[A-Za-z0-9_-]{3,255}$/

/** Makes a user with an API key, which the answer shows; sysadmins make sysadmins. Throws `forbidden`, `invalid` with fields. */
export async function createUser(ctx: Context, input: Input): Promise<UserProfile> {
  const isOpen = ctx.config.userCreation === 'users' && ctx.actor.kind === 'user'
  if (!isOpen && !isSysadmin(ctx.actor)) throw denied()
  const reader = new FieldReader(input)
  const name = reader.text('name') ?? ''
  const password = reader.text('password') ?? ''
  const id = await readNewId(ctx, reader)
  const passwordHash = readHash(ctx, reader)
  if (name === '' && !reader.errors['name']) reader.fail('name', missingValue)
  else if (!nameRule.test(name) && !reader.errors['name']) reader.fail('name', 'Must be 3 to 255 of A-Z, a-z, 0-9, _ and -')
  if (password !== '') checkPassword(reader, password)
  else if (passwordHash === undefined && !reader.errors['password'] && !reader.errors['password_hash']) reader.fail('password', missingValue)
  const texts = readTexts(reader)
  const { sysadmin } = readAccountState(ctx, reader, { isSysadmin: false, state: 'active' })
  if (name !== '' && reader.isValid && (await findUser(ctx.store.db, name))) reader.fail('name', `That login name is not available: ${name}`)
  reader.check()
  const secret = password === '' && passwordHash !== undefined ? { passwordHash } : { password }
  const { user } = await addUser(ctx, { name, ...secret, ...texts, sysadmin: sysadmin === 1, ...(id === undefined ? {} : { id }) })
  return profileOf(ctx, await getUser(ctx, user.id), true)
}

/**
 * Changes a user: oneself, as a sysadmin, or the password alone with a valid reset key, which works once.
 * Throws `not_found`, `forbidden`, `invalid` with fields.
 */
export async function editUser(ctx: Context, ref: string, input: Input): Promise<UserProfile> {
  const stored = await getUser(ctx, ref)
  const isFull = seesAll(ctx.actor, stored.user.id)
  if (!isFull && !isResetKey(ctx, stored, input['reset_key'])) throw denied()
  const reader = new FieldReader(input)
  const password = reader.text('password') || undefined
  if (password !== undefined) checkPassword(reader, password)
  else if (!isFull && !reader.errors['password']) reader.fail('password', missingValue)
  const accountState = readAccountState(ctx, reader, stored.user)
  const texts = isFull ? { ...readTexts(reader), ...accountState } : requireNoTexts(reader, stored.user)
  const name = reader.text('name')
  if (name !== undefined && name !== stored.user.name) reader.fail('name', 'A login name cannot be changed')
  const foreignHash = readHash(ctx, reader)
  reader.check()
  const hash = password === undefined ? foreignHash : await hashPassword(password)
  await ctx.store.write(async (write) => {
    // Checked again under the lock: of two calls with one reset key only one succeeds.
    const again = await lockUser(write, stored.user.id)
    if (!isFull && (!again || !isResetKey(ctx, again, input['reset_key']))) throw denied()
    if (hash !== undefined) await savePasswordHash(write.db, stored.user.id, hash)
    if (Object.keys(texts).length > 0) await updateUser(write.db, stored.user.id, texts)
    else if (hash === undefined) return
    write.change('user', stored.user.id, 'updated')
  })
  return profileOf(ctx, await getUser(ctx, stored.user.id), isFull)
}

/**
 * Marks a user as deleted: password, sessions, API key and tokens are invalid from then on; the user's datasets stay. For sysadmins, who cannot
 * delete themselves. Throws `not_found`, `forbidden`, `invalid`.
 */
export async function deleteUser(ctx: Context, ref: string): Promise<void> {
  const { user } = await getUser(ctx, ref)
  if (!isSysadmin(ctx.actor)) throw denied()
  if (ctx.actor.kind === 'user' && ctx.actor.id === user.id) throw invalid({ id: ['You cannot delete your own account: ask another sysadmin'] })
  await ctx.store.write(async (write) => {
    await updateUser(write.db, user.id, { state: 'deleted' })
    await deleteSessionsOf(write.db, user.id)
    write.change('user', user.id, 'deleted')
  })
}

/** Makes a key with which a user's password can be set once, within the hour. Sysadmins only. */
export async function createUserReset(ctx: Context, ref: string): Promise<{ resetKey: string; expiresAt: number }> {
  const stored = await getUser(ctx, ref)
  if (!isSysadmin(ctx.actor)) throw denied()
  return createResetKey(ctx, stored.user.name)
}

/** Only sysadmins may choose the id of a new user; for other callers an `id` is an error. */
async function readNewId(ctx: Context, reader: FieldReader): Promise<string | undefined> {
  const id = reader.text('id')
  if (!id) return undefined
  if (!isSysadmin(ctx.actor)) reader.fail('id', 'Only a sysadmin may give the id of a new object')
  else if (!isUuid(id)) reader.fail('id', 'Must be a UUID')
  else if (await findUser(ctx.store.db, id)) reader.fail('id', 'That id is already in use')
  return id
}

/** A stored password from another catalogue; only sysadmins may send it. */
function readHash(ctx: Context, reader: FieldReader): string | undefined {
  const hash = reader.text('password_hash') || undefined
  if (hash !== undefined && !isSysadmin(ctx.actor)) reader.fail('password_hash', 'Only a sysadmin may give this')
  else if (hash !== undefined && !isPasswordHash(hash)) reader.fail('password_hash', 'Must be an argon2id or pbkdf2-sha512 text')
  return hash
}

/** Only sysadmins may change these fields of a user; other callers may send the stored values. Throws `forbidden`. */
function readAccountState(ctx: Context, reader: FieldReader, stored: Pick<User, 'isSysadmin' | 'state'>): { sysadmin?: number; state?: 'active' } {
  const sysadmin = reader.flag('sysadmin') ?? stored.isSysadmin
  const state = reader.text('state') || stored.state
  const changed = {
    ...(sysadmin !== stored.isSysadmin && { sysadmin: sysadmin ? 1 : 0 }),
    ...(state !== stored.state && { state: 'active' as const }),
  }
  const [first] = Object.keys(changed)
  if (first !== undefined && !isSysadmin(ctx.actor)) throw forbidden(`Access denied: only a sysadmin may set ${first} of a user`)
  if (changed.state && state !== 'active') reader.fail('state', 'Must be active; user_delete deletes a user')
  return changed
}

/** With a reset key only the password may change. Throws `forbidden` if another field would change. */
function requireNoTexts(reader: FieldReader, stored: User): Record<string, never> {
  const changed = Object.entries(readTexts(reader)).find(([name, value]) => value !== (stored[name as 'email' | 'fullname' | 'about'] ?? ''))
  if (changed) throw forbidden(`Access denied: a reset key changes the password only, not ${changed[0]}`)
  return {}
}

function checkPassword(reader: FieldReader, password: string): void {
  const fault = passwordFault(password)
  if (fault !== undefined) reader.fail('password', fault)
}

function readTexts(reader: FieldReader): { email?: string; fullname?: string; about?: string } {
  const about = reader.text('about', limits.text.long)
  if (about !== undefined && /https?:\/\//.test(about)) reader.fail('about', 'Must not contain a link')
  const texts = { email: reader.text('email', 1000), fullname: reader.text('fullname', 1000), about }
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined))
}

/** Compared in constant time; a key that was used or is an hour old is invalid. */
function isResetKey(ctx: Pick<Context, 'vault' | 'clock'>, { resetDigest, resetExpiresAt }: StoredUser, key: unknown): boolean {
  if (typeof key !== 'string' || key === '' || resetDigest === null || resetExpiresAt === null || resetExpiresAt < ctx.clock()) return false
  return timingSafeEqual(Buffer.from(ctx.vault.digest(key)), Buffer.from(resetDigest))
}

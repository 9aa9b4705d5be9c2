import { timingSafeEqual } from 'node:crypto'
import { hashPassword } from '../auth/password.ts'
import { addUser, createResetKey } from '../auth/user.ts'
import { lockUser, type StoredUser, updateUser } from '../auth/user-store.ts'
import { type Context, isSysadmin } from '../context.ts'
import { FieldReader, type Input, missingValue } from './field-reader.ts'
import { denied } from './policy.ts'
import { getUser, profileOf, seesAll, type UserProfile } from './user-profile.ts'
import { findUser } from './user-profile-store.ts'

const nameRule = /^[A-Za-z0-9_-]{3,255}$/
const leastPassword = 4
/** Hashing takes as long as the text is: nobody needs more. */
const mostPassword = 1000

/** Makes a user with an API key, which the answer shows. Throws `forbidden`, `invalid` with fields. */
export async function createUser(ctx: Context, input: Input): Promise<UserProfile> {
  const isOpen = ctx.config.userCreation === 'users' && ctx.actor.kind === 'user'
  if (!isOpen && !isSysadmin(ctx.actor)) throw denied()
  const reader = new FieldReader(input)
  const name = reader.text('name') ?? ''
  const password = reader.text('password') ?? ''
  if (reader.text('id')) reader.fail('id', 'Must not be given')
  if (name === '' && !reader.errors['name']) reader.fail('name', missingValue)
  else if (!nameRule.test(name) && !reader.errors['name']) reader.fail('name', 'Must be 3 to 255 of A-Z, a-z, 0-9, _ and -')
  if (password === '' && !reader.errors['password']) reader.fail('password', missingValue)
  else checkPassword(reader, password)
  const texts = readTexts(reader)
  if (name !== '' && reader.isValid && (await findUser(ctx.store.db, name))) reader.fail('name', `That login name is not available: ${name}`)
  reader.check()
  const { user } = await addUser(ctx, { name, password, ...texts })
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
  const texts = isFull ? readTexts(reader) : {}
  reader.check()
  const secrets = password === undefined ? {} : { password_hash: await hashPassword(password), reset_digest: null, reset_expires_at: null }
  await ctx.store.write(async (write) => {
    // Of two calls with one reset key, one finds it used.
    const again = await lockUser(write, stored.user.id)
    if (!isFull && (!again || !isResetKey(ctx, again, input['reset_key']))) throw denied()
    const values = { ...texts, ...secrets }
    if (Object.keys(values).length === 0) return
    await updateUser(write.db, stored.user.id, values)
    write.change('user', stored.user.id, 'updated')
  })
  return profileOf(ctx, await getUser(ctx, stored.user.id), isFull)
}

/** Makes a key with which a user's password can be set once, within the hour. Sysadmins only. */
export async function createUserReset(ctx: Context, ref: string): Promise<{ resetKey: string; expiresAt: number }> {
  const stored = await getUser(ctx, ref)
  if (!isSysadmin(ctx.actor)) throw denied()
  return createResetKey(ctx, stored.user.name)
}

function checkPassword(reader: FieldReader, password: string): void {
  if (password.length < leastPassword) reader.fail('password', `Must be at least ${leastPassword} characters long`)
  if (password.length > mostPassword) reader.fail('password', `Must not be longer than ${mostPassword} characters`)
}

function readTexts(reader: FieldReader): { email?: string; fullname?: string; about?: string } {
  const about = reader.text('about')
  if (about !== undefined && /https?:\/\//.test(about)) reader.fail('about', 'Must not contain a link')
  const texts = { email: reader.text('email', 1000), fullname: reader.text('fullname', 1000), about }
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined))
}

/** Compared in constant time; a key that was used or is an hour old is none. */
function isResetKey(ctx: Pick<Context, 'vault' | 'clock'>, { resetDigest, resetExpiresAt }: StoredUser, key: unknown): boolean {
  if (typeof key !== 'string' || key === '' || resetDigest === null || resetExpiresAt === null || resetExpiresAt < ctx.clock()) return false
  return timingSafeEqual(Buffer.from(ctx.vault.digest(key)), Buffer.from(resetDigest))
}

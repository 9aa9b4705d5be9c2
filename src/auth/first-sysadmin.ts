import { randomBytes, randomUUID } from 'node:crypto'
import { invalid } from '../base/errors.ts'
import type { Actor, Context } from '../context.ts'
import { deleteSetting, ensureSetting, findSetting } from '../store/settings.ts'
import { hashPassword, passwordFault, verifyPassword } from './password.ts'
import type { Vault } from './secret.ts'
import { addUser, promote, replaceKey, setPassword } from './user.ts'
import { findUserByName } from './user-store.ts'

/** Credentials that were generated for the first sysadmin and not used yet. The hub shows them at each start until a caller uses them. */
export interface FirstSysadmin {
  readonly name: string
  /** Absent if the setting gave one, or if it has been changed since. */
  readonly password?: string
  /** Absent if the setting gave one, or if it has been changed since. */
  readonly apiKey?: string
}

type Ctx = Pick<Context, 'store' | 'vault' | 'clock' | 'config'>

/** Where the generated credentials are kept, sealed, until they are used. */
const settingName = 'first_sysadmin'

interface Generated extends Required<FirstSysadmin> {
  readonly passwordHash: string
}

/**
 * Creates the first sysadmin, with the name, password and key of the settings or generated ones. At later starts, given settings
 * are applied again, so that an administrator can replace a lost key.
 * Returns the generated credentials that are not used yet; undefined if there are none. Throws `invalid` when a new password is too short.
 */
export async function ensureSysadmin(ctx: Ctx): Promise<FirstSysadmin | undefined> {
  const { adminUsername: name, adminPassword, adminApiKey } = ctx.config
  const existing = await findUserByName(ctx.store.db, name)
  // A password that is set already stays, even if it breaks newer rules, and so do its sessions.
  const isNew = adminPassword !== undefined && !(await verifyPassword(adminPassword, existing?.passwordHash ?? ''))
  const fault = isNew ? passwordFault(adminPassword) : undefined
  if (fault !== undefined) throw invalid({}, `MILLRACE_ADMIN_PASSWORD: ${fault}`)
  if (!existing) await makeSysadmin(ctx)
  else {
    if (isNew) await setPassword(ctx, name, adminPassword)
    if (adminApiKey !== undefined) await replaceKey(ctx, name, adminApiKey)
    if ((adminPassword !== undefined || adminApiKey !== undefined) && !existing.user.isSysadmin) await promote(ctx, name)
  }
  return findUnused(ctx)
}

/** Removes the generated credentials as soon as a caller has used them. */
export async function forgetCredentials({ store }: Pick<Context, 'store'>): Promise<void> {
  await deleteSetting(store, settingName)
}

/** Whether a caller is the sysadmin whose generated credentials are still shown. */
export const usesCredentials = (pending: FirstSysadmin, caller: Actor) => caller.kind === 'user' && caller.name === pending.name

/** If several processes start at the same time, all use the credentials of the first one. */
async function makeSysadmin(ctx: Ctx): Promise<void> {
  const { adminUsername: name, adminPassword, adminApiKey } = ctx.config
  const made = await generate(ctx)
  const password = adminPassword === undefined ? { passwordHash: made.passwordHash } : { password: adminPassword }
  try {
    await addUser(ctx, { name, ...password, apiKey: adminApiKey ?? made.apiKey, sysadmin: true })
  } catch (error) {
    if ((await findUserByName(ctx.store.db, name)) === undefined) throw error
  }
}

async function generate({ store, vault, config }: Ctx): Promise<Generated> {
  const password = randomBytes(9).toString('base64url')
  const made: Generated = { name: config.adminUsername, password, passwordHash: await hashPassword(password), apiKey: randomUUID() }
  return parse(vault, await ensureSetting(store, settingName, vault.seal(JSON.stringify(made))))
}

/** The stored credentials that are still valid, without a key or password that was replaced since. */
async function findUnused(ctx: Ctx): Promise<FirstSysadmin | undefined> {
  const stored = await findSetting(ctx.store, settingName)
  if (stored === undefined) return undefined
  const { name, password, passwordHash, apiKey } = parse(ctx.vault, stored)
  const user = await findUserByName(ctx.store.db, name)
  const [holdsPassword, holdsKey] = user ? [user.passwordHash === passwordHash, ctx.vault.open(user.keySealed) === apiKey] : [false, false]
  if (holdsPassword || holdsKey) return { name, ...(holdsPassword && { password }), ...(holdsKey && { apiKey }) }
  await forgetCredentials(ctx)
  return undefined
}

function parse(vault: Vault, sealed: string): Generated {
  return JSON.parse(vault.open(sealed)) as Generated
}

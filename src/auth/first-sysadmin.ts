import { randomBytes } from 'node:crypto'
import type { Context } from '../context.ts'
import { addUser, promote, replaceKey, setPassword } from './user.ts'
import { findUserByName } from './user-store.ts'

/** What was made up at the first start, to be shown once. */
export interface FirstSysadmin {
  readonly name: string
  readonly password: string
  readonly apiKey: string
}

/**
 * Makes the first sysadmin, with the settings' name, password and key or generated ones; returns it then.
 * Later, settings that are given are applied again, so that a lost key can be replaced; returns undefined.
 */
export async function ensureSysadmin(ctx: Pick<Context, 'store' | 'vault' | 'clock' | 'config'>): Promise<FirstSysadmin | undefined> {
  const { adminUsername: name, adminPassword, adminApiKey } = ctx.config
  const existing = await findUserByName(ctx.store.db, name)
  if (!existing) return makeSysadmin(ctx)
  if (adminPassword !== undefined) await setPassword(ctx, name, adminPassword)
  if (adminApiKey !== undefined) await replaceKey(ctx, name, adminApiKey)
  if ((adminPassword !== undefined || adminApiKey !== undefined) && !existing.user.isSysadmin) await promote(ctx, name)
  return undefined
}

/** Undefined when another process, which starts at the same time, has made it. */
async function makeSysadmin(ctx: Pick<Context, 'store' | 'vault' | 'clock' | 'config'>): Promise<FirstSysadmin | undefined> {
  const { adminUsername: name, adminPassword, adminApiKey } = ctx.config
  const password = adminPassword ?? randomBytes(9).toString('base64url')
  try {
    const { apiKey } = await addUser(ctx, { name, password, sysadmin: true, ...(adminApiKey === undefined ? {} : { apiKey: adminApiKey }) })
    return { name, password, apiKey }
  } catch (error) {
    if ((await findUserByName(ctx.store.db, name)) === undefined) throw error
    return undefined
  }
}

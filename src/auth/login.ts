import type { Context } from '../context.ts'
import { isLoginAddress } from './login-address-store.ts'
import { startSession } from './session.ts'
import { checkPassword } from './user.ts'

/** A user name, and the network address of the caller who gives it. */
interface LoginOrigin {
  readonly name: string
  readonly address: string
}

/** Logs in with name and password. Returns the value of the session cookie, or undefined if they are wrong. Throws `unavailable` when too many logins wait. */
export async function logIn(
  ctx: Pick<Context, 'store' | 'vault' | 'clock'>,
  { name, password, address }: LoginOrigin & { readonly password: string },
): Promise<string | undefined> {
  const found = await checkPassword(ctx, name, password)
  return found && startSession(ctx, found, addressDigest(ctx, address))
}

/** Whether a user of this name has logged in from this address before. */
export function hasLoggedIn(ctx: Pick<Context, 'store' | 'vault'>, { name, address }: LoginOrigin): Promise<boolean> {
  return isLoginAddress(ctx.store.db, { name, digest: addressDigest(ctx, address) })
}

const addressDigest = ({ vault }: Pick<Context, 'vault'>, address: string) => vault.digest(`login address ${address}`)

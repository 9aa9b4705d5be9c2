import { type Actor, type Context, isSysadmin } from '../context.ts'
import { toActor } from './caller.ts'
import { issueToken, verifyToken } from './service-token.ts'
import { findUserById, findUserByKeyDigest, findUserByName, type User } from './user-store.ts'

/** A token for one service, and what it permits. */
export interface Authorization {
  readonly userId: string
  readonly service: string
  readonly permissions: Readonly<Record<string, number>>
  readonly token: string
}

/** A quota that no user reaches. */
const noLimit = 1_000_000
const storageMegabytes = 100

/** The rights of a user at each service; none at an unknown service. */
function permissionsFor({ config }: Context, user: Actor, service: string): Record<string, number> {
  if (service === 'source') return { max_dataset_num: isSysadmin(user) ? noLimit : config.sourceMaxDatasets }
  if (service === 'rawstore') return { max_private_storage_mb: storageMegabytes, max_public_storage_mb: storageMegabytes }
  return {}
}

/** The calling user: identified already, or by an API key or user token that was sent in another way. */
export async function findUserBy(ctx: Context, credential: string | undefined): Promise<User | undefined> {
  if (ctx.actor.kind === 'user') return activeUser(ctx, ctx.actor.id)
  if (!credential || credential.length > 4096) return undefined
  const byKey = await findUserByKeyDigest(ctx.store.db, ctx.vault.digest(credential))
  if (byKey) return byKey
  const claims = credential.includes('.') ? await verifyToken(ctx, credential) : undefined
  // A token for a service grants one right of its user; it does not identify the user.
  return claims?.service === '' ? activeUser(ctx, claims.userId) : undefined
}

async function activeUser({ store }: Context, id: string): Promise<User | undefined> {
  const found = await findUserById(store.db, id)
  return found?.user.state === 'active' ? found.user : undefined
}

/** Creates a token for a service; undefined for an anonymous caller. */
export async function authorizeFor(ctx: Context, input: { service: string; credential: string | undefined }): Promise<Authorization | undefined> {
  const user = await findUserBy(ctx, input.credential)
  if (!user || input.service === '') return undefined
  const permissions = permissionsFor(ctx, toActor(user), input.service)
  const { id: userId } = user
  return { userId, service: input.service, permissions, token: await issueToken(ctx, { userId, service: input.service, permissions }) }
}

/** The id of the active user of that name. */
export async function findUserId({ store }: Context, name: string): Promise<string | undefined> {
  const found = await findUserByName(store.db, name)
  return found?.user.state === 'active' ? found.user.id : undefined
}

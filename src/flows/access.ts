import { type TokenClaims, verifyToken } from '../auth/service-token.ts'
import { findUserById } from '../auth/user-store.ts'
import { notFound } from '../base/errors.ts'
import { type Context, isSysadmin } from '../context.ts'
import { type Flow, type FlowDataset, findDataset, findFlow, findNewestFlow } from './flow-store.ts'

/** The dataset and revision of a request, as the URL has them, and the caller's token. */
export interface FlowAddress {
  readonly owner: string
  readonly dataset: string
  /** A whole number, `latest` or `successful`. */
  readonly revision: string
  readonly token: string | undefined
}

/** A revision that the caller may read. */
export interface VisibleFlow {
  readonly dataset: FlowDataset
  readonly flow: Flow
  /** Whether the caller is its owner or a sysadmin, who may read addresses with their query strings. */
  readonly isInsider: boolean
}

/** The service whose tokens are accepted here; a token without a service is accepted too. */
const serviceName = 'source'

/** The claims of a token, if it is valid for this service and its user still has an account. */
export async function findBearer(ctx: Context, token: string | undefined): Promise<TokenClaims | undefined> {
  const claims = token ? await verifyToken(ctx, token) : undefined
  if (!claims || (claims.service !== '' && claims.service !== serviceName)) return undefined
  if (ctx.config.authServer !== undefined) return claims
  const user = await findUserById(ctx.store.db, claims.userId)
  return user?.user.state === 'active' ? claims : undefined
}

/** Whether the caller acts for an owner: by the owner's key or session, or by a token of the owner. */
export async function actsFor(ctx: Context, ownerId: string, token: string | undefined): Promise<boolean> {
  if (isSysadmin(ctx.actor) || (ctx.actor.kind === 'user' && ctx.actor.id === ownerId)) return true
  return (await findBearer(ctx, token))?.userId === ownerId
}

/**
 * Finds a revision. Throws `not_found` if it does not exist, and if it is private and belongs to another owner.
 * If the newest revision of a dataset is private, so are all earlier ones.
 */
export async function getVisibleFlow(ctx: Context, address: FlowAddress): Promise<VisibleFlow> {
  // The database cannot store such a text, so it has no such flow.
  const id = isStorable(address.owner) && isStorable(address.dataset) ? `${address.owner}/${address.dataset}` : ''
  const missing = () => notFound('flow', `${id}/${address.revision}`)
  const dataset = await findDataset(ctx.store.db, id)
  const flow = dataset && (await findRevision(ctx, dataset, address.revision))
  if (!dataset || !flow) throw missing()
  const isInsider = await actsFor(ctx, dataset.ownerId, address.token)
  if (!isInsider && (await isPrivate(ctx, flow))) throw missing()
  return { dataset, flow, isInsider }
}

/** Whether the database could store a text from an address. */
export const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0') && text.length <= 1000

async function findRevision({ store }: Context, dataset: FlowDataset, revision: string): Promise<Flow | undefined> {
  if (revision === 'latest' || revision === 'successful') return findNewestFlow(store.db, dataset.id, revision)
  return /^[1-9]\d{0,14}$/.test(revision) ? findFlow(store.db, `${dataset.id}/${revision}`) : undefined
}

async function isPrivate({ store }: Context, flow: Flow): Promise<boolean> {
  if (flow.findability === 'private') return true
  const newest = await findNewestFlow(store.db, flow.datasetId, 'latest')
  return newest?.findability === 'private'
}

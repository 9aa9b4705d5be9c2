import { type TokenClaims, verifyToken } from '../auth/service-token.ts'
import { findUserById } from '../auth/user-store.ts'
import { notFound } from '../base/errors.ts'
import { type Context, isSysadmin } from '../context.ts'
import { type Flow, type FlowDataset, findDataset, findFlow, findNewestFlow } from './flow-store.ts'

/** Which revision of which dataset a caller asks for, as the URL has it, and the token that he brings along. */
export interface FlowAddress {
  readonly owner: string
  readonly dataset: string
  /** A whole number, `latest` or `successful`. */
  readonly revision: string
  readonly token: string | undefined
}

/** A revision that the caller may see. */
export interface VisibleFlow {
  readonly dataset: FlowDataset
  readonly flow: Flow
  /** Whether the caller is its owner or a sysadmin, who may see addresses whole. */
  readonly isInsider: boolean
}

/** The service whose tokens count here; a token for none in particular counts too. */
const serviceName = 'source'

/** What a token says, if it is good for this room and its bearer still has an account. */
export async function findBearer(ctx: Context, token: string | undefined): Promise<TokenClaims | undefined> {
  const claims = token ? await verifyToken(ctx, token) : undefined
  if (!claims || (claims.service !== '' && claims.service !== serviceName)) return undefined
  if (ctx.config.authServer !== undefined) return claims
  const user = await findUserById(ctx.store.db, claims.userId)
  return user?.user.state === 'active' ? claims : undefined
}

/** Whether the caller acts for an owner: by his own key or session, or by a token of his. */
export async function actsFor(ctx: Context, ownerId: string, token: string | undefined): Promise<boolean> {
  if (isSysadmin(ctx.actor) || (ctx.actor.kind === 'user' && ctx.actor.id === ownerId)) return true
  return (await findBearer(ctx, token))?.userId === ownerId
}

/**
 * Finds a revision. Throws `not_found` for what is not there, and just so for what is private and not the caller's.
 * A dataset whose newest revision is private is private with all that came before.
 */
export async function getVisibleFlow(ctx: Context, address: FlowAddress): Promise<VisibleFlow> {
  // The database takes no such text, so it has none either.
  const id = isStorable(address.owner) && isStorable(address.dataset) ? `${address.owner}/${address.dataset}` : ''
  const missing = () => notFound('flow', `${id}/${address.revision}`)
  const dataset = await findDataset(ctx.store.db, id)
  const flow = dataset && (await findRevision(ctx, dataset, address.revision))
  if (!dataset || !flow) throw missing()
  const isInsider = await actsFor(ctx, dataset.ownerId, address.token)
  if (!isInsider && (await isPrivate(ctx, flow))) throw missing()
  return { dataset, flow, isInsider }
}

/** Whether a text from an address could be in the database at all. */
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

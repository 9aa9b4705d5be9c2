import { randomBytes } from 'node:crypto'
import { forbidden, invalid, notFound } from '../base/errors.ts'
import { type Context, isSysadmin } from '../context.ts'
import { newId } from '../store/id.ts'
import { deleteToken, findToken, insertToken, listTokensOf, type Token } from './token-store.ts'

type TokenContext = Pick<Context, 'store' | 'vault' | 'clock' | 'actor'>

/** Only a user and sysadmins may manage the tokens of the user. */
function requireOwner({ actor }: TokenContext, userId: string): void {
  if (!isSysadmin(actor) && !(actor.kind === 'user' && actor.id === userId)) throw forbidden('Access denied')
}

const maxTokens = 1000

/** Creates a token that identifies the user. Its text is returned once; only its digest is stored. Throws `forbidden`, `invalid`. */
export async function createToken(ctx: TokenContext, { userId, name }: { userId: string; name: string }): Promise<{ id: string; text: string }> {
  requireOwner(ctx, userId)
  const text = randomBytes(32).toString('base64url')
  const id = newId()
  await ctx.store.write(async (write) => {
    if ((await listTokensOf(write.db, userId)).length >= maxTokens) throw invalid({ name: [`A user has at most ${maxTokens} tokens`] })
    await insertToken(write.db, { id, userId, name, createdAt: ctx.clock(), lastAccessAt: null, digest: ctx.vault.digest(text) })
    write.change('user', userId, 'updated')
  })
  return { id, text }
}

/** The tokens of a user, oldest first, without their texts. Throws `forbidden`. */
export async function listTokens(ctx: TokenContext, userId: string): Promise<Token[]> {
  requireOwner(ctx, userId)
  return listTokensOf(ctx.store.db, userId)
}

/** Revokes a token, by its id or its text. Throws `not_found`, `forbidden`. */
export async function revokeToken(ctx: TokenContext, by: { readonly id: string } | { readonly text: string }): Promise<void> {
  await ctx.store.write(async (write) => {
    const found = await findToken(write.db, 'id' in by ? by : { digest: ctx.vault.digest(by.text) })
    if (!found) throw notFound('token', 'id' in by ? by.id : 'of that text')
    requireOwner(ctx, found.userId)
    await deleteToken(write.db, found.id)
    write.change('user', found.userId, 'updated')
  })
}

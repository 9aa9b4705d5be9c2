import { Type } from 'typebox'
import { createToken, listTokens, revokeToken } from '../../../auth/token.ts'
import { invalid } from '../../../base/errors.ts'
import { missingValue } from '../../../catalogue/field-reader.ts'
import { timeText, timeTextOrNull } from '../../../catalogue/time-text.ts'
import { getUser } from '../../../catalogue/user/profile.ts'
import { type Action, action } from '../action.ts'
import { optionalText, text } from '../input/parameter.ts'

/** Tokens: further keys of a user. Each has a name and can be revoked. */
export const tokenActions: Readonly<Record<string, Action>> = {
  api_token_create: action({
    effect: 'write',
    era: 'later',
    help: 'Creates a token of a user. Only this answer shows its text. For the user and for sysadmins.',
    input: Type.Object({ user: text('id or name of the user'), name: text('what the token is for') }),
    async run(ctx, { user, name }) {
      const { id: userId } = (await getUser(ctx, user)).user
      return createToken(ctx, { userId, name })
    },
    present: ({ id, text: token }) => ({ token, id }),
  }),
  api_token_list: action({
    effect: 'read',
    era: 'later',
    help: 'The tokens of a user, the oldest first, without their texts.',
    input: Type.Object({ user_id: optionalText('id or name of the user; required'), user: optionalText('the same as user_id') }),
    async run(ctx, { user_id, user }) {
      const ref = user_id || user
      if (!ref) throw invalid({ user_id: [missingValue] })
      return listTokens(ctx, (await getUser(ctx, ref)).user.id)
    },
    present: (tokens) =>
      tokens.map(({ id, name, userId, createdAt, lastAccessAt }) => ({
        id,
        name,
        user_id: userId,
        created_at: timeText(createdAt),
        last_access: timeTextOrNull(lastAccessAt),
      })),
  }),
  api_token_revoke: action({
    effect: 'write',
    era: 'later',
    help: 'Revokes a token, by its id or its text.',
    input: Type.Object({ jti: optionalText('id of the token'), token: optionalText('text of the token') }),
    async run(ctx, { jti, token }) {
      if (!jti && !token) throw invalid({ jti: [missingValue] })
      await revokeToken(ctx, jti ? { id: jti } : { text: token ?? '' })
      return null
    },
  }),
}

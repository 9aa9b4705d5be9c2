import { Type } from 'typebox'
import { invalid } from '../../../base/errors.ts'
import { timeText } from '../../../catalogue/time-text.ts'
import { createUser, createUserReset, deleteUser, editUser } from '../../../catalogue/user/edit.ts'
import { listDatasetsBy, listUsers, showUser } from '../../../catalogue/user/profile.ts'
import { isSysadmin } from '../../../context.ts'
import { type Action, action } from '../action.ts'
import { flag, optionalText, text, whole } from '../input/parameter.ts'
import { joinTexts, withTexts } from '../json-text.ts'
import { presentPackage } from '../present/dataset.ts'
import { presentActivity, presentUser } from '../present/user.ts'

const open = { additionalProperties: true }
const userKeys = {
  password: optionalText('at least 8 characters'),
  email: optionalText('e-mail address'),
  fullname: optionalText('name as people write it'),
  about: optionalText('a few words, without links'),
  password_hash: optionalText('instead of a password, from sysadmins only: as another catalogue has stored it'),
  sysadmin: flag('whether the user is a sysadmin; from sysadmins only'),
}

function readOrder(order: string | undefined): 'name' | 'edits' {
  if (!order || order === 'name') return 'name'
  if (order === 'edits') return 'edits'
  throw invalid({ order_by: ['Must be name or edits'] })
}

/** Reading and changing users. */
export const userActions: Readonly<Record<string, Action>> = {
  user_list: action({
    help: 'Users, by name or by number of edits; only those whose name, full name or OpenID contains q.',
    input: Type.Object({
      q: optionalText('part of a name'),
      email: optionalText('the whole e-mail address of the user; for sysadmins'),
      order_by: optionalText('name (default) or edits'),
      all_fields: flag('false: names instead of objects'),
    }),
    async run(ctx, { q, email, order_by, all_fields = true }) {
      const users = await listUsers(ctx, { q, email: email || undefined, order: readOrder(order_by) })
      return all_fields ? users.map(presentUser) : users.map(({ user }) => user.name)
    },
  }),
  user_show: action({
    help: 'A user with the latest revisions; the caller when no id is given.',
    input: Type.Object({
      id: optionalText('id, name or OpenID of the user'),
      include_datasets: flag('with the packages that the user made and the caller may read, at most 1000'),
      include_password_hash: flag('with the stored password; for sysadmins'),
    }),
    async run(ctx, { id, include_datasets, include_password_hash }) {
      const page = await showUser(ctx, id || undefined)
      const datasets = include_datasets ? await listDatasetsBy(ctx, page.profile) : undefined
      return { ...page, datasets, withHash: include_password_hash === true && isSysadmin(ctx.actor) }
    },
    present({ profile, activity, passwordHash, datasets, withHash }, { config }) {
      const user = {
        ...presentUser(profile),
        ...(withHash ? { password_hash: passwordHash } : {}),
        activity: activity.map(presentActivity),
      }
      return datasets ? withTexts(user, { datasets: joinTexts(datasets.map((one) => presentPackage(one, config))) }) : user
    },
  }),
  user_autocomplete: action({
    help: 'Users whose name or full name contains q.',
    input: Type.Object({ q: optionalText('part of a name'), limit: whole('how many to return, 20 by default') }),
    run: async (ctx, { q = '', limit = 20 }) => (q === '' ? [] : listUsers(ctx, { q, limit: Math.min(limit, 1000) })),
    present: (users) => users.map(({ user }) => ({ id: user.id, name: user.name, fullname: user.fullname })),
  }),
  user_create: action({
    effect: 'write',
    help: 'Creates a user. The answer shows the API key.',
    input: Type.Object({ name: optionalText('login name: 3 to 255 of A-Z, a-z, 0-9, _ and -'), ...userKeys }, open),
    run: createUser,
    present: presentUser,
  }),
  user_delete: action({
    effect: 'write',
    era: 'later',
    help: 'Marks a user as deleted: its password, keys and tokens become invalid. For sysadmins.',
    input: Type.Object({ id: text('id or name of the user') }),
    async run(ctx, { id }) {
      await deleteUser(ctx, id)
      return null
    },
  }),
  user_update: action({
    effect: 'write',
    help: 'Changes a user: the caller, any user if the caller is a sysadmin, or a forgotten password with a reset key.',
    input: Type.Object(
      {
        id: text('id, name or OpenID of the user'),
        ...userKeys,
        state: optionalText('active brings a deleted user back; from sysadmins only'),
        reset_key: optionalText('key from user_reset_create'),
      },
      open,
    ),
    run: (ctx, input) => editUser(ctx, input.id, input),
    present: presentUser,
  }),
  user_reset_create: action({
    effect: 'write',
    era: 'later',
    help: 'Makes a key with which the password of a user can be set once, within the hour. For sysadmins.',
    input: Type.Object({ id: text('id or name of the user') }),
    run: (ctx, { id }) => createUserReset(ctx, id),
    present: ({ resetKey, expiresAt }) => ({ reset_key: resetKey, expires: timeText(expiresAt) }),
  }),
}

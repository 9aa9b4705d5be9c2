import { Type } from 'typebox'
import { updateGroup } from '../../catalogue/group-edit.ts'
import { type GroupQuery, listGroupNames, listGroupsCounted } from '../../catalogue/group-list-store.ts'
import { addMember } from '../../catalogue/group-member.ts'
import { surroundGroup } from '../../catalogue/group-read.ts'
import { purgeGroup } from '../../catalogue/purge.ts'
import { invalid } from '../../errors.ts'
import { type Action, action } from './action.ts'
import type { Era } from './envelope.ts'
import { ById } from './package-input.ts'
import { anything, flag, list, optionalText, text, texts, whole } from './parameter.ts'
import { presentCountedGroup, presentGroup, withoutPackages } from './present-group.ts'

/** The two kinds of collections that share a table of names, and most of what can be done with them. */
export type Kind = 'group' | 'organization'

const open = { additionalProperties: true }

const groupKeys = {
  title: optionalText('title'),
  description: optionalText('description'),
  image_url: optionalText('address of a picture'),
  packages: list('packages in the group: objects with id or name, or names'),
  users: list('who has a role in it: objects with name and capacity (admin, editor or member)'),
}
const extrasList = list('objects with key and value')
export const extrasObject = anything('object of keys and values')
const name = optionalText('2 to 100 of a-z, 0-9, - and _')

/** Keys of a new group or organization. */
export const NewGroup = Type.Object({ id: optionalText('a UUID, from sysadmins only'), name, ...groupKeys, extras: extrasList }, open)
/** Keys that change one. */
export const ChangedGroup = Type.Object(
  { id: text('id or name of the group'), name, ...groupKeys, state: optionalText('active or deleted'), extras: extrasList },
  open,
)

const orders: Readonly<Record<string, GroupQuery['order']>> = {
  name: 'name',
  title: 'title',
  display_name: 'title',
  package_count: 'count',
  packages: 'count',
}

/** `field asc|desc`; by display name when nothing is asked for. */
function readOrder(sort: string | undefined): Pick<GroupQuery, 'order' | 'isDescending'> {
  if (!sort) return { order: 'title', isDescending: false }
  const [, field = '', direction = 'asc'] = /^(\w+)(?:\s+(asc|desc))?$/i.exec(sort.trim()) ?? []
  const order = Object.hasOwn(orders, field) ? orders[field] : undefined
  if (!order) throw invalid({ sort: ['Must be name, title or package_count, with asc or desc'] })
  return { order, isDescending: direction.toLowerCase() === 'desc' }
}

/** Names of active groups or organizations, or the things themselves. */
export function groupList({ kind, era }: { kind: Kind; era: Era }): Action {
  const isOrganization = kind === 'organization'
  return action({
    era,
    help: `Names of active ${kind}s, ascending; with all_fields the ${kind}s themselves with their numbers of packages.`,
    input: Type.Object({
      all_fields: flag('objects instead of names'),
      sort: optionalText('for example "package_count desc"'),
      limit: whole('how many to return; all by default'),
      offset: whole('how many to pass over'),
      groups: texts('only the groups of these names'),
      organizations: texts('only the organizations of these names'),
    }),
    async run(ctx, input) {
      const { all_fields, sort, limit, offset } = input
      const wanted = isOrganization ? input.organizations : input.groups
      const names = wanted?.length ? wanted : undefined
      if (!all_fields && !sort && limit === undefined && offset === undefined && !names) return listGroupNames(ctx.store.db, isOrganization)
      const order = sort || all_fields ? readOrder(sort) : { order: 'name' as const, isDescending: false }
      const groups = await listGroupsCounted(ctx.store, { isOrganization, ...order, limit, offset, names })
      return all_fields ? groups.map(presentCountedGroup) : groups.map(({ group }) => group.name)
    },
  })
}

/** Changes the keys that are given. */
export const groupPatch = (kind: Kind): Action =>
  action({
    effect: 'write',
    era: 'later',
    help: `Changes the keys of ${withArticle(kind)} that are given; lists that are given are replaced as a whole.`,
    input: ChangedGroup,
    run: async (ctx, input) => surroundGroup(ctx, await updateGroup(ctx, input.id, { input, kind, merge: (read) => read })),
    present: kind === 'group' ? presentGroup : withoutPackages,
  })

/** Removes one for good. */
export const groupPurge = (kind: Kind): Action =>
  action({
    effect: 'write',
    era: 'later',
    help: `Removes ${withArticle(kind)} for good, so that its name is free again. For sysadmins.`,
    input: ById,
    async run(ctx, { id }) {
      await purgeGroup(ctx, id, kind)
      return null
    },
  })

/** Gives somebody a role in one. */
export const memberCreate = (kind: Kind): Action =>
  action({
    effect: 'write',
    era: 'later',
    help: `Gives a user a role in ${withArticle(kind)}, in place of the one that the user had. For its admins.`,
    input: Type.Object({
      id: text(`id or name of the ${kind}`),
      username: text('id or name of the user'),
      role: text('admin, editor or member'),
    }),
    run: (ctx, { id, username, role }) => addMember(ctx, id, { username, role, kind }),
    present: ({ groupId, userId, role }) => ({ group_id: groupId, table_name: 'user', table_id: userId, capacity: role, state: 'active' }),
  })

const withArticle = (kind: Kind) => (kind === 'group' ? 'a group' : 'an organization')

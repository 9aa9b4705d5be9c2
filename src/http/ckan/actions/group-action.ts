import { type Static, Type } from 'typebox'
import { invalid } from '../../../base/errors.ts'
import { updateGroup } from '../../../catalogue/group/edit.ts'
import { type GroupQuery, listGroupNames, listGroupsCounted } from '../../../catalogue/group/list-store.ts'
import { addMember } from '../../../catalogue/group/member.ts'
import { listGroups, surroundGroup } from '../../../catalogue/group/read.ts'
import { purgeGroup } from '../../../catalogue/purge.ts'
import { type Action, action } from '../action.ts'
import type { Era } from '../envelope.ts'
import { ById } from '../input/package.ts'
import { anything, flag, list, names, optionalText, text, whole } from '../input/parameter.ts'
import { pickParts, presentGroup, presentListedGroup, withoutPackages } from '../present/group.ts'

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

/** Keys of a new group. */
export const NewGroup = Type.Object({ id: optionalText('a UUID, from sysadmins only'), name, ...groupKeys, extras: extrasList }, open)
/** Keys that change one. */
export const ChangedGroup = Type.Object(
  { id: text('id or name of the group'), name, ...groupKeys, state: optionalText('active or deleted'), extras: extrasList },
  open,
)

/** The same of an organization. Each dataset stores its organization, so `packages` is a derived key. */
const withoutPackageList = <S extends { readonly packages: unknown }>({ packages: _packages, ...rest }: S) => rest
export const NewOrganization = Type.Object(withoutPackageList(NewGroup.properties), open)
export const ChangedOrganization = Type.Object(withoutPackageList(ChangedGroup.properties), open)

const orders: Readonly<Record<string, GroupQuery['order']>> = {
  name: 'name',
  title: 'title',
  display_name: 'title',
  package_count: 'count',
  packages: 'count',
}

/** `field asc|desc`; the largest first where packages are counted without a direction. Throws `invalid` that names the parameter. */
function readOrder(parameter: 'sort' | 'order_by', text: string): Pick<GroupQuery, 'order' | 'isDescending'> {
  const [, field = '', direction] = /^(\w+)(?:\s+(asc|desc))?$/i.exec(text.trim()) ?? []
  const order = Object.hasOwn(orders, field) ? orders[field] : undefined
  if (!order) throw invalid({ [parameter]: ['Must be name, title or package_count, with asc or desc'] })
  return { order, isDescending: direction === undefined ? order === 'count' : direction.toLowerCase() === 'desc' }
}

/** Keys that a list of objects has only when they are asked for. */
const listedParts = {
  include_dataset_count: flag('false: without numbers of packages'),
  include_extras: flag('with all_fields: with extras'),
  include_users: flag('with all_fields: with the people who have a role in it'),
  include_groups: flag('with all_fields: with the key groups, an empty list: no group is in another one'),
  include_tags: flag('with all_fields: with the key tags, an empty list: only packages have tags'),
}

const listKeys = {
  all_fields: flag('objects instead of names'),
  sort: optionalText('name, title or package_count, with asc or desc; objects are sorted by title, names by name without it'),
  order_by: optionalText('the same as sort, which wins'),
  limit: whole('how many to return; all by default'),
  offset: whole('how many to skip'),
  ...listedParts,
}
const onlyGroups = { groups: names('only the groups of these names') }
const onlyOrganizations = { organizations: names('only the organizations of these names') }
const ListInput = Type.Object({ ...listKeys, ...onlyGroups, ...onlyOrganizations })

/** Names of active groups or organizations, or the things themselves. */
export function groupList({ kind, era }: { kind: Kind; era: Era }): Action {
  const isOrganization = kind === 'organization'
  return action({
    era,
    help: `Names of active ${kind}s, ascending; with all_fields the ${kind}s themselves with their numbers of packages.`,
    input: Type.Object({ ...listKeys, ...(isOrganization ? onlyOrganizations : onlyGroups) }),
    async run(ctx, input: Static<typeof ListInput>) {
      const { all_fields, sort, order_by, limit, offset } = input
      const wanted = input.organizations ?? input.groups
      const only = wanted?.length ? wanted : undefined
      const order = sort ? readOrder('sort', sort) : order_by ? readOrder('order_by', order_by) : undefined
      if (!all_fields && !order && limit === undefined && offset === undefined && !only) return listGroupNames(ctx.store.db, isOrganization)
      const query: GroupQuery = { isOrganization, order: all_fields ? 'title' : 'name', isDescending: false, ...order, limit, offset, names: only }
      if (!all_fields) return (await listGroupsCounted(ctx.store, query)).map(({ group }) => group.name)
      const { include_extras = false, include_users = false, include_dataset_count, include_groups = false, include_tags = false } = input
      const groups = await listGroups(ctx, query, { extras: include_extras, members: include_users })
      // In lists the key `packages` is the count, too.
      const parts = { include_datasets: include_dataset_count, include_dataset_count, include_groups, include_tags }
      return groups.map((one) => pickParts(presentListedGroup(one), parts))
    },
  })
}

/** Changes the keys that are given. */
export const groupPatch = (kind: Kind): Action =>
  action({
    effect: 'write',
    era: 'later',
    help: `Changes the keys of ${withArticle(kind)} that are given; lists that are given are replaced as a whole.`,
    input: kind === 'group' ? ChangedGroup : ChangedOrganization,
    run: async (ctx, input) => surroundGroup(ctx, await updateGroup(ctx, input.id, { input, kind, merge: (read) => read })),
    present: kind === 'group' ? presentGroup : withoutPackages,
  })

/** Keys that an object shows unless the parameter is false, in addition to its packages. */
export const shownParts = {
  include_dataset_count: flag('false: without package_count'),
  include_extras: flag('false: without extras'),
  include_users: flag('false: without the people who have a role in it'),
  include_groups: flag('false: without the key groups'),
  include_tags: flag('false: without the key tags'),
  include_followers: flag('false: without num_followers'),
}

/** Removes a group or organization for good. */
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

/** Gives a user a role in a group or organization. */
export const memberCreate = (kind: Kind): Action =>
  action({
    effect: 'write',
    era: 'later',
    help: `Gives a user a role in ${withArticle(kind)} and replaces an earlier one. For its admins.`,
    input: Type.Object({
      id: text(`id or name of the ${kind}`),
      username: text('id or name of the user'),
      role: text('admin, editor or member'),
    }),
    run: (ctx, { id, username, role }) => addMember(ctx, id, { username, role, kind }),
    present: ({ groupId, userId, role }) => ({ group_id: groupId, table_name: 'user', table_id: userId, capacity: role, state: 'active' }),
  })

const withArticle = (kind: Kind) => (kind === 'group' ? 'a group' : 'an organization')

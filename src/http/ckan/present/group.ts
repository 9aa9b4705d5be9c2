import type { Extra } from '../../../catalogue/dataset/dataset.ts'
import { displayName, type Group } from '../../../catalogue/group/group.ts'
import type { CountedGroup } from '../../../catalogue/group/list-store.ts'
import type { Member } from '../../../catalogue/group/member-store.ts'
import type { ListedGroup, ShownGroup } from '../../../catalogue/group/read.ts'
import { timeText } from '../../../catalogue/time-text.ts'
import { presentCore } from './catalogue.ts'

/** The single fields of a group. */
const presentGroupFields = (group: Group) => ({
  id: group.id,
  name: group.name,
  title: group.title,
  description: group.description,
  created: timeText(group.createdAt),
  state: group.state,
  revision_id: group.stamp.id,
  display_name: displayName(group),
  image_url: group.imageUrl,
  image_display_url: group.imageUrl,
  is_organization: group.isOrganization,
  type: group.type,
  approval_status: group.approvalStatus,
  num_followers: 0,
})

const presentExtras = (group: Group, extras: readonly Extra[]) =>
  extras.map((extra) => ({
    id: extra.id,
    group_id: group.id,
    key: extra.key,
    value: extra.value,
    state: extra.state,
    revision_id: extra.stamp.id,
    revision_timestamp: timeText(extra.stamp.at),
  }))

const presentMembers = (members: readonly Member[]) =>
  members.map(({ userId, name, fullname, role }) => ({
    id: userId,
    name,
    fullname,
    display_name: fullname || name,
    capacity: role,
    state: 'active',
  }))

/** In lists `packages` is a number. */
export const presentCountedGroup = ({ group, count }: CountedGroup) => ({ ...presentGroupFields(group), packages: count, package_count: count })

/** A group of a list with the requested parts. Groups have neither parents nor tags, so these lists are empty. */
export const presentListedGroup = (listed: ListedGroup) => ({
  ...presentCountedGroup(listed),
  ...(listed.extras && { extras: presentExtras(listed.group, listed.extras) }),
  ...(listed.members && { users: presentMembers(listed.members) }),
  tags: [],
  groups: [],
})

export const presentGroup = ({ group, extras, datasets, members }: ShownGroup) => ({
  ...presentGroupFields(group),
  extras: presentExtras(group, extras),
  packages: datasets.map(presentCore),
  package_count: datasets.length,
  users: presentMembers(members),
  tags: [],
  groups: [],
})

/** The same without its packages. */
export const withoutPackages = (shown: ShownGroup) => pickParts(presentGroup(shown), { include_datasets: false })

/** The key of a group that each parameter includes or leaves out. */
const partKeys = {
  include_datasets: 'packages',
  include_dataset_count: 'package_count',
  include_extras: 'extras',
  include_users: 'users',
  include_groups: 'groups',
  include_tags: 'tags',
  include_followers: 'num_followers',
} as const

export type GroupParts = { readonly [P in keyof typeof partKeys]?: boolean }

/** A group without the keys whose parameter is false. */
export function pickParts(shown: Readonly<Record<string, unknown>>, wanted: GroupParts): Record<string, unknown> {
  const left = Object.entries(partKeys).filter(([parameter]) => wanted[parameter as keyof GroupParts] === false)
  return Object.fromEntries(Object.entries(shown).filter(([key]) => left.every(([, one]) => one !== key)))
}

/** The flat form of API version 1. */
export const presentGroupRest = (shown: ShownGroup) => ({
  ...presentGroup(shown),
  packages: shown.datasets.map((dataset) => dataset.name),
  extras: decodeExtras(shown.extras),
})

/** Extras as an object: values that are JSON text are decoded. */
export function decodeExtras(extras: readonly { readonly key: string; readonly value: string }[]): Record<string, unknown> {
  return Object.fromEntries(extras.map(({ key, value }) => [key, decodeExtra(value)]))
}

function decodeExtra(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

import { displayName, type Group } from '../../catalogue/group.ts'
import type { CountedGroup } from '../../catalogue/group-list-store.ts'
import type { ShownGroup } from '../../catalogue/group-read.ts'
import { timeText } from '../../catalogue/time-text.ts'
import { presentCore } from './present-catalogue.ts'

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

/** In lists `packages` is a number. */
export const presentCountedGroup = ({ group, count }: CountedGroup) => ({ ...presentGroupFields(group), packages: count, package_count: count })

export const presentGroup = ({ group, extras, datasets, members }: ShownGroup) => ({
  ...presentGroupFields(group),
  extras: extras.map((extra) => ({
    id: extra.id,
    group_id: group.id,
    key: extra.key,
    value: extra.value,
    state: extra.state,
    revision_id: extra.stamp.id,
    revision_timestamp: timeText(extra.stamp.at),
  })),
  packages: datasets.map(presentCore),
  package_count: datasets.length,
  users: members.map(({ userId, name, fullname, role }) => ({
    id: userId,
    name,
    fullname,
    display_name: fullname || name,
    capacity: role,
    state: 'active',
  })),
  tags: [],
  groups: [],
})

/** The same without its packages. */
export function withoutPackages(shown: ShownGroup) {
  const { packages: _, ...rest } = presentGroup(shown)
  return rest
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

import type { ResourceInput } from '../resource/input.ts'
import { activeParts, type Dataset } from './dataset.ts'
import type { DatasetInput } from './input.ts'

/** The lists of a dataset as an input that leaves them as they are. */
function storedLists(stored: Dataset) {
  const resources = activeParts(stored.resources).sort((one, other) => one.position - other.position)
  return {
    resources: resources.map((one): ResourceInput => ({ id: one.id, fields: one, errors: {} })),
    tags: activeParts(stored.tags).map((tag) => tag.name),
    extras: new Map(activeParts(stored.extras).map(({ key, value }) => [key, value])),
    groups: activeParts(stored.memberships).map((one) => one.groupId),
  }
}

/** Lists that the input does not have stay as they are; those that it has replace the stored ones. */
export function mergeAbsent(stored: Dataset, input: DatasetInput): DatasetInput {
  const lists = storedLists(stored)
  return {
    ...input,
    resources: input.resources ?? lists.resources,
    tags: input.tags ?? lists.tags,
    extras: input.extras ?? lists.extras,
    groups: input.groups ?? lists.groups,
  }
}

/** The same, and empty tags stay, extras are merged key by key (null deletes one), groups are not touched. */
export function mergeFlat(stored: Dataset, input: DatasetInput): DatasetInput {
  const lists = storedLists(stored)
  return {
    ...mergeAbsent(stored, input),
    tags: input.tags?.length ? input.tags : lists.tags,
    extras: new Map<string, string | null>([...lists.extras, ...(input.extras ?? [])]),
    groups: lists.groups,
  }
}

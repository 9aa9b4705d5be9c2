import { Type } from 'typebox'
import { isObject } from '../../../base/json.ts'
import { extraText } from '../../../catalogue/dataset/input.ts'
import type { Input } from '../../../catalogue/field-reader.ts'
import { createGroup, deleteGroup, updateGroup } from '../../../catalogue/group/edit.ts'
import { listEditableGroups, showGroup, surroundGroup } from '../../../catalogue/group/read.ts'
import { type Action, action } from '../action.ts'
import { ById } from '../input/package.ts'
import { flag, optionalText } from '../input/parameter.ts'
import { pickParts, presentGroup, presentGroupRest } from '../present/group.ts'
import { ChangedGroup, extrasObject, groupList, groupPatch, groupPurge, memberCreate, NewGroup, shownParts } from './group-action.ts'

const NewGroupRest = Type.Object({ ...NewGroup.properties, extras: extrasObject }, { additionalProperties: true })
const ChangedGroupRest = Type.Object({ ...ChangedGroup.properties, extras: extrasObject }, { additionalProperties: true })

/** Extras as an object, as the flat form has them, in the form of the other actions. */
export function extrasFromObject(input: Input): Input {
  const { extras } = input
  if (!isObject(extras)) return input
  return { ...input, extras: Object.entries(extras).map(([key, value]) => ({ key, value: encodeExtra(value) })) }
}

/** The flat form decodes texts that are JSON. So a text that looks like JSON is stored as a JSON text. */
function encodeExtra(value: unknown): string | null {
  if (typeof value !== 'string') return extraText(value)
  try {
    JSON.parse(value)
    return JSON.stringify(value)
  } catch {
    return value
  }
}

const reading: Readonly<Record<string, Action>> = {
  group_list: groupList({ kind: 'group', era: 2011 }),
  group_list_authz: action({
    help: 'Groups that the caller may edit.',
    input: Type.Object({
      available_only: flag('with id: without the groups that the package is in already'),
      id: optionalText('with available_only: id or name of the package'),
    }),
    run: (ctx, { available_only, id }) => listEditableGroups(ctx, (available_only && id) || undefined),
    present: (groups) => groups.map(({ id, name: groupName }) => ({ id, name: groupName })),
  }),
  group_list_available: action({
    help: 'Groups that the caller may edit, without those that a package is in already.',
    input: Type.Object({ id: optionalText('id or name of the package') }),
    run: (ctx, { id }) => listEditableGroups(ctx, id || undefined),
    present: (groups) => groups.map(({ id, name: groupName }) => ({ id, name: groupName })),
  }),
  group_show: action({
    help: 'A group with its extras and packages.',
    input: Type.Object({ ...ById.properties, include_datasets: flag('false: without packages'), ...shownParts }),
    run: async (ctx, { id, ...parts }) => ({ shown: await showGroup(ctx, id), parts }),
    present: ({ shown, parts }) => pickParts(presentGroup(shown), parts),
  }),
  group_show_rest: action({
    help: 'A group in the flat form: names of packages, extras as an object.',
    input: ById,
    run: (ctx, { id }) => showGroup(ctx, id),
    present: presentGroupRest,
  }),
}

const changing: Readonly<Record<string, Action>> = {
  group_create: action({
    effect: 'write',
    help: 'Creates a group. The caller becomes its admin.',
    input: NewGroup,
    run: async (ctx, input) => surroundGroup(ctx, await createGroup(ctx, input)),
    present: presentGroup,
  }),
  group_update: action({
    effect: 'write',
    help: 'Changes a group: single fields that are given, and its packages and extras as a whole. A list that is not given is emptied.',
    input: ChangedGroup,
    run: async (ctx, input) => surroundGroup(ctx, await updateGroup(ctx, input.id, { input })),
    present: presentGroup,
  }),
  group_delete: action({
    effect: 'write',
    help: 'Marks a group as deleted. Its packages stay.',
    input: ById,
    async run(ctx, { id }) {
      await deleteGroup(ctx, id)
      return null
    },
  }),
  group_patch: groupPatch('group'),
  group_purge: groupPurge('group'),
  group_member_create: memberCreate('group'),
  group_create_rest: action({
    effect: 'write',
    help: 'Creates a group from the flat form: names of packages, extras as an object.',
    input: NewGroupRest,
    run: async (ctx, input) => surroundGroup(ctx, await createGroup(ctx, extrasFromObject(input))),
    present: presentGroupRest,
  }),
  group_update_rest: action({
    effect: 'write',
    help: 'Changes what is given of a group in the flat form; packages and extras that are absent or empty stay.',
    input: ChangedGroupRest,
    run: async (ctx, input) => surroundGroup(ctx, await updateGroup(ctx, input.id, { input: extrasFromObject(input), merge: keepEmpty })),
    present: presentGroupRest,
  }),
}

/** Absent and empty lists stay as they are; extras are merged key by key. */
const keepEmpty: NonNullable<Parameters<typeof updateGroup>[2]['merge']> = (read, stored) => ({
  ...read,
  datasets: read.datasets?.length ? read.datasets : undefined,
  extras: read.extras?.size
    ? new Map([...stored.filter((one) => one.state === 'active').map(({ key, value }) => [key, value] as const), ...read.extras])
    : undefined,
})

/** Reading and changing groups. */
export const groupActions: Readonly<Record<string, Action>> = { ...reading, ...changing }

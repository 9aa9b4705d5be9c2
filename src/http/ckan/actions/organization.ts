import { Type } from 'typebox'
import { createGroup, deleteGroup, updateGroup } from '../../../catalogue/group/edit.ts'
import { listOwnOrganizations, showGroup, surroundGroup } from '../../../catalogue/group/read.ts'
import { type Action, action } from '../action.ts'
import { ById } from '../input/package.ts'
import { flag, optionalText } from '../input/parameter.ts'
import { pickParts, presentCountedGroup, presentGroup, withoutPackages } from '../present/group.ts'
import { ChangedOrganization, groupList, groupPatch, groupPurge, memberCreate, NewOrganization, shownParts } from './group-action.ts'

const kind = 'organization'

/** Reading and changing organizations, and who belongs to them. */
export const organizationActions: Readonly<Record<string, Action>> = {
  organization_list: groupList({ kind, era: 'later' }),
  organization_list_for_user: action({
    era: 'later',
    help: 'Organizations in which a user has a role, as `capacity`; with a permission only those in which the role gives it.',
    input: Type.Object({
      id: optionalText('id or name of the user; the caller by default'),
      permission: optionalText('read (default: any role), create_dataset, update_dataset, delete_dataset, or admin'),
    }),
    run: (ctx, { id, permission }) => listOwnOrganizations(ctx, permission || 'read', id || undefined),
    present: (organizations) => organizations.map((one) => ({ ...presentCountedGroup(one), capacity: one.role })),
  }),
  organization_show: action({
    era: 'later',
    help: 'An organization with its extras and people; its packages only with include_datasets.',
    input: Type.Object({ ...ById.properties, include_datasets: flag('with its packages'), ...shownParts }),
    run: async (ctx, { id, include_datasets = false, ...parts }) => ({
      shown: await showGroup(ctx, id, kind),
      parts: { ...parts, include_datasets },
    }),
    present: ({ shown, parts }) => pickParts(presentGroup(shown), parts),
  }),
  organization_create: action({
    effect: 'write',
    era: 'later',
    help: 'Creates an organization. For sysadmins.',
    input: NewOrganization,
    run: async (ctx, input) => surroundGroup(ctx, await createGroup(ctx, input, kind)),
    present: withoutPackages,
  }),
  organization_update: action({
    effect: 'write',
    era: 'later',
    help: 'Changes an organization: single fields that are given, its extras as a whole, and its people as a whole if they are given.',
    input: ChangedOrganization,
    run: async (ctx, input) => surroundGroup(ctx, await updateGroup(ctx, input.id, { input, kind })),
    present: withoutPackages,
  }),
  organization_patch: groupPatch(kind),
  organization_delete: action({
    effect: 'write',
    era: 'later',
    help: 'Marks an organization as deleted. Its packages stay.',
    input: ById,
    async run(ctx, { id }) {
      await deleteGroup(ctx, id, kind)
      return null
    },
  }),
  organization_purge: groupPurge(kind),
  organization_member_create: memberCreate(kind),
}

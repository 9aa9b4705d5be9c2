import { forbidden } from '../base/errors.ts'
import { type Context, isSysadmin } from '../context.ts'
import type { DatasetStanding } from './dataset/dataset.ts'

/** What a caller is to the thing at hand. A sysadmin may everything and is not listed. */
export type Role = 'anyone' | 'user' | 'creator' | 'org-member' | 'org-editor' | 'org-admin' | 'group-admin' | 'group-editor'

/** How a dataset is edited: by every user, by its owners, or by the people of its organization. */
export type Custody = 'wiki' | 'owned' | 'organization'

/**
 * `delete` is also the right to change what decides who may see and change the dataset: its state, whether it is private, its organization,
 * and that it leaves a group.
 */
export type DatasetRight = 'read' | 'read-unpublished' | 'read-draft' | 'edit' | 'delete'

const owners = ['creator'] as const
const orgEditors = ['org-editor', 'org-admin'] as const

/** Who may do what with a dataset. */
const datasetRights: { readonly [C in Custody]: { readonly [R in DatasetRight]: readonly Role[] } } = {
  wiki: { read: ['anyone'], 'read-unpublished': owners, 'read-draft': ['user'], edit: ['user'], delete: owners },
  owned: { read: ['anyone'], 'read-unpublished': owners, 'read-draft': owners, edit: owners, delete: owners },
  organization: {
    read: ['anyone'],
    'read-unpublished': ['org-member', ...orgEditors],
    'read-draft': orgEditors,
    edit: orgEditors,
    delete: orgEditors,
  },
}

export type GroupRight = 'read' | 'read-deleted' | 'edit' | 'delete' | 'add-dataset'

/** Who may do what with a group. */
const groupRights: { readonly [R in GroupRight]: readonly Role[] } = {
  read: ['anyone'],
  'read-deleted': ['creator', 'group-admin'],
  edit: ['creator', 'group-admin'],
  delete: ['creator', 'group-admin'],
  'add-dataset': ['creator', 'group-admin', 'group-editor'],
}

export type SiteRight = 'read' | 'create-dataset' | 'create-group' | 'create-organization' | 'purge' | 'rate'

/** Who may do what with the hub as a whole; `read` is closed to anonymous callers by MILLRACE_PUBLIC_READ=0. */
const siteRights: { readonly [R in SiteRight]: readonly Role[] } = {
  read: ['anyone'],
  'create-dataset': ['user'],
  'create-group': ['user'],
  'create-organization': [],
  purge: [],
  rate: ['user'],
}

export type PolicyContext = Pick<Context, 'actor' | 'config'>

/** Role of somebody in an organization or a group. */
export type MemberRole = (typeof memberRoles)[number]

export const memberRoles = ['admin', 'editor', 'member'] as const

function custodyOf({ config }: PolicyContext, dataset: DatasetStanding): Custody {
  if (dataset.sourceId !== null) return 'owned'
  if (dataset.ownerOrgNo !== null) return 'organization'
  // One whose organization was purged: only its creator knows what is in it.
  if (dataset.isPrivate) return 'owned'
  return config.packageEditing === 'owners' ? 'owned' : 'wiki'
}

/** The right that reading this dataset takes. */
export function readingRight({ state, isPrivate }: Pick<DatasetStanding, 'state' | 'isPrivate'>): DatasetRight {
  if (state === 'draft') return 'read-draft'
  return state === 'active' && !isPrivate ? 'read' : 'read-unpublished'
}

/** Whether the caller may, given the role in the dataset's organization. Nobody edits what they may not read. */
export function mayDataset(ctx: PolicyContext, right: DatasetRight, subject: { dataset: DatasetStanding; role?: MemberRole | undefined }): boolean {
  const roles = rolesOf(ctx, subject.dataset.creatorId)
  if (subject.role) roles.push(`org-${subject.role}`)
  const rights = datasetRights[custodyOf(ctx, subject.dataset)]
  const needed = right === 'edit' ? [right, readingRight(subject.dataset)] : [right]
  return needed.every((one) => allows(ctx, rights[one], roles))
}

export function mayGroup(ctx: PolicyContext, right: GroupRight, subject: { creatorId: string | null; role?: MemberRole | undefined }): boolean {
  const roles = rolesOf(ctx, subject.creatorId)
  if (subject.role === 'admin' || subject.role === 'editor') roles.push(`group-${subject.role}`)
  return allows(ctx, groupRights[right], roles)
}

function maySite(ctx: PolicyContext, right: SiteRight): boolean {
  if (right === 'read' && !ctx.config.publicRead) return ctx.actor.kind === 'user'
  return allows(ctx, siteRights[right], rolesOf(ctx, null))
}

/** Throws `forbidden` when the hub as a whole is closed to the caller for this. */
export function requireSite(ctx: PolicyContext, right: SiteRight): void {
  if (!maySite(ctx, right)) throw denied()
}

export const denied = () => forbidden('Access denied')

function rolesOf({ actor }: PolicyContext, creatorId: string | null): Role[] {
  if (actor.kind === 'anonymous') return ['anyone']
  return actor.id === creatorId ? ['anyone', 'user', 'creator'] : ['anyone', 'user']
}

const allows = ({ actor }: PolicyContext, allowed: readonly Role[], roles: readonly Role[]) =>
  isSysadmin(actor) || roles.some((role) => allowed.includes(role))

import { forbidden } from '../base/errors.ts'
import { type Context, isSysadmin } from '../context.ts'
import { type DatasetVisibility, mayRead } from './visibility.ts'

/** What a caller is to a dataset or group. Sysadmins may do anything, so they are not listed. */
export type Role = 'anyone' | 'user' | 'creator' | 'org-member' | 'org-editor' | 'org-admin' | 'group-admin' | 'group-editor'

/** Who edits a dataset: every user, its creator, or the editors of its organization. */
export type EditingMode = 'wiki' | 'owned' | 'organization'

/**
 * `delete` is also the right to change what decides who may see and change the dataset: its state, whether it is private, its organization,
 * and that it leaves a group.
 */
export type DatasetRight = 'read' | 'edit' | 'delete'

const owners = ['creator'] as const
const orgEditors = ['org-editor', 'org-admin'] as const

/** Who may change a dataset; who may read it is in `visibility.ts`. */
const changeRights: { readonly [M in EditingMode]: { readonly [R in 'edit' | 'delete']: readonly Role[] } } = {
  wiki: { edit: ['user'], delete: owners },
  owned: { edit: owners, delete: owners },
  organization: { edit: orgEditors, delete: orgEditors },
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

/** The role of a user in an organization or a group. */
export type MemberRole = (typeof memberRoles)[number]

export const memberRoles = ['admin', 'editor', 'member'] as const

function editingModeOf({ config }: PolicyContext, dataset: DatasetVisibility): EditingMode {
  if (dataset.sourceId !== null) return 'owned'
  if (dataset.ownerOrgNo !== null) return 'organization'
  // A private dataset without an organization lost it in a purge: only its creator knows the content.
  if (dataset.isPrivate) return 'owned'
  return config.packageEditing === 'owners' ? 'owned' : 'wiki'
}

/**
 * Whether the caller has a right on a dataset; `role` is the caller's role in its organization. Editing takes the right to read as well, and a
 * draft is edited by everyone who may read it.
 */
export function hasDatasetRight(
  ctx: PolicyContext,
  right: DatasetRight,
  { dataset, role }: { dataset: DatasetVisibility; role?: MemberRole | undefined },
): boolean {
  if (right !== 'delete' && !mayRead(ctx.actor, dataset, role)) return false
  if (right === 'read' || (right === 'edit' && dataset.state === 'draft')) return true
  const roles = rolesOf(ctx, dataset.creatorId)
  if (role) roles.push(`org-${role}`)
  return allows(ctx, changeRights[editingModeOf(ctx, dataset)][right], roles)
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

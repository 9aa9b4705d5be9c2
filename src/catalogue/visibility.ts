import { type Actor, isSysadmin } from '../context.ts'
import type { DatasetState } from './dataset/dataset.ts'
import type { MemberRole } from './policy.ts'
import type { Inclusion } from './search/search.ts'

/** The facts that decide who may see and change a dataset; every look-up of a dataset reads them. */
export interface DatasetVisibility {
  readonly no: number
  readonly id: string
  readonly name: string
  readonly state: DatasetState
  readonly isPrivate: boolean
  /** Readable, but in no list and no search. */
  readonly isUnlisted: boolean
  readonly creatorId: string | null
  readonly ownerOrgNo: number | null
  /** The source dataset whose flows publish it, if any. */
  readonly sourceId: string | null
}

/** Who may read the datasets of a level; sysadmins may read all. The creator of a dataset without an organization always does. */
export interface Readers {
  /** Roles in the organization of the dataset. */
  readonly roles: readonly MemberRole[]
  /** Whether the creator of a dataset of an organization reads it too, whatever the creator's role there. */
  readonly isForCreator: boolean
}

/** One level of visibility: the datasets that it covers, who reads them, and what finds them. */
export interface VisibilityRule {
  readonly level: 'listed' | 'unlisted' | 'private' | 'draft' | 'deleted' | 'pending'
  /** The datasets of this level; a fact that is absent may have any value. */
  readonly when: { readonly state: DatasetState; readonly isPrivate?: boolean; readonly isUnlisted?: boolean }
  readonly readers: 'anyone' | Readers
  /** Whether searches and lists find it for those who may read it: `always`, `never`, or when this option is set. */
  readonly found: 'always' | 'never' | keyof Inclusion
}

const members: Readers = { roles: ['member', 'editor', 'admin'], isForCreator: false }
const creatorAndEditors: Readers = { roles: ['editor', 'admin'], isForCreator: true }

/**
 * Who sees a dataset: the only place of this rule. Each dataset is of exactly one level. `mayRead` tests a loaded dataset by it,
 * `search/sql/visible.ts` makes SQL of it, `search/memory/visible.ts` makes flags of it. Source: modern-clients 5.3, action-api 2.
 */
export const visibilityRules: readonly VisibilityRule[] = [
  { level: 'listed', when: { state: 'active', isPrivate: false, isUnlisted: false }, readers: 'anyone', found: 'always' },
  { level: 'unlisted', when: { state: 'active', isPrivate: false, isUnlisted: true }, readers: 'anyone', found: 'never' },
  { level: 'private', when: { state: 'active', isPrivate: true }, readers: members, found: 'isPrivate' },
  { level: 'draft', when: { state: 'draft' }, readers: creatorAndEditors, found: 'isDraft' },
  { level: 'deleted', when: { state: 'deleted' }, readers: members, found: 'isDeleted' },
  { level: 'pending', when: { state: 'pending' }, readers: members, found: 'never' },
]

type LevelFacts = Pick<DatasetVisibility, 'state' | 'isPrivate' | 'isUnlisted'>

/** The rule of the level that a dataset is of. */
export function visibilityRuleOf(facts: LevelFacts): VisibilityRule {
  const rule = visibilityRules.find(
    ({ when }) =>
      when.state === facts.state &&
      (when.isPrivate ?? facts.isPrivate) === facts.isPrivate &&
      (when.isUnlisted ?? facts.isUnlisted) === facts.isUnlisted,
  )
  if (!rule) throw new Error(`no rule of visibility for the state ${facts.state}`)
  return rule
}

/** Whether every caller finds a dataset in lists and searches; stored in the column `listed`. */
export const isListed = (facts: LevelFacts) => visibilityRuleOf(facts).level === 'listed'

/** The organization whose roles count for a dataset; none for one that a flow publishes. */
export const organizationOf = ({ ownerOrgNo, sourceId }: Pick<DatasetVisibility, 'ownerOrgNo' | 'sourceId'>) =>
  sourceId === null ? ownerOrgNo : null

/** Whether a caller may read a dataset; `role` is the caller's role in its organization. */
export function mayRead(actor: Actor, dataset: DatasetVisibility, role?: MemberRole): boolean {
  const { readers } = visibilityRuleOf(dataset)
  if (readers === 'anyone' || isSysadmin(actor)) return true
  if (actor.kind === 'anonymous') return false
  const isCreator = dataset.creatorId === actor.id
  if (organizationOf(dataset) === null) return isCreator
  return (isCreator && readers.isForCreator) || (role !== undefined && readers.roles.includes(role))
}

/** The levels that a search with these options finds, as far as the caller may read them. */
export function levelsFound(actor: Actor, include: Inclusion | undefined): VisibilityRule[] {
  return visibilityRules.filter(({ found }) => found === 'always' || (found !== 'never' && actor.kind === 'user' && include?.[found] === true))
}

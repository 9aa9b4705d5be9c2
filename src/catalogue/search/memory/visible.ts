import { type Actor, isSysadmin } from '../../../context.ts'
import type { MemberRole } from '../../policy.ts'
import { levelsFound, organizationOf, type Readers, type VisibilityRule, visibilityRuleOf, visibilityRules } from '../../visibility.ts'
import { toState } from '../../visibility-store.ts'
import type { Inclusion } from '../search.ts'
import type { Column } from './column.ts'
import type { IndexRow } from './index.ts'

/** The caller of a search with the caller's roles, by number of the organization; no roles where only listed datasets are asked for. */
export interface Viewer {
  readonly actor: Actor
  readonly roles: ReadonlyMap<number, MemberRole>
}

/** What the index keeps of each dataset for this rule, by number of the dataset. */
export interface VisibilityColumns {
  /** One bit for the level of visibility; the bits from `firstFreeFlag` on are for others. */
  readonly flags: Uint8Array
  /** The organization whose roles count; 0 without one. */
  readonly organizations: Uint32Array
  readonly creators: Column
}

export const firstFreeFlag = 1 << visibilityRules.length

const flagOf = (rule: VisibilityRule) => 1 << visibilityRules.indexOf(rule)

/** The bit for the level of a dataset. */
export function levelFlag({ state, private: isPrivate, unlisted }: Pick<IndexRow, 'state' | 'private' | 'unlisted'>): number {
  return flagOf(visibilityRuleOf({ state: toState(state), isPrivate: isPrivate === 1, isUnlisted: unlisted === 1 }))
}

/** The organization whose roles count for a dataset; 0 without one. */
export function organizationNo({ owner_org_no, source_id }: Pick<IndexRow, 'owner_org_no' | 'source_id'>): number {
  return organizationOf({ ownerOrgNo: owner_org_no, sourceId: source_id }) ?? 0
}

/** The test whether a search with these options finds a dataset, by number, for the viewer. */
export function findableTest(viewer: Viewer, include: Inclusion, columns: VisibilityColumns): (no: number) => boolean {
  const { flags } = columns
  let open = 0
  const others: { flag: number; isReader: (no: number) => boolean }[] = []
  for (const rule of levelsFound(viewer.actor, include)) {
    if (rule.readers === 'anyone' || isSysadmin(viewer.actor)) open |= flagOf(rule)
    else others.push({ flag: flagOf(rule), isReader: readerTest(viewer, rule.readers, columns) })
  }
  const isOpen = (no: number) => ((flags[no] ?? 0) & open) !== 0
  if (others.length === 0) return isOpen
  return (no) => isOpen(no) || others.some(({ flag, isReader }) => ((flags[no] ?? 0) & flag) !== 0 && isReader(no))
}

/** The test whether a viewer who is no sysadmin is among the readers of a dataset. */
function readerTest({ actor, roles }: Viewer, readers: Readers, { organizations, creators }: VisibilityColumns): (no: number) => boolean {
  const readable = new Set([...roles].filter(([, role]) => readers.roles.includes(role)).map(([no]) => no))
  const caller = new Set([(actor.kind === 'user' && creators.numberOf(actor.id)) || 0])
  return (no) => {
    const organization = organizations[no] ?? 0
    if (organization !== 0 && readable.has(organization)) return true
    return (organization === 0 || readers.isForCreator) && creators.hasAny(no, caller)
  }
}

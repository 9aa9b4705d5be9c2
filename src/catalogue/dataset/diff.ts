import { randomUUID } from 'node:crypto'
import { newId } from '../../store/id.ts'
import { mapInTurns } from '../../store/turns.ts'
import { type Resource, type ResourceDraft, sameFields } from '../resource/resource.ts'
import type { ChangedRow, Stamp } from '../revision/revision.ts'
import {
  type Dataset,
  type DatasetCore,
  type DatasetTag,
  datasetTextNames,
  type Extra,
  type Membership,
  type PartState,
  pickTexts,
} from './dataset.ts'

/** A dataset as an editor wants it: lists are complete. */
export interface DatasetDraft {
  readonly core: DatasetCore
  readonly ownerOrgId: string | null
  readonly resources: readonly ResourceDraft[]
  readonly tags: readonly Pick<DatasetTag, 'no' | 'id' | 'name'>[]
  readonly extras: ReadonlyMap<string, string>
  readonly groups: readonly Pick<Membership, 'groupNo' | 'groupId' | 'groupName' | 'isGroupActive'>[]
}

/** The result of an edit. Unchanged parts are the same objects as before, so that `changed…` can compare by identity. */
export interface DatasetChange {
  readonly after: Dataset
  readonly isCoreChanged: boolean
  readonly resources: readonly Resource[]
  readonly tags: readonly DatasetTag[]
  readonly extras: readonly Extra[]
  readonly memberships: readonly Membership[]
}

const coreFields = ['name', 'title', 'type', 'state', 'isPrivate', 'isUnlisted', 'ownerOrgNo', ...datasetTextNames] as const

export const sameCore = (one: DatasetCore, other: DatasetCore) => coreFields.every((field) => one[field] === other[field])

/** The core alone, whatever else the object has. */
const pickCore = (core: DatasetCore): DatasetCore => ({
  name: core.name,
  title: core.title,
  type: core.type,
  state: core.state,
  isPrivate: core.isPrivate,
  isUnlisted: core.isUnlisted,
  ownerOrgNo: core.ownerOrgNo,
  ...pickTexts(core),
})

/** Compares what is stored with what is wanted; `before` without parts is a new dataset. */
export async function planChange(before: Dataset, draft: DatasetDraft, stamp: Stamp): Promise<DatasetChange> {
  const isNew = before.no === 0
  const isCoreChanged = isNew || !sameCore(before, draft.core)
  const resources = await planResources(before.resources, draft.resources, stamp)
  const tags = planParts(before.tags, draft.tags, { key: (tag) => tag.id, stamp, make: (tag) => ({ ...tag, state: 'active', stamp }) })
  const memberships = planParts(before.memberships, draft.groups, {
    key: (one) => one.groupId,
    stamp,
    make: (one) => ({ ...one, state: 'active', stamp }),
  })
  const extras = planExtras(before.extras, draft.extras, stamp)
  return {
    after: {
      ...before,
      ...pickCore(draft.core),
      ownerOrgId: draft.ownerOrgId,
      stamp: isCoreChanged ? stamp : before.stamp,
      resources,
      tags,
      memberships,
      extras,
    },
    isCoreChanged,
    resources: withoutKnown(resources, before.resources),
    tags: withoutKnown(tags, before.tags),
    extras: withoutKnown(extras, before.extras),
    memberships: withoutKnown(memberships, before.memberships),
  }
}

/** The parts that a change has replaced; unchanged parts are the same objects. */
export function withoutKnown<P>(parts: readonly P[], before: readonly P[]): P[] {
  const known = new Set(before)
  return parts.filter((part) => !known.has(part))
}

/** Whether the edit leaves everything as it was. */
export const changesNothing = (change: DatasetChange) =>
  !change.isCoreChanged && [change.resources, change.tags, change.extras, change.memberships].every((parts) => parts.length === 0)

/** The core of a dataset as a row of a version. */
export const coreRow = (id: string, core: DatasetCore): ChangedRow => ({
  kind: 'dataset',
  id,
  state: core.state,
  values: { ...pickCore(core) },
})

/** A core with the values of a version's row applied to it. */
export function coreOfRow(row: ChangedRow, base: DatasetCore): DatasetCore {
  const values = row.values ?? {}
  return { ...base, ...Object.fromEntries(coreFields.filter((field) => Object.hasOwn(values, field)).map((field) => [field, values[field]])) }
}

/** The rows of the revision's version. */
export async function changedRows(change: DatasetChange): Promise<ChangedRow[]> {
  const { after } = change
  return [
    ...(change.isCoreChanged ? [coreRow(after.id, after)] : []),
    ...(await mapInTurns(change.resources, ({ id, state, stamp: _, ...values }) => ({ kind: 'resource', id, state, values }) as const)),
    ...change.tags.map(({ id, state, name }) => ({ kind: 'tag', id, state, values: { name } }) as const),
    ...change.extras.map(({ id, state, key, value }) => ({ kind: 'extra', id, state, values: { key, value } }) as const),
    ...change.memberships.map(({ groupId, state }) => ({ kind: 'membership', id: groupId, state }) as const),
  ]
}

async function planResources(before: readonly Resource[], wanted: readonly ResourceDraft[], stamp: Stamp): Promise<Resource[]> {
  const known = new Map(before.map((one) => [one.id, one]))
  const kept = new Set<string>()
  const after = await mapInTurns(wanted, (draft, position): Resource => {
    const id = draft.id ?? newId()
    const stored = known.get(id)
    kept.add(id)
    if (stored && stored.state === 'active' && stored.position === position && sameFields(stored, draft)) return stored
    return { ...draft, id, position, state: 'active', stamp, createdAt: stored?.createdAt ?? stamp.at, modifiedAt: stamp.at }
  })
  return [...after, ...before.filter((one) => !kept.has(one.id)).map((one) => deleted(one, stamp))]
}

/** The extras after a change; unchanged extras are the same objects. */
export function planExtras(before: readonly Extra[], wanted: ReadonlyMap<string, string>, stamp: Stamp): Extra[] {
  const known = new Set(before.map((one) => one.key))
  const after = before.map((one): Extra => {
    const value = wanted.get(one.key)
    if (value === undefined) return deleted(one, stamp)
    return one.state === 'active' && one.value === value ? one : { ...one, value, state: 'active', stamp }
  })
  const added = [...wanted]
    .filter(([key]) => !known.has(key))
    .map(([key, value]): Extra => ({ id: randomUUID(), key, value, state: 'active', stamp }))
  return [...after, ...added]
}

interface PartPlan<W, P> {
  readonly key: (part: W | P) => string
  readonly stamp: Stamp
  readonly make: (wanted: W) => P
}

/** Parts without values of their own: tags and memberships. */
function planParts<W, P extends W & { state: PartState; stamp: Stamp }>(
  before: readonly P[],
  wanted: readonly W[],
  { key, stamp, make }: PartPlan<W, P>,
): P[] {
  const wantedKeys = new Set(wanted.map(key))
  const knownKeys = new Set(before.map(key))
  const after = before.map((one): P => {
    if (!wantedKeys.has(key(one))) return deleted(one, stamp)
    return one.state === 'active' ? one : { ...one, state: 'active', stamp }
  })
  return [...after, ...wanted.filter((one) => !knownKeys.has(key(one))).map(make)]
}

const deleted = <P extends { state: string; stamp: Stamp }>(part: P, stamp: Stamp): P =>
  part.state === 'deleted' ? part : { ...part, state: 'deleted', stamp }

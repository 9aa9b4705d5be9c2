import { randomUUID } from 'node:crypto'
import type { Resource } from '../resource/resource.ts'
import type { Stamp } from '../revision/revision.ts'
import type { DatasetVisibility } from '../visibility.ts'

/** Texts that an editor may set freely: their name here, and in tables and documents. */
export const datasetTexts = {
  version: 'version',
  url: 'url',
  author: 'author',
  authorEmail: 'author_email',
  maintainer: 'maintainer',
  maintainerEmail: 'maintainer_email',
  notes: 'notes',
  licenseId: 'license_id',
} as const

export type DatasetText = keyof typeof datasetTexts

export const datasetTextNames: readonly DatasetText[] = [
  'version',
  'url',
  'author',
  'authorEmail',
  'maintainer',
  'maintainerEmail',
  'notes',
  'licenseId',
]

export type DatasetTexts = { readonly [K in DatasetText]: string | null }

/** The texts alone, whatever else the object has; `changes` override them. */
export const pickTexts = (texts: DatasetTexts, changes: Partial<DatasetTexts> = {}): DatasetTexts => ({
  version: changes.version ?? texts.version,
  url: changes.url ?? texts.url,
  author: changes.author ?? texts.author,
  authorEmail: changes.authorEmail ?? texts.authorEmail,
  maintainer: changes.maintainer ?? texts.maintainer,
  maintainerEmail: changes.maintainerEmail ?? texts.maintainerEmail,
  notes: changes.notes ?? texts.notes,
  licenseId: changes.licenseId ?? texts.licenseId,
})

/** `pending`: a first version that waits for approval; `draft`: not finished, visible to those who may edit it. See `visibility.ts`. */
export type DatasetState = 'active' | 'deleted' | 'pending' | 'draft'

export const datasetStates: readonly DatasetState[] = ['active', 'deleted', 'pending', 'draft']

/** The core of a dataset: what its own revision is about. */
export interface DatasetCore extends DatasetTexts {
  readonly name: string
  readonly title: string
  readonly type: string
  readonly state: DatasetState
  readonly isPrivate: boolean
  /** Readable, but in no list and no search. */
  readonly isUnlisted: boolean
  /** Number of the organization that owns it. */
  readonly ownerOrgNo: number | null
}

/** State of a part of a dataset. Deleted parts are kept and may come back. */
export type PartState = 'active' | 'deleted' | 'pending'

export interface DatasetTag {
  readonly no: number
  readonly id: string
  readonly name: string
  readonly state: PartState
  readonly stamp: Stamp
}

export interface Extra {
  readonly id: string
  readonly key: string
  readonly value: string
  readonly state: PartState
  readonly stamp: Stamp
}

/** The membership of a dataset in a group. */
export interface Membership {
  readonly groupNo: number
  readonly groupId: string
  readonly groupName: string
  /** A deleted group keeps its members, but they are not found by its name. */
  readonly isGroupActive: boolean
  readonly state: PartState
  readonly stamp: Stamp
}

/** A link between two datasets, in its forward form. */
export interface DatasetRelationship {
  readonly id: string
  readonly subjectId: string
  readonly objectId: string
  readonly type: string
  readonly comment: string
  readonly state: string
  readonly stamp: Stamp
}

/** A dataset with everything that belongs to it, as it is now. */
export interface Dataset extends DatasetCore, DatasetVisibility {
  readonly name: string
  readonly state: DatasetState
  readonly isPrivate: boolean
  readonly isUnlisted: boolean
  readonly ownerOrgNo: number | null
  readonly ownerOrgId: string | null
  readonly resourceGroupId: string
  /** The last revision that changed the core. */
  readonly stamp: Stamp
  readonly createdAt: number
  /** Grows with every change of the dataset or of its parts. */
  readonly modifiedAt: number
  /** All parts, deleted ones included: `activeParts` leaves those out. */
  readonly resources: readonly Resource[]
  readonly tags: readonly DatasetTag[]
  readonly extras: readonly Extra[]
  readonly memberships: readonly Membership[]
  readonly relationships: readonly DatasetRelationship[]
}

/** A dataset with its finished text (see `package-json.ts`); empty where nothing is stored yet. */
export interface StoredDataset extends Dataset {
  readonly document: string
}

/** The parts that are not deleted. */
export const activeParts = <P extends { readonly state: string }>(parts: readonly P[]): P[] => parts.filter((part) => part.state !== 'deleted')

/** A dataset that is not stored yet. */
export function newDataset(values: {
  id: string
  name: string
  creatorId: string | null
  sourceId: string | null
  resourceGroupId?: string | undefined
  now: number
}): StoredDataset {
  return {
    no: 0,
    id: values.id,
    name: values.name,
    title: values.name,
    version: null,
    url: null,
    author: null,
    authorEmail: null,
    maintainer: null,
    maintainerEmail: null,
    notes: null,
    licenseId: null,
    type: 'dataset',
    state: 'active',
    isPrivate: false,
    isUnlisted: false,
    ownerOrgNo: null,
    ownerOrgId: null,
    creatorId: values.creatorId,
    sourceId: values.sourceId,
    resourceGroupId: values.resourceGroupId ?? randomUUID(),
    stamp: { id: '', at: values.now },
    createdAt: values.now,
    modifiedAt: values.now,
    resources: [],
    tags: [],
    extras: [],
    memberships: [],
    relationships: [],
    document: '',
  }
}

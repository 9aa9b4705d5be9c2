import { randomUUID } from 'node:crypto'
import type { StoredDataset } from './dataset.ts'

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

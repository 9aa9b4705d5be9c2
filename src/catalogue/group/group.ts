import type { Stamp } from '../revision/revision.ts'

/** A collection of datasets; an organization is one that owns its datasets. */
export interface Group {
  readonly no: number
  readonly id: string
  readonly name: string
  readonly title: string
  readonly description: string
  readonly imageUrl: string
  readonly isOrganization: boolean
  readonly type: string
  readonly approvalStatus: string
  readonly state: 'active' | 'deleted' | 'pending'
  readonly creatorId: string | null
  readonly createdAt: number
  readonly stamp: Stamp
}

/** The title, or the name of a group that has none. */
export const displayName = ({ title, name }: Pick<Group, 'title' | 'name'>) => title || name

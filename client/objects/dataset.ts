import type { PlainRecord } from '../record.ts'
import { extras, flag, groups, key, tags, text } from './field.ts'
import { CkanObject, type Shape } from './object.ts'
import { type CkanResource, resources } from './resource.ts'

const SERVER_MADE = new Set([
  'ckan_url',
  'creator_user_id',
  'isopen',
  'license',
  'license_title',
  'license_url',
  'metadata_created',
  'metadata_modified',
  'num_resources',
  'num_tags',
  'organization',
  'ratings_average',
  'ratings_count',
  'revision_id',
  'revision_timestamp',
  'tracking_summary',
])

const DATASET: Shape = {
  fields: {
    id: key(),
    name: text(),
    title: text(),
    author: text(''),
    author_email: text(''),
    license_id: text(''),
    maintainer: text(''),
    maintainer_email: text(''),
    notes: text(''),
    owner_org: text(''),
    private: flag(false),
    state: text('active'),
    type: text('dataset'),
    url: text(''),
    version: text(''),
    extras: extras(),
    groups: groups(),
    resources: resources(),
    tags: tags(),
  },
  isServerMade: (name) => SERVER_MADE.has(name) || name.startsWith('relationships_as_'),
}

/** A dataset: what a CKAN calls package. */
export class CkanDataset extends CkanObject {
  declare id: string | null
  declare name: string | null
  declare title: string | null
  declare author: string | null
  declare author_email: string | null
  declare license_id: string | null
  declare maintainer: string | null
  declare maintainer_email: string | null
  declare notes: string | null
  /** Id or name of the organization. */
  declare owner_org: string | null
  declare private: boolean
  declare state: string | null
  declare type: string | null
  declare url: string | null
  declare version: string | null
  declare extras: PlainRecord
  /** Ids or names. */
  declare groups: string[]
  declare resources: CkanResource[]
  declare tags: string[]

  static {
    CkanObject.define(CkanDataset, DATASET)
  }

  constructor(values?: object) {
    super(DATASET, values)
  }

  clone(): CkanDataset {
    return new CkanDataset({ ...this.readonly }).adopt(this)
  }
}

import type { PlainRecord } from '../record.ts'
import { extras, flag, groups, key, tags, text } from './field.ts'
import { CkanObject, type Shape } from './object.ts'

const SERVER_MADE = new Set([
  'created',
  'display_name',
  'image_display_url',
  'num_followers',
  'package_count',
  'packages',
  'revision_id',
  'revision_timestamp',
  'tracking_summary',
  'users',
])

function shapeOf(type: 'group' | 'organization'): Shape {
  return {
    fields: {
      id: key(),
      name: text(),
      title: text(''),
      approval_status: text('approved'),
      description: text(''),
      image_url: text(''),
      is_organization: flag(type === 'organization'),
      state: text('active'),
      type: text(type),
      extras: extras(),
      groups: groups(),
      tags: tags(),
    },
    isServerMade: (name) => SERVER_MADE.has(name) || name.startsWith('relationships_as_'),
  }
}

/** What groups and organizations have in common. */
abstract class GroupLike extends CkanObject {
  declare id: string | null
  declare name: string | null
  declare title: string | null
  declare approval_status: string | null
  declare description: string | null
  declare image_url: string | null
  declare is_organization: boolean
  declare state: string | null
  declare type: string | null
  declare extras: PlainRecord
  /** Ids or names of the groups that this one belongs to. */
  declare groups: string[]
  declare tags: string[]
}

const GROUP = shapeOf('group')

/** A group of datasets. */
export class CkanGroup extends GroupLike {
  static {
    CkanObject.define(CkanGroup, GROUP)
  }

  constructor(values?: object) {
    super(GROUP, values)
  }

  clone(): CkanGroup {
    return new CkanGroup({ ...this.readonly }).adopt(this)
  }
}

const ORGANIZATION = shapeOf('organization')

/** A publisher, who owns datasets. */
export class CkanOrganization extends GroupLike {
  static {
    CkanObject.define(CkanOrganization, ORGANIZATION)
  }

  constructor(values?: object) {
    super(ORGANIZATION, values)
  }

  clone(): CkanOrganization {
    return new CkanOrganization({ ...this.readonly }).adopt(this)
  }
}

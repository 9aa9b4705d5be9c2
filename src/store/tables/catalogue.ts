import type { Generated } from 'kysely'

/** `state` of a row and the last revision that changed it. */
interface Stamped {
  state: string
  revision_id: string
  revision_at: number
}

interface RevisionTable {
  no: Generated<number>
  id: string
  at: number
  author: string
  message: string
  state: string
  approved_at: number | null
}

/** What one revision did to one dataset or group. */
interface VersionTable {
  /** `dataset` or `group`. */
  kind: string
  entity_no: number
  revision_no: number
  /** 1 when it counts in the thing's own list of revisions; memberships and relationships alone do not. */
  listed: number
  /** `active`, or `pending` while it waits for approval. */
  state: string
  /** JSON list of the changed rows as the revision left them. */
  content: string
}

interface CatalogueGroupTable extends Stamped {
  no: Generated<number>
  id: string
  name: string
  title: string
  title_folded: string
  description: string
  image_url: string
  is_organization: number
  type: string
  approval_status: string
  creator_id: string | null
  created_at: number
}

interface GroupExtraTable extends Stamped {
  id: string
  group_no: number
  key: string
  value: string
}

interface GroupRoleTable {
  group_no: number
  user_id: string
  /** `admin`, `editor` or `member`. */
  role: string
}

interface DatasetTable extends Stamped {
  no: Generated<number>
  id: string
  name: string
  title: string
  version: string | null
  url: string | null
  author: string | null
  author_email: string | null
  maintainer: string | null
  maintainer_email: string | null
  notes: string | null
  license_id: string | null
  type: string
  private: number
  unlisted: number
  /** 1: active, public and not unlisted, so lists and searches show it to every caller. */
  listed: number
  owner_org_no: number | null
  creator_id: string | null
  /** The source dataset whose flows publish it. */
  source_id: string | null
  resource_group_id: string
  /** The first 200 characters, for autocompletion. */
  title_folded: string
  created_at: number
  modified_at: number
  /** 1 when it may have memberships; avoids a query for datasets that have none. */
  in_groups: number
  /** The finished JSON text of `dataset-document.ts`. */
  document: string
}

/** The texts of a dataset in the form that is compared: field conditions look here. */
interface DatasetFoldedTable {
  dataset_no: number
  title: string
  version: string | null
  url: string | null
  author: string | null
  author_email: string | null
  maintainer: string | null
  maintainer_email: string | null
  notes: string | null
  license_id: string | null
}

interface ResourceTable extends Stamped {
  id: string
  dataset_no: number
  position: number
  url: string
  /** 1: `url` is a path of the hub itself, made absolute on output. */
  url_is_own: number
  url_type: string | null
  name: string | null
  description: string
  format: string
  /** Of `format_name`. */
  format_folded: string
  /** The one name of the format; `format` is as it was sent. */
  format_name: string
  name_folded: string | null
  description_folded: string
  hash: string | null
  mimetype: string | null
  size: number | null
  /** JSON object of all further keys, texts only. */
  rest: string
  /** Digest of an uploaded file in the file store. */
  digest: string | null
  file_name: string | null
  created_at: number
  modified_at: number
}

interface DatasetExtraTable extends Stamped {
  id: string
  dataset_no: number
  key: string
  value: string
  value_folded: string
}

interface TagTable {
  no: Generated<number>
  id: string
  name: string
  name_folded: string
}

interface DatasetTagTable extends Stamped {
  dataset_no: number
  tag_no: number
}

interface MembershipTable extends Stamped {
  group_no: number
  dataset_no: number
  capacity: string
}

interface RelationshipTable extends Stamped {
  id: string
  subject_no: number
  object_no: number
  type: string
  comment: string
}

interface RatingTable {
  dataset_no: number
  user_id: string
  rating: number
  at: number
}

export interface CatalogueTables {
  revision: RevisionTable
  version: VersionTable
  catalogue_group: CatalogueGroupTable
  group_extra: GroupExtraTable
  group_role: GroupRoleTable
  dataset: DatasetTable
  dataset_folded: DatasetFoldedTable
  resource: ResourceTable
  dataset_extra: DatasetExtraTable
  tag: TagTable
  dataset_tag: DatasetTagTable
  membership: MembershipTable
  relationship: RelationshipTable
  rating: RatingTable
}

import { exactJson } from '../../../base/json.ts'
import type { ShownDataset } from '../../../catalogue/dataset/read.ts'
import { licencesOf } from '../../../catalogue/licence/list.ts'
import type { RatingSummary } from '../../../catalogue/rating/store.ts'
import type { RelationshipView } from '../../../catalogue/relationship/relationship.ts'
import { fillSite } from '../../../catalogue/site-mark.ts'
import type { Config } from '../../../config.ts'
import { renderMarkdown } from '../../server/markdown.ts'
import { decodeExtras } from './group.ts'

/** A package and what only its flat form shows. */
export interface FlatPackage {
  readonly shown: ShownDataset
  readonly relationships: readonly RelationshipView[]
  readonly ratings: RatingSummary
}

type Whole = Record<string, unknown> & {
  tags: { name: string }[]
  extras: { key: string; value: string }[]
  resources: Record<string, unknown>[]
}

const sameKeys = [
  'id',
  'name',
  'title',
  'version',
  'url',
  'author',
  'author_email',
  'maintainer',
  'maintainer_email',
  'notes',
  'license_id',
  'state',
  'revision_id',
]

/** The flat form of API version 1: names instead of objects, extras as one object. */
export function presentFlat({ shown, relationships, ratings }: FlatPackage, config: Config): Record<string, unknown> {
  const whole = exactJson(fillSite(shown.dataset.document, config.siteUrl)) as Whole
  const { notes, name } = whole
  const [first] = whole.resources
  return {
    ...Object.fromEntries(sameKeys.map((key) => [key, whole[key]])),
    notes_rendered: typeof notes === 'string' ? renderMarkdown(notes) : '',
    license: licencesOf(config).get(shown.dataset.licenseId ?? '')?.title ?? null,
    tags: whole.tags.map((tag) => tag.name),
    groups: shown.groups.map((group) => group.name),
    extras: decodeExtras(whole.extras),
    resources: whole.resources.map(({ revision_id: _id, revision_timestamp: _at, state: _state, ...rest }) => rest),
    relationships,
    ratings_average: ratings.average,
    ratings_count: ratings.count,
    ...(first ? { download_url: first['url'] } : {}),
    ckan_url: `${config.siteUrl}/dataset/${name}`,
    metadata_created: whole['metadata_created'],
    metadata_modified: whole['metadata_modified'],
  }
}

import { compareTexts } from '../../base/code-points.ts'
import { stringifyInTurns } from '../../store/turns.ts'
import type { Resource } from '../resource/resource.ts'
import { siteMark } from '../site-mark.ts'
import { timeText } from '../time-text.ts'
import { activeParts, type Dataset, type DatasetRelationship, type DatasetTag, type Extra } from './dataset.ts'

/**
 * The finished JSON text that is stored in a dataset's row, so that showing a dataset costs only a look-up by key. Its keys are those of
 * the Action API's package object. It lacks what changes without the dataset: groups, organization, what the licence means, the hub's address
 * (`siteMark` replaces it). They are added when the dataset is shown. The relationships must stay at the end: see `relationship/show.ts`.
 */
export async function renderDataset(dataset: Dataset): Promise<string> {
  const resources = activeParts(dataset.resources).sort((one, other) => one.position - other.position)
  const tags = activeParts(dataset.tags).sort((one, other) => compareTexts(one.name, other.name))
  const extras = activeParts(dataset.extras).sort((one, other) => compareTexts(one.key, other.key))
  const head = JSON.stringify({
    id: dataset.id,
    name: dataset.name,
    title: dataset.title,
    version: dataset.version,
    url: dataset.url,
    author: dataset.author,
    author_email: dataset.authorEmail,
    maintainer: dataset.maintainer,
    maintainer_email: dataset.maintainerEmail,
    notes: dataset.notes,
    license_id: dataset.licenseId,
    state: dataset.state,
    type: dataset.type,
    private: dataset.isPrivate,
    owner_org: dataset.ownerOrgId,
    creator_user_id: dataset.creatorId,
    revision_id: dataset.stamp.id,
    revision_timestamp: timeText(dataset.stamp.at),
    metadata_created: timeText(dataset.createdAt),
    metadata_modified: timeText(dataset.modifiedAt),
    num_resources: resources.length,
    num_tags: tags.length,
  })
  const lists = {
    resources: await stringifyInTurns(resources, (one) => shapeResource(one, dataset)),
    tags: await stringifyInTurns(tags, shapeTag),
    extras: await stringifyInTurns(extras, (one) => shapeExtra(one, dataset)),
  }
  const end = JSON.stringify({
    relationships_as_subject: dataset.relationships.filter((one) => one.subjectId === dataset.id && one.state !== 'deleted').map(shapeRelationship),
    relationships_as_object: dataset.relationships.filter((one) => one.objectId === dataset.id && one.state !== 'deleted').map(shapeRelationship),
  })
  return `${head.slice(0, -1)},"resources":${lists.resources},"tags":${lists.tags},"extras":${lists.extras},${end.slice(1)}`
}

/** Keys that every resource shows, whatever was sent. */
const alwaysThere = { mimetype_inner: null, resource_type: null, cache_url: null, cache_last_updated: null, last_modified: null }

/** One resource in the form of the text; own addresses begin with `siteMark`. */
export function shapeResource(resource: Resource, dataset: Pick<Dataset, 'id' | 'resourceGroupId'>): Record<string, unknown> {
  return {
    ...alwaysThere,
    ...resource.rest,
    id: resource.id,
    package_id: dataset.id,
    resource_group_id: dataset.resourceGroupId,
    url: resource.isOwnUrl ? siteMark + resource.url : resource.url,
    url_type: resource.urlType,
    name: resource.name,
    description: resource.description,
    format: resource.format,
    hash: resource.hash,
    mimetype: resource.mimetype,
    size: resource.size ?? resource.rest['size'] ?? null,
    position: resource.position,
    state: resource.state,
    created: timeText(resource.createdAt),
    metadata_modified: timeText(resource.modifiedAt),
    revision_id: resource.stamp.id,
    revision_timestamp: timeText(resource.stamp.at),
    datastore_active: false,
  }
}

const shapeTag = (tag: DatasetTag) => ({
  id: tag.id,
  name: tag.name,
  display_name: tag.name,
  vocabulary_id: null,
  state: tag.state,
  revision_timestamp: timeText(tag.stamp.at),
})

const shapeExtra = (extra: Extra, dataset: Dataset) => ({
  id: extra.id,
  package_id: dataset.id,
  key: extra.key,
  value: extra.value,
  state: extra.state,
  revision_id: extra.stamp.id,
  revision_timestamp: timeText(extra.stamp.at),
})

const shapeRelationship = (one: DatasetRelationship) => ({
  id: one.id,
  subject_package_id: one.subjectId,
  object_package_id: one.objectId,
  type: one.type,
  comment: one.comment,
  state: one.state,
  revision_id: one.stamp.id,
  revision_timestamp: timeText(one.stamp.at),
})

import type { ShownDataset } from '../../../catalogue/dataset/read.ts'
import { displayName, type Group } from '../../../catalogue/group/group.ts'
import { isOpen } from '../../../catalogue/licence/licence.ts'
import { licencesOf } from '../../../catalogue/licence/list.ts'
import { fillSite } from '../../../catalogue/site-mark.ts'
import { timeText } from '../../../catalogue/time-text.ts'
import type { Config } from '../../../config.ts'
import { JsonText } from '../json-text.ts'

/** A package: the finished text, and the current licence, organization and groups. */
export function presentPackage({ dataset, groups, organization }: ShownDataset, config: Config): JsonText {
  const owner = organization ? JSON.stringify(presentOwner(organization)) : 'null'
  const inGroups = groups.length === 0 ? '[]' : JSON.stringify(groups.map(presentGroupOfPackage))
  const rest = fillSite(dataset.document, config.siteUrl).slice(1)
  return new JsonText(`{${licenceText(config, dataset.licenseId)},"organization":${owner},"groups":${inGroups},${rest}`)
}

const licenceTexts = new WeakMap<Config, Map<string | null, string>>()

/** The licence keys of a package, cached by licence id. */
function licenceText(config: Config, id: string | null): string {
  let texts = licenceTexts.get(config)
  if (!texts) {
    texts = new Map()
    licenceTexts.set(config, texts)
  }
  const known = texts.get(id)
  if (known !== undefined) return known
  const licence = id === null ? undefined : licencesOf(config).get(id)
  const url = licence?.url ? `,"license_url":${JSON.stringify(licence.url)}` : ''
  const text = `"isopen":${isOpen(licence)},"license_title":${JSON.stringify(licence?.title ?? id)}${url}`
  // Users may invent licence ids, so only those of the list are cached.
  if (licence || id === null) texts.set(id, text)
  return text
}

const presentOwner = (group: Group) => ({
  id: group.id,
  name: group.name,
  title: group.title,
  type: group.type,
  description: group.description,
  image_url: group.imageUrl,
  created: timeText(group.createdAt),
  is_organization: group.isOrganization,
  approval_status: group.approvalStatus,
  state: group.state,
})

const presentGroupOfPackage = (group: Group) => ({
  id: group.id,
  name: group.name,
  title: group.title,
  display_name: displayName(group),
  description: group.description,
  image_display_url: group.imageUrl,
  created: timeText(group.createdAt),
  state: group.state,
  revision_id: group.stamp.id,
})

import type { KeptDataset } from '../../../catalogue/dataset/store.ts'
import type { Licence } from '../../../catalogue/licence/licence.ts'
import type { ShownRevision } from '../../../catalogue/revision/read.ts'
import type { Revision } from '../../../catalogue/revision/revision.ts'
import type { Tag } from '../../../catalogue/tag/list-store.ts'
import { timeText, timeTextOrNull } from '../../../catalogue/time-text.ts'

const coreKeys = [
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

/** The core of a package: single fields without its parts. */
export function presentCore({ document }: Pick<KeptDataset, 'document'>): Record<string, unknown> {
  const whole: Record<string, unknown> = JSON.parse(document)
  return Object.fromEntries(coreKeys.map((key) => [key, whole[key]]))
}

export const presentRevision = (revision: Revision) => ({
  id: revision.id,
  timestamp: timeText(revision.at),
  message: revision.message,
  author: revision.author,
  approved_timestamp: timeTextOrNull(revision.approvedAt),
})

export const presentWholeRevision = ({ revision, datasets, groups }: ShownRevision) => ({ ...presentRevision(revision), packages: datasets, groups })

export const presentTag = ({ id, name }: Tag) => ({ id, name, display_name: name, vocabulary_id: null })

export const presentLicence = (licence: Licence) => ({
  id: licence.id,
  title: licence.title,
  url: licence.url,
  is_okd_compliant: licence.isOpenData,
  is_osi_compliant: licence.isOpenSource,
  status: 'active',
  family: '',
  maintainer: '',
  tags: [],
  date_created: '2011-09-07T00:00:00.000000',
  domain_content: licence.isOpenData,
  domain_data: licence.isOpenData,
  domain_software: licence.isOpenSource,
  is_generic: licence.id.startsWith('other-'),
})

import { writeGroup } from '../high-level/kind.ts'
import { replacementOf } from '../high-level/merge.ts'
import type { CkanLowLevelClient } from '../low-level/low-level.ts'
import { CkanDataset } from '../objects/dataset.ts'
import { CkanGroup, CkanOrganization } from '../objects/group.ts'
import { isRecord, type PlainRecord, sameJson } from '../record.ts'
import type { KindName } from './kinds.ts'

/** How a record of a dump is written into a catalogue. */
export interface Writing {
  /** Whether the stored record is already what the given one says. Throws a TypeError for a value of a wrong type. */
  isSame(record: PlainRecord, stored: PlainRecord): boolean
  create(client: CkanLowLevelClient, record: PlainRecord): Promise<PlainRecord>
  update(client: CkanLowLevelClient, record: PlainRecord, stored: PlainRecord): Promise<PlainRecord>
}

const dataset: Writing = {
  isSame: (record, stored) => new CkanDataset(portable(record, stored)).diff(new CkanDataset(stored), { ignoreFilled: true }).length === 0,
  create: (client, record) => client.createDataset(portable(record, {})),
  update: (client, record, stored) => client.updateDataset({ ...portable(record, stored), id: stored['id'] }),
}

function groupWriting(prefix: 'group' | 'organization'): Writing {
  const build = (record: PlainRecord) => (prefix === 'group' ? new CkanGroup(record) : new CkanOrganization(record))
  return {
    isSame: (record, stored) => build(record).diff(build(stored)).length === 0,
    create(client, record) {
      const payload = build(record).toPayload()
      return prefix === 'group' ? client.createGroup(payload) : client.createOrganization(payload)
    },
    /** Members and datasets stay as they are. */
    update: (client, record, stored) => writeGroup(client, prefix, { ...replacementOf(build(record), build(stored)), id: stored['id'] }),
  }
}

const USER_FIELDS = ['name', 'fullname', 'email', 'about', 'image_url', 'sysadmin', 'state', 'password_hash']

/** What a user record says, without what the catalogue counts and shows beside it. */
function userFields(record: PlainRecord): PlainRecord {
  return Object.fromEntries(Object.entries(record).filter(([key, value]) => USER_FIELDS.includes(key) && value !== null))
}

const user: Writing = {
  isSame: (record, stored) => Object.entries(userFields(record)).every(([key, value]) => sameJson(value || null, stored[key] || null)),
  create: (client, record) => client.action('user_create', { ...userFields(record), id: record['id'] }),
  update: (client, record, stored) => client.action('user_update', { ...userFields(stored), ...userFields(record), id: stored['id'] }),
}

/** How the records of each kind are written. */
export const writings: Readonly<Record<KindName, Writing>> = {
  datasets: dataset,
  groups: groupWriting('group'),
  organizations: groupWriting('organization'),
  users: user,
}

/** A dataset without what means something in the catalogue that it came from only: an uploaded file stays one only where it is stored. */
function portable(record: PlainRecord, stored: PlainRecord): PlainRecord {
  const { resources } = record
  if (!Array.isArray(resources)) return record
  const types = new Map(recordsIn(stored['resources']).map((resource) => [resource['id'], resource['url_type']]))
  return { ...record, resources: resources.map((resource: unknown) => (isRecord(resource) ? portableResource(resource, types) : resource)) }
}

function portableResource(
  { url_type: type, revision_id: _revision, ...resource }: PlainRecord,
  storedTypes: ReadonlyMap<unknown, unknown>,
): PlainRecord {
  const isStored = type !== undefined && storedTypes.get(resource['id']) === type
  return isStored ? { ...resource, url_type: type } : resource
}

function recordsIn(list: unknown): PlainRecord[] {
  return Array.isArray(list) ? list.filter(isRecord) : []
}

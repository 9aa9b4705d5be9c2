import { CkanDataset } from '../objects/dataset.ts'
import { extrasToRecord } from '../objects/extras.ts'
import type { CkanGroup, CkanOrganization } from '../objects/group.ts'
import { copyJson, type PlainRecord, sameJson } from '../record.ts'

/** What has an id and a name, and is written as a whole. */
export type Stored = CkanDataset | CkanGroup | CkanOrganization

/** The whole record for an update: all fields of the object, and the keys of the stored one that the object does not know. */
export function replacementOf(object: Stored, stored: Stored): PlainRecord {
  const payload: PlainRecord = { ...stored.other, ...object.toPayload() }
  // Left out, a field keeps its value on some servers; emptied it is on all of them.
  for (const { field, expected } of object.diff(stored)) if (expected === null && object.isField(field)) payload[field] = ''
  if (Array.isArray(payload['tags']) && object.vocabularyTags.length === 0) payload['tags'] = [...stored.vocabularyTags, ...payload['tags']]
  if (object instanceof CkanDataset && stored instanceof CkanDataset) payload['resources'] = mergeResources(object, stored)
  return payload
}

function mergeResources(object: CkanDataset, stored: CkanDataset): PlainRecord[] {
  const known = new Map(stored.resources.map((resource) => [resource.id, resource.other]))
  return new CkanDataset({ resources: object.toJSON()['resources'] }).resources.map((resource) => ({
    ...(resource.id === null ? {} : known.get(resource.id)),
    ...resource.toPayload(),
  }))
}

/** Values to write over a record. */
export interface Changes {
  /** Holds the new values. */
  object: Stored
  /** The fields and other keys that count. */
  names: string[]
  /** Extras that the changes started from: one that is no longer there gets removed. */
  extrasBefore: PlainRecord
}

/** What was changed in an object since it was made. */
export function changesIn(object: Stored): Changes {
  return { object, names: object.modifiedFields(), extrasBefore: extrasToRecord(object.initialValue('extras')) }
}

/** All that a plain record gives, as changes; nothing else is touched. */
export function changesOf(object: Stored, values: object): Changes {
  const names = Object.keys(values).filter((name) => name !== 'id' && (object.isField(name) || Object.hasOwn(object.other, name)))
  return { object, names, extrasBefore: {} }
}

/** Puts changes upon the stored record: whole fields, extras key by key. */
export function applyChanges({ object, names, extrasBefore }: Changes, target: Stored): void {
  const values = object.toJSON()
  for (const name of names) {
    if (name === 'extras') changeExtras(extrasBefore, object.extras, target.extras)
    else if (object.isField(name)) Object.assign(target, { [name]: values[name] })
    else if (Object.hasOwn(object.other, name)) target.other[name] = copyJson(object.other[name])
    else delete target.other[name]
  }
}

function changeExtras(before: PlainRecord, after: PlainRecord, target: PlainRecord): void {
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) delete target[key]
  for (const [key, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, key) || !sameJson(before[key], value)) target[key] = copyJson(value)
  }
}

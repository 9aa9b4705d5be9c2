import type { FieldErrors } from '../errors.ts'
import { checkName, readExtras } from './dataset-input.ts'
import { badStructure, type FieldReader, isObject, missingValue, plainText, textObjection } from './field-reader.ts'

/** What an input says about a group, field by field; undefined where it says nothing. */
export interface GroupInput {
  readonly name: string | undefined
  readonly title: string | undefined
  readonly description: string | undefined
  readonly imageUrl: string | undefined
  readonly type: string | undefined
  readonly state: 'active' | 'deleted' | undefined
  /** Value by key; null deletes the key. */
  readonly extras: ReadonlyMap<string, string | null> | undefined
  /** Ids or names of datasets, aligned with the input. */
  readonly datasets: readonly string[] | undefined
}

/** Reads a group from outside. The reader keeps what is wrong; derived and unknown keys are passed over. */
export function readGroup(reader: FieldReader): GroupInput {
  const name = reader.text('name')
  if (name === '') reader.fail('name', missingValue)
  else if (name !== undefined) checkName(reader, name)
  const state = reader.raw('state')
  return {
    name,
    title: reader.text('title'),
    description: reader.text('description'),
    imageUrl: reader.text('image_url', 2000),
    type: reader.text('type', 100),
    state: state === 'active' || state === 'deleted' ? state : undefined,
    extras: readExtras(reader),
    datasets: readDatasets(reader),
  }
}

function readDatasets(reader: FieldReader): string[] | undefined {
  const list = reader.list('packages')
  if (!list) return undefined
  const refs: string[] = []
  const errors = list.map((item): FieldErrors => {
    if (!isObject(item) && typeof item !== 'string') throw badStructure('packages')
    const ref = plainText(isObject(item) ? (item['id'] ?? item['name']) : item)
    refs.push(ref ?? '')
    if (ref === undefined || ref === '') return { id: [missingValue] }
    const objection = textObjection(ref)
    return objection ? { id: [objection] } : {}
  })
  reader.failItems('packages', errors)
  return refs
}

import type { FieldErrors } from '../errors.ts'
import { type Dataset, type DatasetState, type DatasetText, datasetStates, datasetTextNames, datasetTexts } from './dataset.ts'
import { badStructure, FieldReader, isObject, missingValue, plainText, textObjection } from './field-reader.ts'
import { type ResourceInput, readResource } from './resource-input.ts'

/** What an input says about a dataset, field by field; undefined where it says nothing. */
export interface DatasetInput {
  readonly name: string | undefined
  readonly title: string | undefined
  readonly texts: Readonly<Partial<Record<DatasetText, string>>>
  readonly type: string | undefined
  readonly state: DatasetState | undefined
  readonly isPrivate: boolean | undefined
  /** Id or name of an organization; empty for none. */
  readonly ownerOrg: string | undefined
  readonly resources: readonly ResourceInput[] | undefined
  readonly tags: readonly string[] | undefined
  /** Value by key; null deletes the key. */
  readonly extras: ReadonlyMap<string, string | null> | undefined
  /** Ids or names. */
  readonly groups: readonly string[] | undefined
}

const shortText = new Set<DatasetText>(['version'])
const maxShort = 100

/** What reading a dataset takes beside the input. */
export interface DatasetReading {
  readonly siteUrl: string
  /** The dataset as it is: rules that came later do not apply to values that stay as they are. */
  readonly stored?: Dataset | undefined
}

/** Reads a dataset from outside. The reader keeps what is wrong; derived and unknown keys are passed over. */
export function readDataset(reader: FieldReader, reading: DatasetReading): DatasetInput {
  const texts = datasetTextNames.map((name) => [name, reader.text(datasetTexts[name], shortText.has(name) ? maxShort : undefined)] as const)
  return {
    name: readName(reader),
    title: reader.text('title'),
    texts: Object.fromEntries(texts.filter(([, value]) => value !== undefined)),
    type: reader.text('type', maxShort),
    state: readState(reader),
    isPrivate: reader.flag('private'),
    ownerOrg: reader.text('owner_org'),
    resources: readResources(reader, reading),
    tags: readTags(reader),
    extras: readExtras(reader),
    groups: readGroups(reader),
  }
}

/** The rule for names of datasets and groups. */
export function checkName(reader: FieldReader, name: string): void {
  if (name.length < 2) reader.fail('name', 'Must be at least 2 characters long')
  else if (name.length > 100) reader.fail('name', 'Must not be longer than 100 characters')
  if (!/^[a-z0-9_-]*$/.test(name)) reader.fail('name', 'Must be of lower-case letters a-z, digits, - and _ only')
}

function readName(reader: FieldReader): string | undefined {
  const name = reader.text('name')
  if (name === undefined) return undefined
  if (name === '') reader.fail('name', missingValue)
  else checkName(reader, name)
  return name
}

function readState(reader: FieldReader): DatasetState | undefined {
  const text = reader.text('state')
  const known = datasetStates.find((state) => state === text)
  if (text && !known) reader.fail('state', `Must be one of ${datasetStates.join(', ')}`)
  return known
}

function readResources(reader: FieldReader, { siteUrl, stored }: DatasetReading): ResourceInput[] | undefined {
  const known = new Map(stored?.resources.map((one) => [one.id, one]))
  const resources = reader.objects('resources')?.map((item) => readResource(item, { siteUrl, stored: known.get(String(item['id'])) }))
  if (!resources) return undefined
  const given = new Set<string>()
  const errors = resources.map(({ id, fields, errors: own }): FieldErrors => {
    const found = { ...own }
    if ((fields.url ?? '') === '' && !found['url']) found['url'] = [missingValue]
    if (id !== undefined && given.has(id)) found['id'] = ['Is there twice']
    if (id !== undefined) given.add(id)
    return found
  })
  reader.failItems('resources', errors)
  return resources
}

const tagName = /^[\p{L}\p{M}\p{N} _.-]*$/u

/** What is wrong with a tag's name, if anything. */
export function tagObjection(name: string): string | undefined {
  const length = [...name].length
  if (length < 2 || length > 100) return 'Must be 2 to 100 characters long'
  return tagName.test(name) && name.trim() !== '' ? undefined : 'Must be of letters, digits, blanks, _, - and . only'
}

function readTags(reader: FieldReader): string[] | undefined {
  const list = reader.list('tags')
  if (!list) return undefined
  const names: string[] = []
  const errors = list.map((item): FieldErrors => {
    const value = isObject(item) ? item['name'] : item
    if (!isObject(item) && typeof item !== 'string') throw badStructure('tags')
    const name = plainText(value)
    if (name === undefined || name === '') return { name: [value === undefined || value === null || value === '' ? missingValue : 'Must be a text'] }
    const objection = textObjection(name) ?? tagObjection(name)
    if (!objection) names.push(name)
    return objection ? { name: [objection] } : {}
  })
  reader.failItems('tags', errors)
  return [...new Set(names)]
}

const maxKeyLength = 300

/** Reads a list of keys and values. */
export function readExtras(reader: FieldReader): Map<string, string | null> | undefined {
  const list = reader.objects('extras')
  if (!list) return undefined
  const extras = new Map<string, string | null>()
  const errors = list.map((item): FieldErrors => {
    const fields = new FieldReader(item)
    const key = fields.text('key', maxKeyLength)
    if (key === undefined && !fields.errors['key']) fields.fail('key', missingValue)
    if (key === '') fields.fail('key', missingValue)
    if (!Object.hasOwn(item, 'value') && fields.flag('deleted') !== true) fields.fail('value', missingValue)
    const value = extraText(fields.raw('value'))
    const objection = value === null ? undefined : textObjection(value)
    if (objection) fields.fail('value', objection)
    if (key !== undefined) extras.set(key, fields.flag('deleted') === true ? null : value)
    return fields.errors
  })
  reader.failItems('extras', errors)
  return extras
}

/** An extra's value is an opaque text; other values are kept as their JSON text. */
export function extraText(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function readGroups(reader: FieldReader): string[] | undefined {
  const list = reader.list('groups')
  if (!list) return undefined
  const refs: string[] = []
  const errors = list.map((item): FieldErrors => {
    if (!isObject(item) && typeof item !== 'string') throw badStructure('groups')
    const ref = plainText(isObject(item) ? (item['id'] ?? item['name']) : item)
    if (ref === undefined || ref === '') return { id: [missingValue] }
    const objection = textObjection(ref)
    if (objection) return { id: [objection] }
    refs.push(ref)
    return {}
  })
  reader.failItems('groups', errors)
  return [...new Set(refs)]
}

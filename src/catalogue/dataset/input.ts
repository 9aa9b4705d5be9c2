import type { FieldErrors } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { limits } from '../../base/limits.ts'
import { mapInTurns } from '../../store/turns.ts'
import { badStructure, checkEntries, FieldReader, type Input, isLonger, missingValue, plainText, textObjection, tooLong } from '../field-reader.ts'
import { type ResourceInput, readResource } from '../resource/input.ts'
import { type Dataset, type DatasetState, type DatasetText, datasetStates, datasetTextNames, datasetTexts, type Extra } from './dataset.ts'

/** The fields of a dataset in an input; undefined where the input does not have the field. */
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
  /** Tags that are added to those. */
  readonly moreTags: readonly string[]
  /** Value by key; null deletes the key. */
  readonly extras: ReadonlyMap<string, string | null> | undefined
  /** Ids or names. */
  readonly groups: readonly string[] | undefined
}

const maxShortLength = 100

/** Characters of a text of a dataset. */
const maxText: Readonly<Record<DatasetText, number>> = {
  version: maxShortLength,
  url: limits.text.address,
  author: limits.text.line,
  authorEmail: limits.text.line,
  maintainer: limits.text.line,
  maintainerEmail: limits.text.line,
  notes: limits.text.long,
  licenseId: limits.text.line,
}

/** What reading a dataset needs in addition to the input. */
export interface DatasetReading {
  readonly siteUrl: string
  /** The stored dataset: rules that are newer than a value do not apply while it stays unchanged. */
  readonly stored?: Dataset | undefined
}

/** Reads a dataset from an input. The reader collects the errors; derived and unknown keys are ignored. */
export async function readDataset(reader: FieldReader, reading: DatasetReading): Promise<DatasetInput> {
  const { stored } = reading
  const texts = datasetTextNames.map((name) => [name, reader.text(datasetTexts[name], maxText[name], stored?.[name])] as const)
  return {
    name: readName(reader, stored?.name),
    title: reader.text('title', limits.text.line, stored?.title),
    texts: Object.fromEntries(texts.filter(([, value]) => value !== undefined)),
    type: reader.text('type', maxShortLength),
    state: readState(reader),
    isPrivate: reader.flag('private'),
    ownerOrg: reader.text('owner_org', limits.text.line),
    resources: await readResources(reader, reading),
    tags: readTags(reader),
    moreTags: readTagString(reader),
    extras: readExtras(reader, stored?.extras),
    groups: readGroups(reader),
  }
}

/** Names that would collide with addresses; CKAN reserves them as well. Stored names that are older than the rule stay valid. */
const reservedNames = new Set(['new', 'edit', 'search'])

/** The errors of a new name of a dataset or group. */
export function nameObjections(name: string): string[] {
  if (reservedNames.has(name)) return ['That name cannot be used; choose another']
  const length = name.length < 2 ? 'Must be at least 2 characters long' : name.length > 100 ? 'Must not be longer than 100 characters' : undefined
  const letters = /^[a-z0-9_-]*$/.test(name) ? undefined : 'Must be of lower-case letters a-z, digits, - and _ only'
  return [length, letters].filter((one) => one !== undefined)
}

/** The name of a dataset or group; an unchanged name is not checked. */
export function readName(reader: FieldReader, stored: string | undefined): string | undefined {
  const name = reader.text('name')
  if (name === undefined || name === stored) return name
  for (const objection of name === '' ? [missingValue] : nameObjections(name)) reader.fail('name', objection)
  return name
}

function readState(reader: FieldReader): DatasetState | undefined {
  const text = reader.text('state')
  const known = datasetStates.find((state) => state === text)
  if (text && !known) reader.fail('state', `Must be one of ${datasetStates.join(', ')}`)
  return known
}

async function readResources(reader: FieldReader, { siteUrl, stored }: DatasetReading): Promise<ResourceInput[] | undefined> {
  const known = new Map(stored?.resources.map((one) => [one.id, one]))
  const items = reader.objects('resources')
  if (!items) return undefined
  const resources = await mapInTurns(items, (item) => readResource(item, { siteUrl, stored: known.get(String(item['id'])) }))
  const given = new Set<string>()
  const errors = resources.map(({ id, fields, errors: own }): FieldErrors => {
    const found = { ...own }
    if ((fields.url ?? '') === '' && !found['url']) found['url'] = [missingValue]
    if (id !== undefined && given.has(id)) found['id'] = [`Duplicate id: ${id}`]
    if (id !== undefined) given.add(id)
    return found
  })
  reader.failItems('resources', errors)
  return resources
}

const tagName = /^[\p{L}\p{M}\p{N} _.-]*$/u

/** The error of a tag's name, if it has one. */
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
    if (isObject(item) && item['vocabulary_id']) return { vocabulary_id: ['This hub has no vocabularies: leave it out'] }
    const name = plainText(value)
    if (name === undefined || name === '') return { name: [value === undefined || value === null || value === '' ? missingValue : 'Must be a text'] }
    const objection = textObjection(name) ?? tagObjection(name)
    if (!objection) names.push(name)
    return objection ? { name: [objection] } : {}
  })
  reader.failItems('tags', errors)
  return [...new Set(names)]
}

/** As many tags as a dataset may have, with commas between. */
const maxTagString = limits.entries.tags * 102

/** Names with commas between them, as CKAN's forms send tags. */
function readTagString(reader: FieldReader): string[] {
  const names = (reader.text('tag_string', maxTagString) ?? '').split(',').map((name) => name.trim())
  const given = [...new Set(names.filter((name) => name !== ''))]
  checkEntries('tags', given)
  for (const name of given) {
    const objection = tagObjection(name)
    if (objection) reader.fail('tag_string', `${name}: ${objection}`)
  }
  return given
}

const maxKeyLength = 300

/** Reads a list of keys and values; `stored` are the present extras. */
export function readExtras(reader: FieldReader, stored: readonly Extra[] = []): Map<string, string | null> | undefined {
  const list = reader.objects('extras')
  if (!list) return undefined
  const known = new Map(stored.map((one) => [one.key, one.value]))
  const extras = new Map<string, string | null>()
  const given = new Set<string>()
  const errors = list.map((item): FieldErrors => {
    const fields = new FieldReader(item)
    const { key, value, isDeleted } = readExtra(fields, item, known)
    if (key !== undefined && !isDeleted && given.has(key)) {
      fields.fail('key', duplicateKey(key))
      reader.errors['extras_validation'] ??= [duplicateKey(key)]
    }
    if (key !== undefined && !isDeleted) given.add(key)
    if (key !== undefined && !(isDeleted && given.has(key))) extras.set(key, isDeleted ? null : value)
    return fields.errors
  })
  reader.failItems('extras', errors)
  return extras
}

const duplicateKey = (key: string) => `Duplicate key "${key}"`

function readExtra(fields: FieldReader, item: Input, known: ReadonlyMap<string, string>) {
  const key = fields.text('key', maxKeyLength)
  if (!key && !fields.errors['key']) fields.fail('key', missingValue)
  const isDeleted = fields.flag('deleted') === true
  if (!Object.hasOwn(item, 'value') && !isDeleted) fields.fail('value', missingValue)
  const value = extraText(fields.exact('value'))
  const objection = value === null || value === known.get(key ?? '') ? undefined : extraObjection(value)
  if (objection) fields.fail('value', objection)
  return { key, value, isDeleted }
}

const extraObjection = (value: string) => textObjection(value) ?? (isLonger(value, limits.text.long) ? tooLong(limits.text.long) : undefined)

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

import type { FieldErrors } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { FieldReader, type Input, isUuid, textObjection, valueObjection } from '../field-reader.ts'
import { badTime, isTimeText } from '../time-text.ts'
import { formatOf, typeOfLink } from './file-type.ts'
import { emptyResource, type Resource, type ResourceDraft, type ResourceFields } from './resource.ts'

/** Keys that the hub derives, or that have a meaning of their own; all other keys are stored as they are. */
const ownKeys = new Set([
  'id',
  'url',
  'url_type',
  'name',
  'description',
  'format',
  'hash',
  'mimetype',
  'size',
  'position',
  'state',
  'created',
  'metadata_modified',
  'revision_id',
  'revision_timestamp',
  'resource_group_id',
  'package_id',
  'datastore_active',
  'extras',
  'upload',
  'clear_upload',
  '__junk',
])

/** The fields of one resource in an input, and their errors. */
export interface ResourceInput {
  readonly id: string | undefined
  readonly fields: Partial<ResourceFields>
  readonly errors: FieldErrors
}

/** What reading a resource needs in addition to the input. */
export interface ResourceReading {
  /** Recognizes the hub's own addresses, which clients send back absolute. */
  readonly siteUrl: string
  /** The stored resource: rules that are newer than a value do not apply while it stays unchanged. */
  readonly stored?: Resource | undefined
}

export function readResource(input: Input, { siteUrl, stored }: ResourceReading): ResourceInput {
  const reader = new FieldReader(input)
  const id = reader.text('id')
  if (id && !isUuid(id)) reader.fail('id', 'Must be a UUID')
  const size = readSize(reader)
  const texts = {
    url: reader.text('url', limits.text.address),
    urlType: reader.text('url_type', limits.text.line, stored?.urlType),
    name: reader.text('name', limits.text.line, stored?.name),
    description: reader.text('description', limits.text.long, stored?.description),
    format: reader.text('format', 500),
    hash: reader.text('hash', limits.text.line, stored?.hash),
    mimetype: reader.text('mimetype'),
  }
  checkMediaType(reader, texts.mimetype, stored)
  checkPosition(reader)
  const rest = readRest(reader, input, stored)
  if (size.other !== undefined) rest.set('size', size.other)
  checkRest(reader, rest, stored)
  const given = Object.entries(texts).filter(([, value]) => value !== undefined)
  const url = texts.url === undefined ? {} : { isOwnUrl: false, url: withoutSite(texts.url, siteUrl) }
  return {
    id: id || undefined,
    fields: { ...Object.fromEntries(given), ...url, ...(size.number === undefined ? {} : { size: size.number }), rest: Object.fromEntries(rest) },
    errors: reader.errors,
  }
}

/** Positions come from the order of the list. Clients send back the one that they read: it is checked and ignored. */
function checkPosition(reader: FieldReader): void {
  const text = reader.text('position') ?? ''
  if (text !== '' && !/^\d{1,15}$/.test(text))
    reader.fail('position', 'Must be a whole number from 0 on, or left out: the order of the resources gives it')
}

/** Downloads send it as a header, so it must be a valid header value. More is not required: catalogues have many kinds of texts here. */
function checkMediaType(reader: FieldReader, mimetype: string | undefined, stored: Resource | undefined): void {
  if (mimetype === undefined || mimetype === stored?.mimetype || /^[\x20-\x7e]{0,255}$/.test(mimetype)) return
  reader.fail('mimetype', 'Must be a media type such as text/csv: at most 255 printable ASCII characters')
}

/** An address of this hub as a relative path. `siteMark`, which no input may contain, marks it. */
const ownMark = '\0'
const withoutSite = (url: string, siteUrl: string) => (url.startsWith(`${siteUrl}/`) ? `${ownMark}${url.slice(siteUrl.length)}` : url)

/** A number of bytes; any other value is stored as a further key, unchanged. */
function readSize(reader: FieldReader): { number?: number; other?: unknown } {
  const text = reader.text('size')
  if (text === undefined || text === '') return {}
  return /^\d{1,15}$/.test(text) ? { number: Number(text) } : { other: reader.exact('size') }
}

/** Further keys that are texts, whatever else may be sent under keys that the hub does not know. */
const furtherTexts = new Set(['mimetype_inner', 'resource_type', 'cache_url'])
const times = new Set(['last_modified', 'cache_last_updated'])

function readRest(reader: FieldReader, input: Input, stored: Resource | undefined): Map<string, unknown> {
  const rest = new Map<string, unknown>()
  for (const key of Object.keys(input)) {
    if (ownKeys.has(key) || reader.exact(key) === undefined) continue
    const value = furtherTexts.has(key) || times.has(key) ? reader.text(key) : reader.exact(key)
    const objection = textObjection(key) ?? valueObjection(value)
    if (objection) reader.fail(key, objection)
    else if (times.has(key) && value !== '' && value !== stored?.rest[key] && !isTimeText(value)) reader.fail(key, badTime)
    else if (value !== undefined) rest.set(key, value)
  }
  return rest
}

/** Further keys are stored as one JSON text, so their total size is limited. Values that are stored already may exceed the limit. */
function checkRest(reader: FieldReader, rest: ReadonlyMap<string, unknown>, stored: Resource | undefined): void {
  const added = [...rest].filter(([key, value]) => value !== stored?.rest[key])
  const length = added.reduce((sum, [key, value]) => sum + key.length + (typeof value === 'string' ? value : JSON.stringify(value)).length, 0)
  const max = limits.text.further
  const last = added.at(-1)
  if (last && length > max) reader.fail(last[0], `The further keys of a resource must not be longer than ${max} characters together`)
}

/**
 * The draft of a whole resource: fields that the input lacks come from `base` (a change of one resource) or are empty (a list of resources).
 * A resource keeps its uploaded file while its address stays the same. The size and type of the file come from the store, not from the input.
 */
export function draftResource(input: ResourceInput, stored: Resource | undefined, base: ResourceFields = emptyResource): ResourceDraft {
  const fields = { ...base, ...input.fields }
  const rest = base === emptyResource ? fields.rest : { ...base.rest, ...input.fields.rest }
  const path = fields.url.startsWith(ownMark) ? fields.url.slice(ownMark.length) : undefined
  const keepsOwn = stored?.isOwnUrl === true && (path ?? fields.url) === stored.url && (path !== undefined || fields.isOwnUrl)
  if (stored && keepsOwn) {
    const { url, digest, fileName } = stored
    const facts = digest === null ? {} : { size: stored.size, mimetype: stored.mimetype, urlType: stored.urlType }
    return { ...fields, ...facts, id: input.id, rest, url, isOwnUrl: true, digest, fileName }
  }
  const link = { ...fields, id: input.id, rest, url: path ?? fields.url, isOwnUrl: path !== undefined, digest: null, fileName: null }
  const isSameLink = stored !== undefined && stored.digest === null && base !== emptyResource && stored.url === link.url
  return isSameLink ? link : withLinkType(link, input.fields, stored)
}

/** Whether a value equals the guess; earlier versions guessed formats in capitals. */
const isGuess = (value: string | null, guess: string | null) => value === guess || value === guess?.toUpperCase()

/** For a new address: guesses format and media type if none are given and the stored ones were guessed as well, and resets the size of a file. */
function withLinkType(link: ResourceDraft, given: Partial<ResourceFields>, stored: Resource | undefined): ResourceDraft {
  const guess = typeOfLink(link.url)
  const isFile = stored !== undefined && stored.digest !== null
  const earlier = isFile ? { mimetype: stored.mimetype, format: formatOf(stored.fileName ?? '') } : typeOfLink(stored?.url ?? '')
  const isFree = (field: 'mimetype' | 'format') => given[field] === undefined && (!link[field] || isGuess(link[field], earlier[field]))
  return {
    ...link,
    mimetype: isFree('mimetype') ? guess.mimetype : link.mimetype,
    format: isFree('format') ? guess.format : link.format,
    size: isFile && given.size === undefined ? null : link.size,
  }
}

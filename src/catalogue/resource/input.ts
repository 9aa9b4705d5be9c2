import type { FieldErrors } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { FieldReader, type Input, isUuid, textObjection, valueObjection } from '../field-reader.ts'
import { badTime, isTimeText } from '../time-text.ts'
import { formatOf, typeOfLink } from './file-type.ts'
import { emptyResource, type Resource, type ResourceDraft, type ResourceFields } from './resource.ts'

/** Keys that the hub makes itself, or that mean something else than a text to keep. */
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

/** What an input says about one resource: the fields that it has, and what is wrong with them. */
export interface ResourceInput {
  readonly id: string | undefined
  readonly fields: Partial<ResourceFields>
  readonly errors: FieldErrors
}

/** What reading a resource takes beside the input. */
export interface ResourceReading {
  /** Tells the hub's own addresses, which come back absolute. */
  readonly siteUrl: string
  /** The resource as it is: rules that came later do not apply to values that stay as they are. */
  readonly stored?: Resource | undefined
}

/** Reads one resource. */
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

/** The order of the list gives it; what was read comes back and is passed over. */
function checkPosition(reader: FieldReader): void {
  const text = reader.text('position') ?? ''
  if (text !== '' && !/^\d{1,15}$/.test(text))
    reader.fail('position', 'Must be a whole number from 0 on, or left out: the order of the resources gives it')
}

/** It stands in a header when a file is downloaded; more than that is not asked, since catalogues have all kinds of texts there. */
function checkMediaType(reader: FieldReader, mimetype: string | undefined, stored: Resource | undefined): void {
  if (mimetype === undefined || mimetype === stored?.mimetype || /^[\x20-\x7e]{0,255}$/.test(mimetype)) return
  reader.fail('mimetype', 'Must be a media type such as text/csv: at most 255 printable ASCII characters')
}

/** An own address without the hub's part, told from a foreign path by a mark that no text can have. */
const ownMark = '\0'
const withoutSite = (url: string, siteUrl: string) => (url.startsWith(`${siteUrl}/`) ? `${ownMark}${url.slice(siteUrl.length)}` : url)

/** A number of bytes; anything else that clients put there is kept as it came. */
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

/** Further keys are read and written as one text: what they hold together has a limit, but for what is stored already. */
function checkRest(reader: FieldReader, rest: ReadonlyMap<string, unknown>, stored: Resource | undefined): void {
  const added = [...rest].filter(([key, value]) => value !== stored?.rest[key])
  const length = added.reduce((sum, [key, value]) => sum + key.length + (typeof value === 'string' ? value : JSON.stringify(value)).length, 0)
  const max = limits.text.further
  const last = added.at(-1)
  if (last && length > max) reader.fail(last[0], `The further keys of a resource must not be longer than ${max} characters together`)
}

/**
 * The draft of a whole resource: what the input does not say is taken from `base` (a change of one resource) or is empty (a list of resources).
 * An uploaded file stays the resource's as long as its address does, and its size and type are what the store says, not what the input says.
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

/** Whether a value is what was guessed; formats were guessed in capitals once. */
const isGuess = (value: string | null, guess: string | null) => value === guess || value === guess?.toUpperCase()

/** A new address brings its format and media type along where none are given and those there are were guessed as well, and its own size. */
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

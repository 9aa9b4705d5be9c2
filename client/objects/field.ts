import { isRecord, type PlainRecord, sameJson } from '../record.ts'
import { extrasToList, extrasToRecord } from './extras.ts'

/** How strictly two objects are compared. */
export interface Comparison {
  /** Whether ids count for nothing. */
  ignoreKeys: boolean
  /** Whether a field of a resource that is empty here may hold anything there: servers fill in format, mimetype and position. */
  ignoreFilled: boolean
}

/** A kind of field: what may be assigned, and its forms outside. Values are `unknown` because each kind has its own. */
export interface FieldKind {
  /** The value of a field that is not given. */
  initial: () => unknown
  /** A checked copy of an assigned value. Throws a TypeError with the field's name. */
  parse: (value: unknown, name: string) => unknown
  /** As JSON, sets sorted. */
  toPlain: (value: unknown) => unknown
  /** As the Action API takes it; null is left out. */
  toWire: (value: unknown) => unknown
  /** What comparisons see, as JSON: two values are the same if this is. */
  canonical: (value: unknown) => unknown
  /** Compares in place of `canonical`, where how strictly matters. */
  same?: (a: unknown, b: unknown, how: Comparison) => boolean
  /** Whether values can be changed in place. */
  isMutable?: boolean
  /** Whether the field tells which object it is. */
  isKey?: boolean
  /** Parts of an assigned value that are kept and sent back as they came. */
  aside?: (value: unknown) => PlainRecord[]
}

const wrongType = (name: string, wanted: string, value: unknown) =>
  new TypeError(`${name} must be ${wanted}; got ${value === null ? 'null' : typeof value}`)
const isEmpty = (value: unknown) => value === null || value === undefined || value === ''
const asIs = (value: unknown) => value

/** Text or null; null, '' and the default are one in comparisons. */
export function text(byDefault: string | null = null): FieldKind {
  const effective = (value: unknown) => (isEmpty(value) ? (byDefault ?? '') : value)
  return {
    initial: () => byDefault,
    parse: (value, name) => {
      if (value !== null && typeof value !== 'string') throw wrongType(name, 'text or null', value)
      return value
    },
    toPlain: asIs,
    toWire: asIs,
    canonical: effective,
  }
}

/** The id. */
export const key = (): FieldKind => ({ ...text(), isKey: true })

export function flag(byDefault: boolean): FieldKind {
  return {
    initial: () => byDefault,
    parse: (value, name) => {
      if (value !== null && typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
      return value ?? byDefault
    },
    toPlain: asIs,
    toWire: asIs,
    canonical: asIs,
  }
}

/** A number, or the text that older servers make of it. */
export function size(): FieldKind {
  return {
    initial: () => null,
    parse: (value, name) => {
      if (value !== null && typeof value !== 'string' && !Number.isFinite(value)) throw wrongType(name, 'a number, text or null', value)
      return value
    },
    toPlain: asIs,
    toWire: asIs,
    canonical: (value) => String(value ?? ''),
  }
}

/** A record of extras; values are compared as texts, null and '' as missing. */
export function extras(): FieldKind {
  const filled = (value: unknown) => extrasToList(extrasToRecord(value)).filter((extra) => extra.value !== '')
  return {
    isMutable: true,
    initial: () => ({}),
    parse: extrasToRecord,
    toPlain: extrasToRecord,
    toWire: (value) => extrasToList(extrasToRecord(value)),
    canonical: filled,
  }
}

/** A set of texts, held as a list. `refOf` cuts an object down to its text. */
function texts(refOf: (item: PlainRecord) => unknown, toWire: (item: string) => unknown): FieldKind {
  const parse = (value: unknown, name: string): string[] => {
    if (value === null) return []
    if (!Array.isArray(value)) throw wrongType(name, 'a list', value)
    return [...new Set(value.map((item) => parseRef(isRecord(item) ? refOf(item) : item, name)))]
  }
  const toPlain = (value: unknown) => parse(value, 'the list').sort()
  return {
    isMutable: true,
    initial: () => [],
    parse,
    toPlain,
    toWire: (value) => parse(value, 'the list').map(toWire),
    canonical: toPlain,
  }
}

function parseRef(ref: unknown, name: string): string {
  if (typeof ref !== 'string') throw wrongType(name, 'a list of texts or of objects that name themselves', ref)
  return ref
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Groups by id or name. */
export const groups = (): FieldKind =>
  texts(
    (group) => group['id'] ?? group['name'],
    (ref) => (UUID.test(ref) ? { id: ref } : { name: ref }),
  )

/** Free tags by name. Tags of a vocabulary belong to the server's own fields and are kept aside. */
export function tags(): FieldKind {
  const kind = texts(
    (tag) => tag['name'],
    (name) => ({ name }),
  )
  const parse: FieldKind['parse'] = (value, name) => kind.parse(Array.isArray(value) ? value.filter((tag) => !hasVocabulary(tag)) : value, name)
  return { ...kind, parse, aside: (value) => (Array.isArray(value) ? value.filter(hasVocabulary) : []) }
}

const hasVocabulary = (tag: unknown): tag is PlainRecord => isRecord(tag) && !isEmpty(tag['vocabulary_id'])

/** Whether two values of keys that no field stands for mean the same. */
export const sameOther = (a: unknown, b: unknown) => (isEmpty(a) && isEmpty(b)) || sameJson(a, b)

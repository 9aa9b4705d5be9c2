import type { Stamp } from '../revision/revision.ts'

/** The fields of a resource that an editor may set. */
export interface ResourceFields {
  /** An address, or any text; relative to the hub when `isOwnUrl`. */
  readonly url: string
  readonly isOwnUrl: boolean
  readonly urlType: string | null
  readonly name: string | null
  readonly description: string
  readonly format: string
  readonly hash: string | null
  readonly mimetype: string | null
  /** Bytes. */
  readonly size: number | null
  /** Further keys and their JSON values, kept as they came. */
  readonly rest: Readonly<Record<string, unknown>>
  /** Key of an uploaded file in the file store. */
  readonly digest: string | null
  readonly fileName: string | null
}

/** One file or service of a dataset. */
export interface Resource extends ResourceFields {
  readonly id: string
  /** From 0, in the order of the list. */
  readonly position: number
  readonly state: 'active' | 'deleted' | 'pending'
  readonly stamp: Stamp
  readonly createdAt: number
  readonly modifiedAt: number
}

/** A resource as an edit wants it; without an id it is a new one. */
export interface ResourceDraft extends ResourceFields {
  readonly id: string | undefined
}

/** The default of every field. */
export const emptyResource: ResourceFields = {
  url: '',
  isOwnUrl: false,
  urlType: null,
  name: null,
  description: '',
  format: '',
  hash: null,
  mimetype: null,
  size: null,
  rest: {},
  digest: null,
  fileName: null,
}

const compared = ['url', 'isOwnUrl', 'urlType', 'name', 'description', 'format', 'hash', 'mimetype', 'size', 'digest', 'fileName'] as const

/** Whether two resources have the same fields; the order of further keys does not matter. */
export function sameFields(one: ResourceFields, other: ResourceFields): boolean {
  if (compared.some((field) => one[field] !== other[field])) return false
  const keys = Object.keys(one.rest)
  return (
    keys.length === Object.keys(other.rest).length &&
    keys.every((key) => Object.hasOwn(other.rest, key) && isSameValue(one.rest[key], other.rest[key]))
  )
}

const isSameValue = (one: unknown, other: unknown) => one === other || JSON.stringify(one) === JSON.stringify(other)

import { type Comparison, type FieldKind, key, size, text } from './field.ts'
import { CkanObject, type Shape } from './object.ts'

const SERVER_MADE = new Set([
  'cache_last_updated',
  'cache_url',
  'created',
  'datastore_active',
  'hash',
  'last_modified',
  'metadata_modified',
  'package_id',
  'position',
  'resource_group_id',
  'revision_id',
  'revision_timestamp',
  'state',
  'tracking_summary',
])

const RESOURCE: Shape = {
  fields: {
    id: key(),
    description: text(''),
    format: text(''),
    mimetype: text(),
    mimetype_inner: text(),
    name: text(''),
    resource_type: text(''),
    size: size(),
    url: text(''),
    url_type: text(),
  },
  isServerMade: (name) => SERVER_MADE.has(name) || name.startsWith('webstore_'),
}

/** One file or link of a dataset. Its place is its place in the dataset's list. */
export class CkanResource extends CkanObject {
  declare id: string | null
  declare description: string | null
  declare format: string | null
  declare mimetype: string | null
  declare mimetype_inner: string | null
  declare name: string | null
  declare resource_type: string | null
  /** Bytes; a text on older servers. */
  declare size: number | string | null
  declare url: string | null
  declare url_type: string | null

  static {
    CkanObject.define(CkanResource, RESOURCE)
  }

  constructor(values?: object) {
    super(RESOURCE, values)
  }

  clone(): CkanResource {
    return new CkanResource({ ...this.readonly }).adopt(this)
  }
}

/** The resources of a list, without a copy of those that are resources already. */
export function readResources(value: unknown): CkanResource[] {
  const items: unknown[] = Array.isArray(value) ? value : []
  return items.map((item) => (item instanceof CkanResource ? item : new CkanResource(item as object)))
}

/** A list of resources; plain objects that are put in become resources when the list is read. */
export function resources(): FieldKind {
  const parse = (value: unknown, name: string): CkanResource[] => {
    if (value === null) return []
    if (!Array.isArray(value)) throw new TypeError(`${name} must be a list; got ${typeof value}`)
    return value.map((item) => (item instanceof CkanResource ? item.clone() : new CkanResource(item)))
  }
  return {
    isMutable: true,
    initial: () => [],
    parse,
    toPlain: (value) => readResources(value).map((resource) => resource.toJSON()),
    toWire: (value) => readResources(value).map((resource) => resource.toPayload()),
    canonical: (value) => readResources(value).map((resource) => resource.fieldNames.map((name) => resource.canonicalValue(name))),
    same: (a, b, how) => {
      const [mine, theirs] = [readResources(a), readResources(b)]
      if (mine.length !== theirs.length) return false
      return mine.every((resource, at) => isSameResource(resource, theirs[at], how))
    },
  }
}

function isSameResource(expected: CkanResource, actual: CkanResource | undefined, how: Comparison): boolean {
  if (!actual) return false
  return expected.diff(actual, how).every((one) => how.ignoreFilled && (one.expected === null || one.expected === ''))
}

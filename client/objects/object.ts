import type { Difference } from '../errors.ts'
import { copyJson, copyRecord, isRecord, type PlainRecord, sameJson } from '../record.ts'
import { type Comparison, type FieldKind, sameOther } from './field.ts'

/** What a class of objects consists of. */
export interface Shape {
  fields: Record<string, FieldKind>
  /** Whether the server makes this key by itself: it is shown under `readonly` and never sent. */
  isServerMade: (key: string) => boolean
}

const LENIENT: Comparison = { ignoreKeys: true, ignoreFilled: false }

/** A record of a catalogue with checked fields. Accepts the forms of all API versions, remembers what it was made of, and keeps what it does not know.
 *
 * Assigning a value of a wrong type, or a property that is no field, throws a TypeError.
 */
export abstract class CkanObject {
  readonly #shape: Shape
  readonly #readonly: PlainRecord
  readonly #values = new Map<string, unknown>()
  /** What fields were, of those that may have been changed since: a copy is made when one is first assigned, or handed out to be changed in place. */
  readonly #initial = new Map<string, unknown>()
  #other: PlainRecord
  #initialOther: PlainRecord
  #aside: PlainRecord[] = []

  constructor(shape: Shape, values: unknown = {}) {
    if (!isRecord(values)) throw new TypeError('the values must be a plain object')
    this.#shape = shape
    for (const [name, kind] of Object.entries(shape.fields)) {
      const value = Object.hasOwn(values, name) && values[name] !== undefined ? values[name] : kind.initial()
      this.#values.set(name, kind.parse(value, name))
      this.#keepAside(kind.aside?.(value))
    }
    const rest = Object.entries(values).filter(([name, value]) => value !== undefined && !Object.hasOwn(shape.fields, name))
    const pick = (serverMade: boolean) => copyRecord(Object.fromEntries(rest.filter(([name]) => shape.isServerMade(name) === serverMade)))
    this.#readonly = Object.freeze(pick(true))
    this.#other = pick(false)
    this.#initialOther = pick(false)
    Object.seal(this)
  }

  /** Gives a class one property for each field of its shape. */
  protected static define(kind: { prototype: CkanObject }, shape: Shape): void {
    for (const [name, field] of Object.entries(shape.fields)) {
      Object.defineProperty(kind.prototype, name, {
        get(this: CkanObject) {
          if (field.isMutable) this.#remember(name, field)
          return this.#values.get(name)
        },
        set(this: CkanObject, value: unknown) {
          const parsed = field.parse(value, name)
          this.#remember(name, field)
          this.#values.set(name, parsed)
          this.#keepAside(field.aside?.(value))
        },
      })
    }
  }

  /** Keys that the server makes, such as metadata_modified. Frozen, never sent. */
  get readonly(): Readonly<PlainRecord> {
    return this.#readonly
  }

  /** Keys that are no field here, such as those of a site's own schema. Sent back; may be changed in place. */
  get other(): PlainRecord {
    return this.#other
  }

  /** All fields and other keys as plain JSON, groups and tags sorted. */
  toJSON(): PlainRecord {
    const fields = Object.entries(this.#shape.fields).map(([name, kind]): [string, unknown] => [name, kind.toPlain(this.#values.get(name))])
    const known = Object.fromEntries(fields)
    return { ...known, ...copyRecord(this.#other), ...known }
  }

  /** The record as the Action API takes it. Empty (null) fields are left out, since sending one would stop the server from filling it. */
  toPayload(): PlainRecord {
    const payload: PlainRecord = copyRecord(this.#other)
    for (const [name, kind] of Object.entries(this.#shape.fields)) {
      const value = kind.toWire(this.#values.get(name))
      if (value === null) delete payload[name]
      else payload[name] = kind.aside && Array.isArray(value) ? [...this.#aside, ...value] : value
    }
    return payload
  }

  /** How `other` differs from this object, which is the expected one. Null, '' and defaults are equal, sets have no order, extras count as texts,
   * ids do not count; keys that only `other` knows are no difference. Throws a TypeError for an object of another class. */
  diff(other: CkanObject, how: Partial<Comparison> = {}): Difference[] {
    if (!this.#isKin(other)) throw new TypeError('only objects of the same class can be compared')
    const comparison = { ...LENIENT, ...how }
    const fields = Object.entries(this.#shape.fields).flatMap(([name, kind]) => {
      const same = (comparison.ignoreKeys && kind.isKey) || isSame(kind, [this.#effective(name), other.#effective(name)], comparison)
      return same ? [] : [{ field: name, expected: kind.toPlain(this.#values.get(name)), actual: kind.toPlain(other.#values.get(name)) }]
    })
    const others = Object.entries(this.#other).filter(([name, value]) => !sameOther(value, other.#other[name]))
    return [...fields, ...others.map(([field, expected]) => ({ field, expected: copyJson(expected), actual: copyJson(other.#other[field]) }))]
  }

  /** The value of a field as comparisons see it: null, '' and the default are one, sets are sorted, extras are texts. */
  canonicalValue(field: string): unknown {
    return this.#shape.fields[field]?.canonical(this.#effective(field))
  }

  /** The value of a field, to be read only. Where nothing is changed in place no copy has to be kept. */
  view(field: string): unknown {
    return this.#values.get(field)
  }

  /** Names of all fields. */
  get fieldNames(): string[] {
    return Object.keys(this.#shape.fields)
  }

  /** Whether both are of one class and neither differs from the other. */
  isEquivalent(other: unknown, { ignoreKeys = true }: { ignoreKeys?: boolean } = {}): boolean {
    return this.#isKin(other) && this.diff(other, { ignoreKeys }).length === 0 && other.diff(this, { ignoreKeys }).length === 0
  }

  /** The same with ids compared as well. */
  equals(other: unknown): boolean {
    return this.isEquivalent(other, { ignoreKeys: false })
  }

  /** Whether any value is not what the object was made of. */
  isModified(): boolean {
    return this.modifiedFields().length > 0
  }

  /** Names of the fields and other keys whose values are not what the object was made of. */
  modifiedFields(): string[] {
    const fields = Object.entries(this.#shape.fields).filter(([name, kind]) => {
      return this.#initial.has(name) && !sameJson(kind.toPlain(this.#values.get(name)), kind.toPlain(this.#initial.get(name)))
    })
    const others = new Set([...Object.keys(this.#other), ...Object.keys(this.#initialOther)])
    const changed = [...others].filter((name) => !sameJson(this.#other[name], this.#initialOther[name]))
    return [...fields.map(([name]) => name), ...changed]
  }

  /** Whether the name is that of a field of this class. */
  isField(name: string): boolean {
    return Object.hasOwn(this.#shape.fields, name)
  }

  /** What a field or other key was when the object was made; a copy. */
  initialValue(name: string): unknown {
    const kind = this.#shape.fields[name]
    return kind ? kind.parse((this.#initial.has(name) ? this.#initial : this.#values).get(name), name) : copyJson(this.#initialOther[name])
  }

  /** Takes back all changes, or those of one field or other key. */
  reset(field?: string): void {
    if (field === undefined) {
      for (const name of this.modifiedFields()) this.reset(name)
    } else if (this.isField(field)) {
      this.#values.set(field, this.initialValue(field))
    } else if (Object.hasOwn(this.#initialOther, field)) {
      this.#other[field] = this.initialValue(field)
    } else delete this.#other[field]
  }

  /** A copy that shares nothing with this object and knows the same changes. */
  abstract clone(): CkanObject

  /** Tags of a vocabulary, which are no `tags` here and go back as they came. */
  get vocabularyTags(): PlainRecord[] {
    return this.#aside.map(copyRecord)
  }

  /** What console.log shows in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: unknown, inspect: (value: unknown, options: unknown) => string): string {
    return `${this.constructor.name}(${inspect(this.toJSON(), options)})`
  }

  /** The class and all values, as JSON. */
  toString(): string {
    return `${this.constructor.name}(${JSON.stringify(this.toJSON())})`
  }

  /** Takes over values and changes of an object of the same class that was made of the same keys. */
  protected adopt(source: CkanObject): this {
    for (const [name, kind] of Object.entries(this.#shape.fields)) {
      this.#values.set(name, kind.parse(source.#values.get(name), name))
      if (source.#initial.has(name)) this.#initial.set(name, kind.parse(source.#initial.get(name), name))
    }
    this.#other = copyRecord(source.#other)
    this.#initialOther = copyRecord(source.#initialOther)
    this.#aside = source.vocabularyTags
    return this
  }

  #isKin(other: unknown): other is CkanObject {
    return other instanceof CkanObject && Object.getPrototypeOf(other) === Object.getPrototypeOf(this)
  }

  /** A title that is not given is the name: servers fill it in. */
  #effective(name: string): unknown {
    const value = this.#values.get(name)
    return name === 'title' && (value === null || value === '') ? this.#values.get('name') : value
  }

  #remember(name: string, kind: FieldKind): void {
    if (!this.#initial.has(name)) this.#initial.set(name, kind.parse(this.#values.get(name), name))
  }

  #keepAside(parts: PlainRecord[] = []): void {
    const isNew = (part: PlainRecord) => !this.#aside.some((kept) => kept['name'] === part['name'] && kept['vocabulary_id'] === part['vocabulary_id'])
    this.#aside.push(...parts.filter(isNew).map(copyRecord))
  }
}

function isSame(kind: FieldKind, [a, b]: [unknown, unknown], how: Comparison): boolean {
  return kind.same ? kind.same(a, b, how) : sameJson(kind.canonical(a), kind.canonical(b))
}

import { isObject } from '../base/json.ts'
import type { DateEvidence } from './cast/any-date.ts'
import { UnreadableTable } from './faults.ts'

export const fieldTypes = [
  'string',
  'number',
  'integer',
  'boolean',
  'date',
  'time',
  'datetime',
  'year',
  'yearmonth',
  'duration',
  'object',
  'array',
  'list',
  'geopoint',
  'geojson',
  'any',
] as const

export type FieldType = (typeof fieldTypes)[number]

/** Keys of a field of any type; those of the last two lines are descriptions for people and have no effect here. */
const commonFieldKeys = [
  ...['name', 'type', 'format', 'constraints', 'missingValues'],
  ...['title', 'description', 'rdfType', 'example', 'examples', 'label', 'unit', 'units', 'comment', 'notes', 'source', 'sources'],
  ...['categories', 'categoriesOrdered'],
] as const

const typeFieldKeys: Partial<Readonly<Record<FieldType, readonly string[]>>> = {
  number: ['decimalChar', 'groupChar', 'bareNumber'],
  integer: ['decimalChar', 'groupChar', 'bareNumber'],
  boolean: ['trueValues', 'falseValues'],
  list: ['delimiter', 'itemType'],
}

const anyFieldKeys = [...commonFieldKeys, ...new Set(Object.values(typeFieldKeys).flat())]
const fieldKeys = new Map(fieldTypes.map((type) => [type, [...commonFieldKeys, ...(typeFieldKeys[type] ?? [])]]))

/** The keys that a field of a type may have; of all types if none is given. */
export const knownFieldKeys = (type: FieldType | undefined): readonly string[] => (type && fieldKeys.get(type)) ?? anyFieldKeys

/** Types that also accept a strptime pattern as format. */
export const patternTypes: readonly FieldType[] = ['date', 'time', 'datetime']

const typeFormats: Partial<Readonly<Record<FieldType, readonly string[]>>> = {
  string: ['email', 'uri', 'uuid', 'binary'],
  date: ['any'],
  time: ['any'],
  datetime: ['any'],
  geopoint: ['array', 'object'],
  geojson: ['topojson'],
}

/** The named formats of a type. */
export const knownFormats = (type: FieldType): readonly string[] => ['default', ...(typeFormats[type] ?? [])]

export const knownConstraints = [
  ...['required', 'unique', 'enum', 'pattern', 'minimum', 'maximum'],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength'],
] as const

/** Keys of a schema; those from `foreignKeys` on are for people and other programs, and have no effect here. */
export const knownSchemaKeys = [
  ...['fields', 'missingValues', 'primaryKey'],
  ...['foreignKeys', 'uniqueKeys', 'fieldsMatch', 'name', 'title', 'description', 'version'],
] as const

/** A field of a Table Schema. Keys that casting does not use are kept in `source`. */
export interface Field {
  readonly name: string
  readonly type: FieldType
  /** `default`, a named format of the type, or for dates a strptime pattern. */
  readonly format: string
  readonly constraints: Readonly<Record<string, unknown>>
  /** Texts that are missing values in this column; undefined if those of the schema apply. */
  readonly missingValues?: readonly string[]
  /** The evidence from all values of a date column, for the format `any`. */
  readonly evidence?: DateEvidence
  /** The field as it was published. */
  readonly source: Readonly<Record<string, unknown>>
}

export interface TableSchema {
  readonly fields: readonly Field[]
  readonly missingValues: readonly string[]
  readonly primaryKey: readonly string[]
}

/** Reads a published Table Schema. Throws an `UnreadableTable` that names the field and the fault. */
export function parseSchema(value: unknown): TableSchema {
  if (!isObject(value) || !Array.isArray(value['fields'])) throw new UnreadableTable('the schema has no list of fields')
  const fields = value['fields'].map(parseField)
  const names = new Set<string>()
  for (const { name } of fields) {
    if (names.has(name)) throw new UnreadableTable(`the schema has two fields named ${name}`)
    names.add(name)
  }
  const primaryKey = stringList(value['primaryKey'], 'primaryKey') ?? []
  const unknown = primaryKey.find((name) => !names.has(name))
  if (unknown !== undefined) throw new UnreadableTable(`the schema's primaryKey names ${unknown}, which is not one of its fields`)
  return { fields, missingValues: parseMissingValues(value['missingValues']) ?? [''], primaryKey }
}

/** Version 2 of the standard also allows `[{value, label}]`. */
function parseMissingValues(value: unknown): readonly string[] | undefined {
  const values = Array.isArray(value) ? value.map((item: unknown) => (isObject(item) ? item['value'] : item)) : value
  return stringList(values, 'missingValues')
}

function parseField(value: unknown, index: number): Field {
  const field = typeof value === 'string' ? { name: value } : value
  if (!isObject(field) || typeof field['name'] !== 'string') throw new UnreadableTable(`field ${index + 1} of the schema has no name`)
  const { name, type = 'string', format = 'default', constraints = {} } = field
  const known = fieldTypes.find((fieldType) => fieldType === type)
  if (!known) throw new UnreadableTable(`field ${name} has the unknown type ${JSON.stringify(type)}`)
  if (typeof format !== 'string') throw new UnreadableTable(`field ${name} has a format that is not text`)
  if (!isObject(constraints)) throw new UnreadableTable(`field ${name} has constraints that are not an object`)
  const missingValues = parseMissingValues(field['missingValues'])
  return { name, type: known, format, constraints, ...(missingValues && { missingValues }), source: field }
}

function stringList(value: unknown, key: string): string[] | undefined {
  if (value === undefined || value === null) return undefined
  const list: unknown[] = Array.isArray(value) ? value : [value]
  return list.map((item) => {
    if (typeof item !== 'string') throw new UnreadableTable(`the schema's ${key} has an entry that is not text`)
    return item
  })
}

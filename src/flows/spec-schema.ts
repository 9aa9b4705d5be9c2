import { isObject } from '../base/json.ts'
import { limits } from '../base/limits.ts'
import { compileColumn } from '../tabular/column.ts'
import { UnreadableTable } from '../tabular/faults.ts'
import {
  type FieldType,
  fieldTypes,
  knownConstraints,
  knownFieldKeys,
  knownFormats,
  knownSchemaKeys,
  parseSchema,
  patternTypes,
} from '../tabular/schema.ts'
import { refuseSpec, refuseUnknownKeys, refuseUnknownWord, shown } from './known-words.ts'
import type { Json, JsonObject } from './pipelines/task.ts'
import { parseList, parseObject } from './spec.ts'

/** Refuses a schema with unknown keys or with rules that no value can fulfil. */
export function checkSchema(schema: JsonObject, field: string, count: { fields: number }): void {
  refuseUnknownKeys(schema, field, knownSchemaKeys)
  const fields = parseList(schema['fields'], `${field}.fields`)
  count.fields += fields.length
  if (count.fields > limits.specFields)
    throw refuseSpec(field, `goes beyond the ${limits.specFields} fields that all schemas of a spec may have together`)
  fields.forEach((one, at) => {
    if (isObject<Json>(one)) checkField(one, `${field}.fields[${at}]`)
  })
  usable(field, () => parseSchema(schema))
}

/** Refuses a field with an unknown type, format, constraint or option; a field without a type keeps its previous type. */
export function checkField(field: JsonObject, place: string): void {
  const { type, format, constraints } = field
  if (type !== undefined && type !== null) refuseUnknownWord(type, `${place}.type`, fieldTypes)
  const known = fieldTypes.find((one) => one === type)
  refuseUnknownKeys(field, place, knownFieldKeys(known))
  if (constraints !== undefined && constraints !== null) checkConstraints(parseObject(constraints, `${place}.constraints`), `${place}.constraints`)
  if (known === undefined) return
  if (format !== undefined && format !== null) checkFormat(known, format, `${place}.format`)
  usable(place, () => {
    // Patterns are compiled once each, with their own bounds (spec-patterns).
    const others = isObject(constraints) ? { ...constraints, pattern: null } : {}
    const name = typeof field['name'] === 'string' ? field['name'] : 'x'
    const [parsed] = parseSchema({ fields: [{ ...field, name, constraints: others }] }).fields
    if (parsed) compileColumn(parsed, [''])
  })
}

function checkFormat(type: FieldType, format: unknown, place: string): void {
  const isPattern = patternTypes.includes(type) && typeof format === 'string' && format.includes('%')
  if (!isPattern) refuseUnknownWord(format, place, [...knownFormats(type), ...(patternTypes.includes(type) ? ['a pattern such as %d.%m.%Y'] : [])])
}

function checkConstraints(constraints: JsonObject, place: string): void {
  refuseUnknownKeys(constraints, place, knownConstraints)
  for (const key of ['required', 'unique'] as const) {
    const value = constraints[key]
    if (value !== undefined && value !== null && typeof value !== 'boolean')
      throw refuseSpec(`${place}.${key}`, `must be true or false, got ${shown(value)}`)
  }
  refuseRounded(constraints, place)
}

/** Refuses numbers above 2^53 anywhere in a value: parsing has already changed their digits. */
export function refuseRounded(value: unknown, place: string): void {
  if (typeof value === 'number') {
    const isExact = Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
    if (!isExact) throw refuseSpec(place, 'has a number of more digits than can be kept; write it as text')
  } else if (Array.isArray(value)) for (const one of value) refuseRounded(one, place)
  else if (isObject(value)) for (const key of Object.keys(value)) refuseRounded(value[key], `${place}.${key}`)
}

/** Runs a check of the reader at the upload, so that an unreadable table is refused before a pipeline fails. */
export function usable<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof UnreadableTable) throw refuseSpec(place, `cannot be used: ${error.message}`)
    throw error
  }
}

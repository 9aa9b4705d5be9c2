import { type Static, type TObject, type TSchema, Type } from 'typebox'
import { invalid } from '../../../base/errors.ts'
import { checkEntries, FieldReader, type Input, missingValue } from '../../../catalogue/field-reader.ts'
import { parseJsonText } from '../../server/body.ts'
import { HttpError } from '../../server/errors.ts'

/** Parameters of actions. Their schema is what the OpenAPI page shows and what `parseParameters` reads by. */
export const text = (description: string) => Type.String({ description })
export const optionalText = (description: string) => Type.Optional(Type.String({ description }))
export const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
export const whole = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
export const texts = (description: string) => Type.Optional(Type.Array(Type.String(), { description }))
/** Texts without commas: one text alone may hold several with commas between. */
export const names = (description: string) => Type.Optional(Type.Array(Type.String(), { description, separator: ',' }))
export const anything = (description: string) => Type.Optional(Type.Unknown({ description }))
export const list = (description: string) => Type.Optional(Type.Array(Type.Unknown(), { description }))

/** A parameter that old clients must send; its effect is always on. */
export const onlyTrue = flag('true asks for what is returned in any case; false is refused')

/** A parameter for catalogues with several schemas; without effect here. */
export const defaultSchema = flag('true and false ask for the same: packages have one schema here')

/** Throws `invalid` if the parameter is false. */
export function requireTrue<K extends string>(input: { readonly [P in K]?: boolean }, name: K): void {
  if (input[name] === false) throw invalid({ [name]: ['Must be true: there is no other form of the result'] })
}

export const Nothing = Type.Object({})

/**
 * Reads parameters by their schema: texts are converted to numbers, booleans and lists, `null` is read as absent, unknown parameters are
 * ignored. If the schema allows further properties, the input is passed on unchanged, because the domain reports all its errors together:
 * only the texts that identify the object are checked here. Throws `invalid` with the parameter's name.
 */
export function parseParameters<S extends TObject>(schema: S, input: Input): Static<S> {
  const reader = new FieldReader(input)
  for (const name of schema.required ?? []) {
    const value = reader.raw(name)
    if (value === undefined || value === '') reader.fail(name, missingValue)
  }
  const isOpen = (schema as TSchema & { additionalProperties?: unknown }).additionalProperties === true
  const isLeft = (name: string, { type }: Kinds) => isOpen && type === 'string' && !addresses.has(name) && !schema.required?.includes(name)
  const own = Object.entries(schema.properties).filter(([name, property]) => !isLeft(name, property))
  const entries = own.map(([name, property]) => [name, readParameter(reader, name, property)] as const)
  reader.check()
  const read = entries.filter(([, value]) => value !== undefined)
  return Object.fromEntries(isOpen ? [...Object.entries(input), ...read] : read) as Static<S>
}

/** The parameters that identify an object. */
const addresses = new Set(['id', 'name'])

type Kinds = { type?: string; items?: { type?: string }; minimum?: number; separator?: string }

function readParameter(reader: FieldReader, name: string, property: Kinds): unknown {
  switch (property.type) {
    case 'string':
      return reader.text(name)
    case 'boolean':
      return reader.flag(name)
    case 'integer':
      return readWhole(reader, name)
    case 'array':
      return property.items?.type === 'string' ? readTexts(reader, name, property.separator) : unpack(reader.raw(name))
    default:
      return unpack(reader.raw(name))
  }
}

function readWhole(reader: FieldReader, name: string): number | undefined {
  const value = reader.raw(name)
  if (value === undefined || value === '') return undefined
  const number = typeof value === 'string' && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
  reader.fail(name, 'Must be a whole number from 0 on')
  return undefined
}

/** A list of texts: as it is, as JSON text, as Python writes it (`['a', 'b']`), or one text alone, which may be split. */
function readTexts(reader: FieldReader, name: string, separator: string | undefined): string[] | undefined {
  const unpacked = unpack(reader.raw(name))
  const value = typeof unpacked === 'string' ? (parsePythonList(unpacked) ?? unpacked) : unpacked
  if (value === undefined || value === '') return undefined
  const items = Array.isArray(value) ? value : typeof value === 'string' && separator ? splitNames(value, separator) : [value]
  checkEntries(name, items)
  const read = items.map((item) => new FieldReader({ item }).text('item'))
  const known = read.filter((item) => item !== undefined)
  if (known.length === items.length) return known
  reader.fail(name, 'Must be a list of texts')
  return undefined
}

/** Undefined for an invalid item: one with brackets is part of a list in another notation. */
const splitNames = (text: string, separator: string): (string | undefined)[] =>
  /^\s*[[{]/.test(text)
    ? [undefined]
    : text
        .split(separator)
        .map((one) => one.trim())
        .filter((one) => one !== '')

/** A list of texts as Python writes it into forms and query strings; undefined for anything else. */
function parsePythonList(text: string): string[] | undefined {
  const list = /^\s*\[(.*)\]\s*$/s.exec(text)?.[1]
  if (list === undefined) return undefined
  const items: string[] = []
  const item = /\s*u?(?:'((?:[^'\\]|\\['"\\])*)'|"((?:[^"\\]|\\['"\\])*)")\s*(,|$)/sy
  while (item.lastIndex < list.length) {
    const found = item.exec(list)
    if (!found) return undefined
    items.push((found[1] ?? found[2] ?? '').replace(/\\(.)/gs, '$1'))
  }
  return items
}

/** Forms and query strings send lists and objects as JSON text. */
function unpack(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  try {
    return parseJsonText(value)
  } catch (error) {
    if (error instanceof HttpError && error.status === 400) return value
    throw error
  }
}

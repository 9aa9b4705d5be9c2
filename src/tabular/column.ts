import { compareTexts } from '../base/code-points.ts'
import { isObject } from '../base/json.ts'
import type { Cast, JsonForm } from './cast/cast.ts'
import { type Constraint, compileConstraints } from './cast/constraints.ts'
import { castDate, castDatetime, castDuration, castTime, castYearmonth } from './cast/date.ts'
import { castBoolean, castInteger, castNumber, castYear } from './cast/number.ts'
import { castAny, castArray, castGeojson, castGeopoint, castList, castObject, castString } from './cast/structure.ts'
import { type Cell, cellText } from './cell.ts'
import { type FaultCode, UnreadableTable } from './faults.ts'
import type { Field, FieldType } from './schema.ts'

/** A cast value: canonical text, or null if it is missing. */
export type Value = string | null

/** A compiled field that casts cells. */
export interface Column {
  readonly name: string
  /** The field descriptor for the canonical values. */
  readonly field: Field
  readonly json: JsonForm
  readonly isUnique: boolean
  /** Below zero, zero or above zero, as the first of two values is less than, equal to or greater than the second one. */
  readonly compare: (one: string, other: string) => number
  /** One text for all canonical texts of the same value. */
  readonly identity: (canonical: string) => string
  /** Undefined for a cell that breaks a rule. */
  readonly castText: (text: string) => Value | undefined
  /** Casts cells that are not texts. */
  readonly castValue: (value: Exclude<Cell, string>) => Value | undefined
  /** The rule that a refused cell breaks, and the cell's text. */
  readonly explain: (cell: Cell) => { code: FaultCode; rule: string; value: string }
}

const casts: Readonly<Record<FieldType, (field: Field) => Cast>> = {
  string: castString,
  number: castNumber,
  integer: castInteger,
  boolean: castBoolean,
  date: castDate,
  time: castTime,
  datetime: castDatetime,
  year: () => castYear,
  yearmonth: () => castYearmonth,
  duration: () => castDuration,
  object: () => castObject,
  array: () => castArray,
  list: (field) => castList(field, castItem(field), writeJson),
  geopoint: castGeopoint,
  geojson: castGeojson,
  any: () => castAny,
}

const itemTypes: readonly FieldType[] = ['string', 'integer', 'number', 'boolean', 'datetime', 'date', 'time']

function castItem(field: Field): Cast {
  const wanted = field.source['itemType'] ?? 'string'
  const type = itemTypes.find((itemType) => itemType === wanted)
  if (!type) throw new UnreadableTable(`the itemType ${JSON.stringify(wanted)} of field ${field.name} is none of ${itemTypes.join(', ')}`)
  return casts[type]({ ...field, type, format: 'default' })
}

/** Compiles a field once, so that small functions cast millions of cells. Throws `UnreadableTable` for invalid formats and constraints. */
export function compileColumn(field: Field, missingValues: readonly string[]): Column {
  const cast = casts[field.type](field)
  const constraints = compileConstraints(field, cast)
  const isRequired = field.constraints['required'] === true
  const missing = new Set((field.missingValues ?? missingValues).flatMap((value) => [value, value.trim()]))
  const check = withConstraints(cast.text, constraints)
  const checkValue = withConstraints(cast.value, constraints)
  const castText = withMissing(check, missing, isRequired)
  return {
    name: field.name,
    field: { ...field, missingValues: undefined, evidence: undefined, ...writtenField(field, cast) },
    json: cast.json,
    isUnique: field.constraints['unique'] === true,
    compare: cast.compare ?? compareTexts,
    identity: cast.identity ?? ((canonical) => canonical),
    castText,
    castValue: (value) => {
      if (value === null || value === undefined) return isRequired ? undefined : null
      return checkValue(value)
    },
    explain: (cell) => explain({ cast, constraints, missing }, cell),
  }
}

function withConstraints<From>(cast: (from: From) => string | undefined, constraints: readonly Constraint[]): (from: From) => string | undefined {
  if (constraints.length === 0) return cast
  return (from) => {
    const canonical = cast(from)
    if (canonical === undefined) return undefined
    for (const { holds } of constraints) if (!holds(canonical)) return undefined
    return canonical
  }
}

/** In nearly all schemas the empty text is the only missing value. */
function withMissing(
  cast: (text: string) => string | undefined,
  missing: ReadonlySet<string>,
  isRequired: boolean,
): (text: string) => Value | undefined {
  const absent = isRequired ? undefined : null
  if (missing.size === 1 && missing.has('')) return (text) => (text === '' ? absent : cast(text))
  return (text) => (missing.has(text) ? absent : cast(text))
}

interface Rules {
  readonly cast: Cast
  readonly constraints: readonly Constraint[]
  readonly missing: ReadonlySet<string>
}

function explain({ cast, constraints, missing }: Rules, cell: Cell): { code: FaultCode; rule: string; value: string } {
  const isText = typeof cell === 'string'
  const value = cellText(cell)
  const isMissing = cell === null || cell === undefined || (isText && missing.has(cell))
  if (isMissing) return { code: 'required-constraint', rule: 'is missing, and the column is required', value }
  const canonical = isText ? cast.text(cell) : cast.value(cell)
  const broken = canonical === undefined ? undefined : constraints.find(({ holds }) => !holds(canonical))
  const rule = broken?.rule ?? (isText ? cast.explain?.(cell) : undefined) ?? cast.rule
  return { code: broken?.code ?? 'type-or-format-error', rule, value }
}

/** The field for canonical values, without keys that describe only the original form. */
function writtenField(field: Field, cast: Cast): Pick<Field, 'format' | 'source'> {
  const constraints = Object.entries(field.constraints).map(([name, wanted]) => [name, writtenConstraint(cast, name, wanted)])
  const source: Record<string, unknown> = { ...field.source, type: field.type, missingValues: undefined, ...cast.written }
  if (constraints.length > 0) source['constraints'] = Object.fromEntries(constraints)
  for (const key of Object.keys(source)) if (source[key] === undefined) delete source[key]
  const format = typeof source['format'] === 'string' ? source['format'] : 'default'
  return { format, source: isObject(source) ? source : {} }
}

const valueConstraints = new Set(['enum', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'])

/** Constraint values that are texts are converted to the canonical form of the values. */
function writtenConstraint(cast: Cast, name: string, wanted: unknown): unknown {
  if (!valueConstraints.has(name)) return wanted
  if (Array.isArray(wanted)) return wanted.map((value: unknown) => writtenConstraint(cast, name, value))
  return typeof wanted === 'string' ? (cast.text(wanted) ?? wanted) : wanted
}

/** One value in JSON. */
export function writeJson({ json }: Pick<Cast, 'json'>, canonical: string): string {
  if (json === 'text') return quoteJson(canonical)
  if (json === 'bare') return canonical
  // Table Schema writes these as texts, and reads them as numbers.
  if (json === 'number') return isFiniteNumber(canonical) ? canonical : `"${canonical}"`
  return json(canonical)
}

/** Only the canonical numbers NaN, INF and -INF do not end in a digit. */
const isFiniteNumber = (canonical: string) => canonical.charCodeAt(canonical.length - 1) <= 57

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON requires these characters to be escaped
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/

/** Returns the same as JSON.stringify, faster for the many texts that only need quotes. */
export const quoteJson = (text: string) => (needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`)

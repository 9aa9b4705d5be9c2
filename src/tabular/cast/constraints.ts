import { compilePattern, type Pattern, PatternError } from '../../base/pattern.ts'
import { cellOf } from '../cell.ts'
import { type FaultCode, UnreadableTable } from '../faults.ts'
import type { Field } from '../schema.ts'
import type { Cast } from './cast.ts'

/** One constraint of a field, on canonical text. */
export interface Constraint {
  readonly code: FaultCode
  readonly rule: string
  readonly holds: (canonical: string) => boolean
}

/** All constraints that one value alone can break. Throws `UnreadableTable` for a constraint that is invalid for the type. */
export function compileConstraints(field: Field, cast: Cast): Constraint[] {
  const found: Constraint[] = []
  for (const [name, wanted] of Object.entries(field.constraints)) {
    const compile = compilers[name]
    if (compile && wanted !== null && wanted !== undefined) found.push(compile({ field, cast, name, wanted }))
  }
  return found
}

interface Given {
  readonly field: Field
  readonly cast: Cast
  readonly name: string
  readonly wanted: unknown
}

const compilers: Readonly<Record<string, (given: Given) => Constraint>> = {
  enum: (given) => {
    const values = Array.isArray(given.wanted) ? given.wanted : [given.wanted]
    const shown = values.map((value: unknown) => canonical(given, value))
    const { identity = (value: string) => value } = given.cast
    const allowed = new Set(shown.map(identity))
    return { code: 'enumerable-constraint', rule: `is none of ${shown.join(', ')}`, holds: (value) => allowed.has(identity(value)) }
  },
  pattern: (given) => {
    const { fitsWhole } = patternOf(given)
    return { code: 'pattern-constraint', rule: `does not match the pattern ${given.wanted}`, holds: fitsWhole }
  },
  minimum: (given) => bound(given, { code: 'minimum-constraint', words: 'is below the minimum', isRight: (order) => order >= 0 }),
  maximum: (given) => bound(given, { code: 'maximum-constraint', words: 'is above the maximum', isRight: (order) => order <= 0 }),
  exclusiveMinimum: (given) => bound(given, { code: 'minimum-constraint', words: 'is not above', isRight: (order) => order > 0 }),
  exclusiveMaximum: (given) => bound(given, { code: 'maximum-constraint', words: 'is not below', isRight: (order) => order < 0 }),
  minLength: (given) => lengthBound(given, { code: 'minimum-length-constraint', words: 'is shorter than', isRight: (order) => order >= 0 }),
  maxLength: (given) => lengthBound(given, { code: 'maximum-length-constraint', words: 'is longer than', isRight: (order) => order <= 0 }),
}

interface Bound {
  readonly code: FaultCode
  readonly words: string
  /** Whether a constraint allows a value with this comparison to its limit; NaN is never allowed. */
  readonly isRight: (order: number) => boolean
}

function bound(given: Given, { code, words, isRight }: Bound): Constraint {
  const { compare } = given.cast
  if (!compare) throw refusal(given, `does not fit the type ${given.field.type}`)
  const limit = canonical(given, given.wanted)
  return { code, rule: `${words} ${limit}`, holds: (value) => isRight(compare(value, limit)) }
}

function lengthBound(given: Given, { code, words, isRight }: Bound): Constraint {
  const { length } = given.cast
  const limit = Number(given.wanted)
  if (!length) throw refusal(given, `does not fit the type ${given.field.type}`)
  if (!Number.isInteger(limit)) throw refusal(given, 'is not a whole number')
  return { code, rule: `${words} ${limit}`, holds: (value) => isRight(length(value) - limit) }
}

/** Patterns match the whole value. */
function patternOf(given: Given): Pattern {
  if (typeof given.wanted !== 'string') throw refusal(given, `must be text, got ${JSON.stringify(given.wanted)}`)
  try {
    return compilePattern(given.wanted)
  } catch (error) {
    throw error instanceof PatternError ? refusal(given, error.message, error) : error
  }
}

/** A constraint's value as canonical text; the schema may give it as a text or as a JSON value. */
function canonical(given: Given, value: unknown): string {
  const cell = cellOf(value)
  const text = typeof cell === 'string' ? given.cast.text(cell) : cell === null || cell === undefined ? undefined : given.cast.value(cell)
  if (text === undefined) throw refusal(given, `has ${JSON.stringify(value)}, which ${given.cast.rule}`)
  return text
}

function refusal({ field, name }: Given, problem: string, cause?: unknown): UnreadableTable {
  return new UnreadableTable(`the constraint ${name} of field ${field.name} ${problem}`, { cause })
}

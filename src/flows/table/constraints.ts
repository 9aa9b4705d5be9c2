import { compilePattern, type Pattern, PatternError } from '../../pattern.ts'
import type { Cast } from './cast.ts'
import { type FaultCode, UnreadableTable } from './faults.ts'
import type { Field } from './schema.ts'

/** One constraint of a field, on canonical text. */
export interface Constraint {
  readonly code: FaultCode
  readonly rule: string
  readonly holds: (canonical: string) => boolean
}

/** All constraints that can be told from one value alone. Throws `UnreadableTable` for one that makes no sense for the type. */
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
    const allowed = new Set(values.map((value: unknown) => canonical(given, value)))
    return { code: 'enumerable-constraint', rule: `is none of ${[...allowed].join(', ')}`, holds: (value) => allowed.has(value) }
  },
  pattern: (given) => {
    const { fitsWhole } = patternOf(given)
    return { code: 'pattern-constraint', rule: `does not match the pattern ${given.wanted}`, holds: fitsWhole }
  },
  minimum: (given) => bound(given, { code: 'minimum-constraint', words: 'is below the minimum', isRight: (value, limit) => value >= limit }),
  maximum: (given) => bound(given, { code: 'maximum-constraint', words: 'is above the maximum', isRight: (value, limit) => value <= limit }),
  exclusiveMinimum: (given) => bound(given, { code: 'minimum-constraint', words: 'is not above', isRight: (value, limit) => value > limit }),
  exclusiveMaximum: (given) => bound(given, { code: 'maximum-constraint', words: 'is not below', isRight: (value, limit) => value < limit }),
  minLength: (given) =>
    lengthBound(given, { code: 'minimum-length-constraint', words: 'is shorter than', isRight: (value, limit) => value >= limit }),
  maxLength: (given) => lengthBound(given, { code: 'maximum-length-constraint', words: 'is longer than', isRight: (value, limit) => value <= limit }),
}

interface Bound<Rank> {
  readonly code: FaultCode
  readonly words: string
  readonly isRight: (value: Rank, limit: Rank) => boolean
}

function bound(given: Given, { code, words, isRight }: Bound<number | bigint | string>): Constraint {
  const { rank } = given.cast
  if (!rank) throw refusal(given, `does not fit the type ${given.field.type}`)
  const limitText = canonical(given, given.wanted)
  const limit = rank(limitText)
  return { code, rule: `${words} ${limitText}`, holds: (value) => isRight(rank(value), limit) }
}

function lengthBound(given: Given, { code, words, isRight }: Bound<number>): Constraint {
  const { length } = given.cast
  const limit = Number(given.wanted)
  if (!length) throw refusal(given, `does not fit the type ${given.field.type}`)
  if (!Number.isInteger(limit)) throw refusal(given, 'is not a whole number')
  return { code, rule: `${words} ${limit}`, holds: (value) => isRight(length(value), limit) }
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

/** A value of the schema in canonical text; it may stand there as text or as JSON value. */
function canonical(given: Given, value: unknown): string {
  const text = typeof value === 'string' ? given.cast.text(value) : given.cast.value(value)
  if (text === undefined) throw refusal(given, `has ${JSON.stringify(value)}, which ${given.cast.rule}`)
  return text
}

function refusal({ field, name }: Given, problem: string, cause?: unknown): UnreadableTable {
  return new UnreadableTable(`the constraint ${name} of field ${field.name} ${problem}`, { cause })
}

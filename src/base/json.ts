import { measureJson, numbersOf } from './json-size.ts'
import { limits } from './limits.ts'

/** The result of `JSON.rawJSON`: `JSON.stringify` writes its text unchanged. */
interface RawJson {
  readonly rawJSON: string
}

// Part of the language, but TypeScript has no types for them yet.
interface ExactJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
  rawJSON(text: string): RawJson
  isRawJSON(value: unknown): value is RawJson
}

const json = JSON as unknown as ExactJson

/** Finds numbers that a double may write differently: fractions, exponents, many digits. It may match inside strings as well. */
const mayDiffer = /(?:^|[[:,])\s*(?:-?\d+[.eE]|-?\d{16}|-0)/

/** Whether a JSON text has too many values for its numbers to be kept as written. */
export const isBeyondExact = (text: string): boolean =>
  text.length > limits.exactJsonValues && measureJson(text, limits.jsonDepth).values > limits.exactJsonValues

/**
 * Parses JSON so that `JSON.stringify` writes its numbers unchanged: `5.0`, integers of any length. If the text has more values than
 * `limits.exactJsonValues`, numbers become doubles. Throws a `SyntaxError`.
 */
export function exactJson(text: string): unknown {
  if (!mayDiffer.test(text) || isBeyondExact(text)) return JSON.parse(text)
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  )
}

/**
 * The first number of a JSON text that `exactJson` would change: it has more digits than a double, and the text has too many values to keep it as it
 * is written. Undefined if there is no such number.
 */
export function findLostNumber(text: string): string | undefined {
  if (!isBeyondExact(text) || !mayDiffer.test(text)) return undefined
  for (const number of numbersOf(text)) if (isLost(number)) return number
  return undefined
}

/** A double holds fifteen digits exactly, for exponents from -300 to 300. */
const isLost = (number: string): boolean => (number.length > 15 || /e/i.test(number)) && plainForm(number) !== plainForm(String(Number(number)))

/** A canonical text for a number: its digits without leading and trailing zeros, and the exponent of the last digit. */
function plainForm(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const end = digits.search(/0*$/)
  return end === 0 ? '0' : `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`
}

/** Whether a value is a number that is kept as written. */
export const isExactNumber = (value: unknown): value is RawJson => json.isRawJSON(value)

/** Whether a value is an object with keys: not a list, not null, and not a number that is kept as written. `Value` is the type of its values. */
export const isObject = <Value = unknown>(value: unknown): value is Readonly<Record<string, Value>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)

import { measureJson, numbersOf } from './json-size.ts'
import { limits } from './limits.ts'

/** What `JSON.rawJSON` makes: `JSON.stringify` writes the text as it is. */
interface RawJson {
  readonly rawJSON: string
}

// Part of the language; the types do not know them yet.
interface ExactJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
  rawJSON(text: string): RawJson
  isRawJSON(value: unknown): value is RawJson
}

const json = JSON as unknown as ExactJson

/** Numbers that may be written otherwise than a double is, where a value may stand: fractions, exponents, many digits. Some texts look so, too. */
const mayDiffer = /(?:^|[[:,])\s*(?:-?\d+[.eE]|-?\d{16}|-0)/

/** Whether a JSON text has more values than numbers are kept in as they were written. */
export const isBeyondExact = (text: string): boolean => measureJson(text, limits.jsonDepth).values > limits.exactJsonValues

/**
 * Reads JSON whose numbers `JSON.stringify` writes again as they were: `5.0`, integers of any length. Where there are more values than
 * `limits.exactJsonValues`, numbers become doubles. Throws a `SyntaxError`.
 */
export function exactJson(text: string): unknown {
  if (!mayDiffer.test(text) || isBeyondExact(text)) return JSON.parse(text)
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  )
}

/**
 * The first number of a JSON text that `exactJson` would change: it has more digits than a double, and there are too many values to keep it as it
 * is written. Undefined where there is none.
 */
export function findLostNumber(text: string): string | undefined {
  if (!mayDiffer.test(text) || !isBeyondExact(text)) return undefined
  for (const number of numbersOf(text)) if (isLost(number)) return number
  return undefined
}

/** Fifteen digits have room in a double, whatever the exponent between -300 and 300. */
const isLost = (number: string): boolean => (number.length > 15 || /e/i.test(number)) && plainForm(number) !== plainForm(String(Number(number)))

/** The same text for the same number: its digits without zeros around them, and the place of the last one. */
function plainForm(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const end = digits.search(/0*$/)
  return end === 0 ? '0' : `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`
}

/** Whether a value is a number that stands as it was written. */
export const isExactNumber = (value: unknown): value is RawJson => json.isRawJSON(value)

/** Whether a value is an object with keys: no list, no null, and no number that stands as it was written. `Value`: what its values are known to be. */
export const isObject = <Value = unknown>(value: unknown): value is Readonly<Record<string, Value>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)

import { compareTexts } from '../../base/code-points.ts'

/** An exact decimal number: `digits` times ten to the power of `power`. */
interface Decimal {
  readonly digits: bigint
  readonly power: number
}

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,9}))?$/i
/** Maximum digits of a number that is written out: a text such as `1e999999999` must not fill the memory. */
const maxDigits = 5000
/** Decimal places of a quotient that does not terminate. */
const quotientDigits = 20

/** Undefined for a text that is not a finite number, or has more than 5000 digits. */
function parseDecimal(text: string): Decimal | undefined {
  const parts = text.length > maxDigits ? null : form.exec(text)
  if (!parts) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  if (whole === '' && fraction === '') return undefined
  return { digits: BigInt(whole + fraction) * (sign === '-' ? -1n : 1n), power: Number(exponent) - fraction.length }
}

/** Undefined if it would need more than 5000 digits. */
function writeDecimal({ digits, power }: Decimal): string | undefined {
  const sign = digits < 0n ? '-' : ''
  const text = String(digits < 0n ? -digits : digits)
  if (text.length + Math.abs(power) > maxDigits) return undefined
  if (power >= 0) return digits === 0n ? '0' : `${sign}${text}${'0'.repeat(power)}`
  const padded = text.padStart(1 - power, '0')
  return `${sign}${padded.slice(0, power)}.${padded.slice(power)}`
}

/** Both numbers with the same power. Undefined when their magnitudes differ too much. */
function align(one: Decimal, other: Decimal): readonly [bigint, bigint, number] | undefined {
  const power = Math.min(one.power, other.power)
  if (Math.max(one.power, other.power) - power > maxDigits) return undefined
  return [one.digits * 10n ** BigInt(one.power - power), other.digits * 10n ** BigInt(other.power - power), power]
}

const specials = new Map([
  ['NaN', Number.NaN],
  ['INF', Number.POSITIVE_INFINITY],
  ['-INF', Number.NEGATIVE_INFINITY],
])

/** Canonical texts of values that are not finite numbers. */
const specialText = (value: number) => (Number.isNaN(value) ? 'NaN' : value > 0 ? 'INF' : '-INF')

/** The nearest double. */
const toDouble = (canonical: string): number => specials.get(canonical) ?? Number(canonical)

/** Compares canonical numbers by their exact values: below zero, zero, above zero; NaN where one of them is. */
export function compareNumbers(one: string, other: string): number {
  const [left, right] = [toDouble(one), toDouble(other)]
  // Rounding keeps the order, so only numbers that round to the same double are compared exactly.
  if (left < right) return -1
  if (left > right) return 1
  if (one === other && left === right) return 0
  return left === right ? compareDigits(one, other) : Number.NaN
}

function compareDigits(one: string, other: string): number {
  const [left, right] = [one, other].map(normalize) as [NormalDecimal | undefined, NormalDecimal | undefined]
  if (!left || !right) return left === right ? 0 : compareSpecial(one, other)
  if (left.sign !== right.sign) return left.sign - right.sign
  const size = left.magnitude - right.magnitude || compareTexts(left.digits, right.digits)
  return left.sign * size
}

/** Compares a number beyond the range of doubles with an infinite one. */
function compareSpecial(one: string, other: string): number {
  const sign = toDouble(one) > 0 ? 1 : -1
  if (specials.has(one) && specials.has(other)) return 0
  return specials.has(one) ? sign : -sign
}

interface NormalDecimal {
  readonly sign: number
  /** Without leading and trailing zeros. */
  readonly digits: string
  /** The power of ten just above the first digit. */
  readonly magnitude: number
}

function normalize(text: string): NormalDecimal | undefined {
  const parts = form.exec(text)
  if (!parts) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const all = whole + fraction
  const start = all.search(/[1-9]/)
  if (start < 0) return { sign: 0, digits: '', magnitude: 0 }
  let end = all.length
  while (all.charCodeAt(end - 1) === 48) end--
  return { sign: sign === '-' ? -1 : 1, digits: all.slice(start, end), magnitude: Number(exponent) + whole.length - start }
}

/** One text for each number: `1.50`, `1.5` and `15e-1` give the same text. */
export function numberIdentity(canonical: string): string {
  const normal = normalize(canonical)
  return normal ? `${normal.sign * normal.magnitude}:${normal.sign < 0 ? '-' : ''}${normal.digits}` : canonical
}

/** The digits of a whole number that may be written with fraction or exponent: `5.0`, `1e3`. Undefined for others. */
export function wholeDigits(text: string): string | undefined {
  const decimal = parseDecimal(text)
  const written = decimal && writeDecimal(decimal)
  const found = written === undefined ? null : /^(-?\d+)(?:\.0*)?$/.exec(written)
  return found?.[1]?.replace(/^-0$/, '0')
}

/** Adds canonical numbers without rounding. Undefined for texts that are not numbers, and for sums of more than 5000 digits. */
export function addNumbers(values: readonly string[]): string | undefined {
  return fold(values, {
    finite: (one, other) => {
      const aligned = align(one, other)
      return aligned && { digits: aligned[0] + aligned[1], power: aligned[2] }
    },
    special: (one, other) => one + other,
  })
}

/** Multiplies canonical numbers without rounding, with the same exceptions. */
export function multiplyNumbers(values: readonly string[]): string | undefined {
  return fold(values, {
    finite: (one, other) => ({ digits: one.digits * other.digits, power: one.power + other.power }),
    special: (one, other) => one * other,
  })
}

/** The mean of canonical numbers; one that does not terminate is rounded to twenty decimal places. */
export function meanOf(values: readonly string[]): string | undefined {
  const sum = addNumbers(values)
  const decimal = sum === undefined ? undefined : parseDecimal(sum)
  if (!decimal) return sum
  const extra = quotientDigits
  const count = BigInt(values.length)
  const scaled = decimal.digits * 10n ** BigInt(extra)
  const half = scaled < 0n ? -count / 2n : count / 2n
  const text = writeDecimal({ digits: (scaled + half) / count, power: decimal.power - extra })
  return text?.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** The least of canonical numbers, or the greatest; NaN where one of them is. */
export function extremeOf(values: readonly string[], which: 'min' | 'max'): string | undefined {
  if (values.some((value) => !specials.has(value) && !parseDecimal(value))) return undefined
  if (values.includes('NaN')) return 'NaN'
  const sign = which === 'min' ? 1 : -1
  return values.reduce((best, value) => (sign * compareNumbers(value, best) < 0 ? value : best))
}

interface Operation {
  readonly finite: (one: Decimal, other: Decimal) => Decimal | undefined
  readonly special: (one: number, other: number) => number
}

function fold(values: readonly string[], { finite, special }: Operation): string | undefined {
  const decimals = values.map(parseDecimal)
  if (values.some((value, at) => !decimals[at] && !specials.has(value))) return undefined
  if (decimals.includes(undefined)) {
    // Compared with an infinite number, only the sign of a finite one matters.
    const signs = values.map((value) => specials.get(value) ?? Math.sign(toDouble(value)))
    return specialText(signs.reduce(special))
  }
  let result = decimals[0]
  for (const decimal of decimals.slice(1)) result = result && decimal && finite(result, decimal)
  return result && writeDecimal(result)
}

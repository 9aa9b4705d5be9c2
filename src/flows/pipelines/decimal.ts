/** An exact decimal number: `digits` divided by ten to the power of `scale`. */
interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

const form = /^(-?)(\d+)(?:\.(\d+))?$/

function parseDecimal(text: string): Decimal | undefined {
  const parts = form.exec(text)
  if (!parts) return undefined
  const [, sign = '', whole = '', fraction = ''] = parts
  return { digits: BigInt(`${sign}${whole}${fraction}`), scale: fraction.length }
}

function writeDecimal({ digits, scale }: Decimal): string {
  const sign = digits < 0n ? '-' : ''
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
  const end = text.length - scale
  return scale === 0 ? sign + text : `${sign}${text.slice(0, end)}.${text.slice(end)}`
}

const rescale = ({ digits, scale }: Decimal, to: number) => digits * 10n ** BigInt(to - scale)

/** Adds canonical numbers without rounding; those with exponents are added as doubles. */
export const addNumbers = (values: readonly string[]) =>
  exactly(values, (one, other) => {
    const scale = Math.max(one.scale, other.scale)
    return { digits: rescale(one, scale) + rescale(other, scale), scale }
  }) ?? String(values.reduce((sum, value) => sum + Number(value), 0))

/** Multiplies canonical numbers without rounding, with the same exception. */
export const multiplyNumbers = (values: readonly string[]) =>
  exactly(values, (one, other) => ({ digits: one.digits * other.digits, scale: one.scale + other.scale })) ??
  String(values.reduce((product, value) => product * Number(value), 1))

function exactly(values: readonly string[], combine: (one: Decimal, other: Decimal) => Decimal): string | undefined {
  let result: Decimal | undefined
  for (const value of values) {
    const decimal = parseDecimal(value)
    if (!decimal) return undefined
    result = result ? combine(result, decimal) : decimal
  }
  return result && writeDecimal(result)
}

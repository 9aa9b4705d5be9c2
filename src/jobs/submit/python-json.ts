import { isExactNumber } from '../../base/json.ts'

/** A value as Python's `json.dumps` writes it, which old clients compare with. Numbers are those of `exactJson`. */
export function pythonJson(value: unknown): string {
  if (isExactNumber(value)) return pythonNumber(value.rawJSON)
  if (typeof value === 'number') return pythonNumber(String(value))
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (typeof value !== 'object' || value === null) return asciiOnly(JSON.stringify(value))
  return `{${Object.entries(value)
    .map(([key, one]) => `${asciiOnly(JSON.stringify(key))}: ${pythonJson(one)}`)
    .join(', ')}}`
}

/** Integers of any length are integers there; everything else is a double, written with its shortest digits. */
function pythonNumber(source: string): string {
  if (/^-?\d+$/.test(source)) return source === '-0' ? '0' : source
  const value = Number(source)
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  const [digits = '', exponent] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 16) return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  const plain = Object.is(value, -0) ? '-0' : String(value)
  return Number.isInteger(value) ? `${plain}.0` : plain
}

const asciiOnly = (text: string) => text.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

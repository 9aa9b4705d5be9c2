import type { Cast } from './cast.ts'
import type { Field } from './schema.ts'

const plainInteger = /^-?(?:0|[1-9]\d*)$/
const plainNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const anyInteger = /^([+-]?)0*(\d+)$/
const anyNumber = /^([+-]?)(\d*)(?:\.(\d*))?(e[+-]?\d+)?$/i
const specialNumbers = new Map([
  ['nan', 'NaN'],
  ['inf', 'INF'],
  ['+inf', 'INF'],
  ['-inf', '-INF'],
])

/** Whole numbers of any length: digits are kept as text, so none is lost. */
export function castInteger(field: Field): Cast {
  const clean = cleaner(field)
  const text = clean ? (value: string) => integerText(clean(value)) : integerText
  return {
    text,
    value: (value) => (typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : undefined),
    json: 'bare',
    rule: 'is not a whole number',
    written: { bareNumber: undefined, groupChar: undefined },
    rank: rankNumber,
  }
}

function integerText(value: string): string | undefined {
  if (plainInteger.test(value)) return value === '-0' ? '0' : value
  const parts = anyInteger.exec(value)
  if (!parts) return undefined
  const digits = parts[2] ?? ''
  return parts[1] === '-' && digits !== '0' ? `-${digits}` : digits
}

/** Decimal numbers; trailing zeros and digits beyond a double's reach stay as they were written. */
export function castNumber(field: Field): Cast {
  const clean = cleaner(field)
  const text = clean ? (value: string) => numberText(clean(value)) : numberText
  return {
    text,
    value: (value) => (typeof value === 'number' ? String(value) : undefined),
    json: 'number',
    rule: 'is not a number',
    written: { decimalChar: '.', groupChar: '', bareNumber: undefined },
    rank: rankNumber,
  }
}

function numberText(value: string): string | undefined {
  if (plainNumber.test(value)) return value
  const parts = anyNumber.exec(value)
  if (!parts) return specialNumbers.get(value.toLowerCase())
  const [, sign = '', whole = '', fraction = '', exponent = ''] = parts
  if (whole === '' && fraction === '') return undefined
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${exponent}`
}

/** Undefined where the text can be taken as it is. */
function cleaner(field: Field): ((text: string) => string) | undefined {
  const { decimalChar = '.', groupChar = '', bareNumber = true } = field.source
  const isPlain = decimalChar === '.' && groupChar === '' && bareNumber !== false
  if (isPlain) return undefined
  return (text) => {
    const bare = bareNumber === false ? bareText(text) : text
    const ungrouped = typeof groupChar === 'string' && groupChar !== '' ? bare.replaceAll(groupChar, '') : bare
    if (decimalChar === '.' || typeof decimalChar !== 'string') return ungrouped
    // A point that is neither of the two characters would otherwise be taken for one.
    return ungrouped.includes('.') ? '' : ungrouped.replace(decimalChar, '.')
  }
}

/** `$ 95.00` and `95 %` without what stands before and after the number. */
function bareText(text: string): string {
  return text.replace(/^[^\d+.-]+/, '').replace(/[^\d.]+$/, '')
}

/** Sixteen digits and more would be rounded by a double. */
function rankNumber(canonical: string): number | bigint {
  return canonical.length > 15 && plainInteger.test(canonical) ? BigInt(canonical) : parseNumber(canonical)
}

function parseNumber(canonical: string): number {
  if (canonical === 'INF') return Number.POSITIVE_INFINITY
  return canonical === '-INF' ? Number.NEGATIVE_INFINITY : Number(canonical)
}

/** Four digits; `-0044` is a year before our era. */
export const castYear: Cast = {
  text: (text) => (/^-?\d{4}$/.test(text) ? text : undefined),
  value: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 9999 ? String(value).padStart(4, '0') : undefined,
  json: (canonical) => String(Number(canonical)),
  rule: 'is not a year of four digits',
  written: { format: undefined },
  rank: Number,
}

/** The words given by `trueValues` and `falseValues`, or the usual ones. */
export function castBoolean(field: Field): Cast {
  const words = new Map<string, string>()
  for (const word of wordList(field.source['falseValues'], ['false', 'False', 'FALSE', '0'])) words.set(word, 'false')
  for (const word of wordList(field.source['trueValues'], ['true', 'True', 'TRUE', '1'])) words.set(word, 'true')
  return {
    text: (text) => words.get(text),
    value: (value) => (typeof value === 'boolean' ? String(value) : words.get(String(value))),
    json: 'bare',
    rule: `is none of ${[...words.keys()].join(', ')}`,
    written: { trueValues: ['true'], falseValues: ['false'] },
  }
}

function wordList(value: unknown, fallback: readonly string[]): readonly string[] {
  return Array.isArray(value) ? value.map(String) : fallback
}

import { UnreadableTable } from '../faults.ts'
import type { Field } from '../schema.ts'
import type { Cast } from './cast.ts'
import { compareNumbers, numberIdentity, wholeDigits } from './decimal.ts'
import { plainSpelling } from './number-form.ts'

const plainInteger = /^-?(?:0|[1-9]\d*)$/
const plainNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const anyInteger = /^([+-]?)(\d+)$/
const anyNumber = /^([+-]?)(\d*)(?:\.(\d*))?(e[+-]?\d{1,9})?$/i
const specialNumbers = new Map([
  ['nan', 'NaN'],
  ['inf', 'INF'],
  ['+inf', 'INF'],
  ['-inf', '-INF'],
])

/** Parses the field's own spelling, then applies the rules of the type. */
function spelledText(field: Field, read: (text: string) => string | undefined): (text: string) => string | undefined {
  const plain = plainSpelling(field)
  if (!plain) return read
  return (text) => {
    const digits = plain(text)
    return digits === undefined ? undefined : read(digits)
  }
}

/** Describes the spelling of the field's numbers, if it is not the plain one. */
function ruleOf(problem: string, { source }: Field): string {
  const parts = [
    typeof source['decimalChar'] === 'string' && source['decimalChar'] !== '.' ? `decimalChar ${JSON.stringify(source['decimalChar'])}` : '',
    typeof source['groupChar'] === 'string' && source['groupChar'] !== '' ? `groups by ${JSON.stringify(source['groupChar'])}` : '',
    source['bareNumber'] === false ? 'a unit or currency beside it' : '',
  ].filter((part) => part !== '')
  return parts.length === 0 ? problem : `${problem} (with ${parts.join(', ')})`
}

/** Whole numbers of any length. Digits are kept as text, so none is lost. */
export function castInteger(field: Field): Cast {
  return {
    text: spelledText(field, integerText),
    value: (value) => (typeof value === 'boolean' || !value.isNumber ? undefined : (integerText(value.text) ?? wholeDigits(value.text))),
    json: 'bare',
    rule: ruleOf('is not a whole number', field),
    written: { bareNumber: undefined, groupChar: undefined, decimalChar: undefined },
    compare: compareNumbers,
  }
}

function integerText(value: string): string | undefined {
  if (plainInteger.test(value)) return value === '-0' ? '0' : value
  const parts = anyInteger.exec(value)
  if (!parts) return undefined
  const digits = withoutZeros(parts[2] ?? '')
  return parts[1] === '-' && digits !== '0' ? `-${digits}` : digits
}

const withoutZeros = (digits: string) => digits.replace(/^0+(?=\d)/, '')

/** Decimal numbers. Trailing zeros and digits beyond the precision of a double are kept. */
export function castNumber(field: Field): Cast {
  return {
    text: spelledText(field, numberText),
    value: (value) => (typeof value === 'boolean' || !value.isNumber ? undefined : numberText(value.text)),
    json: 'number',
    rule: ruleOf('is not a number', field),
    written: { decimalChar: '.', groupChar: '', bareNumber: undefined },
    compare: compareNumbers,
    identity: numberIdentity,
  }
}

function numberText(value: string): string | undefined {
  if (plainNumber.test(value)) return value
  const parts = anyNumber.exec(value)
  if (!parts) return specialNumbers.get(value.toLowerCase())
  const [, sign = '', whole = '', fraction = '', exponent = ''] = parts
  if (whole === '' && fraction === '') return undefined
  const digits = withoutZeros(whole) || '0'
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${exponent}`
}

/** Four digits; `-0044` is a year before our era. */
export const castYear: Cast = {
  text: (text) => (/^-?\d{4}$/.test(text) ? text : undefined),
  value: (value) => {
    const parts = typeof value === 'boolean' ? null : /^(-?)(\d{1,4})$/.exec(value.text)
    return parts ? `${parts[1]}${(parts[2] ?? '').padStart(4, '0')}` : undefined
  },
  json: (canonical) => String(Number(canonical)),
  rule: 'is not a year of four digits',
  written: { format: undefined },
  compare: compareNumbers,
}

/** The words in `trueValues` and `falseValues`, or the default ones. Throws `UnreadableTable` for invalid lists. */
export function castBoolean(field: Field): Cast {
  const falseWords = wordList(field, 'falseValues', ['false', 'False', 'FALSE', '0'])
  const trueWords = wordList(field, 'trueValues', ['true', 'True', 'TRUE', '1'])
  const both = trueWords.find((word) => falseWords.includes(word))
  if (both !== undefined) throw new UnreadableTable(`the trueValues and the falseValues of field ${field.name} both have ${JSON.stringify(both)}`)
  const words = new Map([...falseWords.map((word) => [word, 'false'] as const), ...trueWords.map((word) => [word, 'true'] as const)])
  return {
    text: (text) => words.get(text),
    value: (value) => (typeof value === 'boolean' ? String(value) : words.get(value.text)),
    json: 'bare',
    rule: `is none of ${[...words.keys()].join(', ')}`,
    written: { trueValues: ['true'], falseValues: ['false'] },
  }
}

function wordList({ name, source }: Field, key: string, fallback: readonly string[]): readonly string[] {
  const value = source[key] ?? fallback
  if (!Array.isArray(value)) throw new UnreadableTable(`the ${key} of field ${name} are not a list`)
  return value.map(String)
}

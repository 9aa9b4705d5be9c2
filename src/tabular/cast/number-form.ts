import { UnreadableTable } from '../faults.ts'
import type { Field } from '../schema.ts'

/** How the numbers of a field are spelled. */
interface NumberForm {
  readonly decimalChar: string
  /** Empty if digits are not grouped. */
  readonly groupChar: string
  readonly isBare: boolean
}

/** Reads `decimalChar`, `groupChar` and `bareNumber`. Throws `UnreadableTable` for invalid values. */
function parseForm({ name, source }: Field): NumberForm {
  const character = (key: 'decimalChar' | 'groupChar', fallback: string) => {
    const value = source[key] ?? fallback
    const isRight = typeof value === 'string' && (value === fallback || (value.length === 1 && !/[\d+\-eE()]/.test(value)))
    if (!isRight) throw new UnreadableTable(`the ${key} ${JSON.stringify(value)} of field ${name} must be one character that is not part of a number`)
    return value
  }
  const [decimalChar, groupChar] = [character('decimalChar', '.'), character('groupChar', '')]
  if (decimalChar === groupChar) throw new UnreadableTable(`the groupChar of field ${name} must differ from its decimalChar`)
  const bareNumber = source['bareNumber'] ?? true
  if (typeof bareNumber !== 'boolean') throw new UnreadableTable(`the bareNumber of field ${name} must be true or false`)
  return { decimalChar, groupChar, isBare: bareNumber }
}

/** Converts a text of the field's own spelling to digits with a point; undefined if the text does not fit. The function is undefined for the plain spelling. */
export function plainSpelling(field: Field): ((text: string) => string | undefined) | undefined {
  const form = parseForm(field)
  if (form.isBare && form.decimalChar === '.' && form.groupChar === '') return undefined
  const ungroup = ungrouper(form)
  return form.isBare ? ungroup : (text) => ungroup(text) ?? bare(text, form, ungroup)
}

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

/**
 * Groups have three digits, or, in the Indian form, two before the last three. The first group has no leading zero, and a
 * fraction has no groups.
 */
function ungrouper({ decimalChar, groupChar }: NumberForm): (text: string) => string | undefined {
  const group = literal(groupChar)
  const grouped = groupChar === '' ? '' : `[1-9]\\d{0,2}(?:${group}\\d{3})+|[1-9]\\d?(?:${group}\\d{2})+${group}\\d{3}|`
  const form = new RegExp(`^([+-]?)(${grouped}\\d*)(?:${literal(decimalChar)}(\\d*))?(e[+-]?\\d+)?$`, 'i')
  return (text) => {
    if (/^[+-]?(?:nan|inf)$/i.test(text)) return text
    const parts = form.exec(text)
    if (!parts) return undefined
    const [, sign = '', whole = '', fraction, exponent = ''] = parts
    const digits = groupChar === '' ? whole : whole.replaceAll(groupChar, '')
    return `${sign}${digits}${fraction === undefined ? '' : `.${fraction}`}${exponent}`
  }
}

/** Texts allowed next to a number: names and signs of currencies and units, marks; no plus or minus sign, comparison or digit. */
const beside = /^(?:[\p{L}\p{M}\p{Sc}%‰‱°\s:*#'"’′″&|_]|(?<=\p{L})[.²³]|(?<=\p{L})\/(?=\p{L}))*$/u
/** Words that multiply the value. */
const multiplier =
  /(?:^|[^\p{L}])(?:hundred|thousand|million|billion|trillion|millions|billions|tsd|mio|mrd|mn|mln|bn|tn|lakh|lakhs|crore|crores|dozen)(?![\p{L}])|^[kKM](?![\p{L}])/iu

/** `$ 95.00`, `95 %`, `-€5`, `12-` and `(12)` as plain numbers; undefined if the text is ambiguous. */
function bare(text: string, { decimalChar, groupChar }: NumberForm, ungroup: (text: string) => string | undefined): string | undefined {
  const first = text.search(/\d/)
  if (first < 0) return undefined
  const last = text.search(/\d\D*$/)
  const isPointed = text[first - 1] === decimalChar
  if (isPointed && /\p{L}$/u.test(text.slice(0, first - 1))) return undefined
  const start = isPointed ? first - 1 : first
  const number = ungroup(text.slice(start, last + 1))
  const sign = signOf(text.slice(0, start).replaceAll('−', '-'), text.slice(last + 1).replaceAll('−', '-'), groupChar)
  return number === undefined || sign === undefined ? undefined : sign + number
}

/** The sign of a number from the texts before and after it: `-` or empty; undefined if it is ambiguous. */
function signOf(before: string, after: string, groupChar: string): string | undefined {
  const isBracketed = /^\(|\([\p{Sc}\s]*$/u.test(before)
  const [head, tail] = isBracketed ? [before.replace('(', ''), after.replace(')', '')] : [before, after]
  if (isBracketed && !after.includes(')')) return undefined
  const leading = /^(.*?)([+-])?$/su.exec(head.trimEnd())
  const early = /^([+-])(.*)$/su.exec(head.trimStart())
  const trailing = /^(-)(?!\p{L})(.*)$/su.exec(tail) ?? /^\s+(-)(\s*)$/.exec(tail)
  const prefix = early ? (early[2] ?? '') : (leading?.[1] ?? '')
  const signs = [early?.[1] ?? leading?.[2], trailing?.[1], isBracketed ? '-' : undefined].filter((one) => one !== undefined)
  const suffix = trailing ? (trailing[2] ?? '') : tail
  const isGlued = !early && leading?.[2] !== undefined && /\p{L}$/u.test(prefix)
  const isClear = signs.length <= 1 && !isGlued && isBeside(prefix, groupChar) && isBeside(suffix, groupChar) && !multiplier.test(suffix)
  return isClear ? (signs[0] ?? '').replace('+', '') : undefined
}

const isBeside = (text: string, groupChar: string) => beside.test(text) && (groupChar.trim() === '' || !text.includes(groupChar))

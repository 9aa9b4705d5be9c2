import { DomainError, type FieldErrors, invalid } from '../base/errors.ts'
import { isExactNumber, isObject } from '../base/json.ts'
import { maxEntries } from '../base/limits.ts'
import { siteMark } from './site-mark.ts'

/** An object from a request; its values are not checked yet. */
export type Input = Readonly<Record<string, unknown>>

export const missingValue = 'Missing value'
const notText = 'Must be a text'

/** Why a text cannot be stored the same on both databases; undefined if it can. */
export function textObjection(text: string): string | undefined {
  if (text.includes('\0')) return 'Must not contain a NUL character'
  return text.isWellFormed() && !text.includes(siteMark) ? undefined : 'Must be valid Unicode'
}

/** A plain value as text: numbers as they were written, booleans written out; what is no plain value gives undefined. */
export function plainText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (isExactNumber(value)) return value.rawJSON
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** The same for any JSON value: what is wrong with a text or a key in it. */
export function valueObjection(value: unknown): string | undefined {
  if (typeof value === 'string') return textObjection(value)
  if (Array.isArray(value)) return firstObjection(value.map(valueObjection))
  return isObject(value) ? firstObjection(Object.entries(value).map(([key, one]) => textObjection(key) ?? valueObjection(one))) : undefined
}

const firstObjection = (objections: readonly (string | undefined)[]) => objections.find((one) => one !== undefined)

/** Whether a text has more characters than a limit. */
export function isLonger(text: string, maxLength: number): boolean {
  if (text.length <= maxLength) return false
  if (text.length > 2 * maxLength) return true
  let length = 0
  for (const _ of text) length++
  return length > maxLength
}

export const tooLong = (maxLength: number) => `Must not be longer than ${maxLength} characters`

/** Reads the fields of one object of a request, and collects their errors. `null` is read as absent. */
export class FieldReader {
  readonly errors: FieldErrors = {}
  readonly #input: Input

  constructor(input: Input) {
    this.#input = input
  }

  get isValid(): boolean {
    return Object.keys(this.errors).length === 0
  }

  fail(field: string, message: string): void {
    const known = this.errors[field] as string[] | undefined
    if (known) known.push(message)
    else this.errors[field] = [message]
  }

  /** Keeps the errors of a list's items, aligned with the input; a list without errors leaves nothing. */
  failItems(field: string, items: readonly FieldErrors[]): void {
    if (items.some((item) => Object.keys(item).length > 0)) this.errors[field] = [...items]
  }

  /** Throws `invalid` with everything collected. */
  check(): void {
    if (!this.isValid) throw invalid(this.errors)
  }

  has(field: string): boolean {
    return this.raw(field) !== undefined
  }

  /** The value; undefined when absent or null. Numbers are doubles. */
  raw(field: string): unknown {
    const value = this.exact(field)
    return isExactNumber(value) ? Number(value.rawJSON) : value
  }

  /** The value as it was sent; numbers that a double cannot represent stay exact. */
  exact(field: string): unknown {
    return Object.hasOwn(this.#input, field) ? (this.#input[field] ?? undefined) : undefined
  }

  /** A text; numbers and booleans are converted to text. A stored value may exceed the limit, because the limit may be newer. */
  text(field: string, maxLength = Number.POSITIVE_INFINITY, stored?: string | null): string | undefined {
    const value = this.exact(field)
    if (value === undefined) return undefined
    const text = plainText(value)
    const objection = text === undefined ? notText : textObjection(text)
    if (objection) this.fail(field, objection)
    else if (text !== undefined && text !== stored && isLonger(text, maxLength)) this.fail(field, tooLong(maxLength))
    else return text
    return undefined
  }

  flag(field: string): boolean | undefined {
    const value = this.raw(field)
    if (value === undefined || value === '') return undefined
    const known = parseFlag(value)
    if (known === undefined) this.fail(field, 'Must be true or false')
    return known
  }

  /** A list; anything else is an error of the field. */
  list(field: string): readonly unknown[] | undefined {
    const value = this.raw(field)
    if (value === undefined || value === '') return undefined
    if (Array.isArray(value)) return checkEntries(field, value)
    this.fail(field, 'Must be a list')
    return undefined
  }

  /** A list whose items must be objects. Other items are an error of the structure, not of a field. */
  objects(field: string): readonly Input[] | undefined {
    const list = this.list(field)
    if (list?.every(isObject)) return list
    if (list) throw badStructure(field)
    return undefined
  }
}

/** Returns the list. Throws `invalid` if it has too many entries. */
export function checkEntries(field: string, list: readonly unknown[]): readonly unknown[] {
  const max = maxEntries(field)
  if (list.length > max) throw new DomainError('invalid', `${field}: at most ${max} entries are allowed, got ${list.length}: send fewer`)
  return list
}

/** The structure of the input is wrong, so that no single field can be named. */
export const badStructure = (field: string) => new DomainError('invalid', `${field}: wanted a list of objects`)

const flags = new Map<unknown, boolean>([
  ...[true, 1, 'true', 'yes', 'on', 'y', 't', '1'].map((word) => [word, true] as const),
  ...[false, 0, 'false', 'no', 'off', 'n', 'f', '0'].map((word) => [word, false] as const),
])

/** A boolean in any of the forms that clients send; undefined for anything else. */
export const parseFlag = (value: unknown) => flags.get(typeof value === 'string' ? value.trim().toLowerCase() : value)

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a text has the form of an id; names may have it, too. */
export const isUuid = (text: string) => uuid.test(text)

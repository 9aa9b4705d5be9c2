import { createHash } from 'node:crypto'
import { castDate, castDatetime } from '../table/cast-date.ts'
import { castBoolean, castInteger, castNumber } from '../table/cast-number.ts'
import type { Field, FieldType } from '../table/schema.ts'

/** What is known of one column after all of its values. */
export interface ColumnProfile {
  readonly name: string
  /** The narrowest type that every value fits; `string` fits all. */
  readonly type: ColumnType
  /** Cells with nothing in them. */
  readonly missing: number
  /** Different values; when `distinct_is_exact` is false there are more. */
  readonly distinct: number
  readonly distinct_is_exact: boolean
  /** The least and the greatest value: as numbers where the type is one, else as texts. Null when there is none. */
  readonly min: string | number | null
  readonly max: string | number | null
}

type ColumnType = 'integer' | 'number' | 'boolean' | 'date' | 'datetime' | 'string'

interface Candidate {
  readonly type: ColumnType
  readonly fits: (text: string) => boolean
}

const plainField = (type: FieldType): Field => ({ name: '', type, format: 'default', constraints: {}, source: {} })

const candidates: readonly Candidate[] = [
  { type: 'integer', cast: castInteger(plainField('integer')) },
  { type: 'number', cast: castNumber(plainField('number')) },
  { type: 'boolean', cast: castBoolean(plainField('boolean')) },
  { type: 'date', cast: castDate(plainField('date')) },
  { type: 'datetime', cast: castDatetime(plainField('datetime')) },
].map(({ type, cast }) => ({ type: type as ColumnType, fits: (text) => cast.text(text) !== undefined }))

/** Texts are shown up to this many characters. */
const shownLength = 200
/** Longer texts are told apart by their digest, so that no column fills the memory. */
const keptLength = 64

/** Looks at the values of one column, one after the other, and keeps no more of them than it has to. */
export class ColumnCounter {
  readonly #name: string
  readonly #mostDistinct: number
  readonly #distinct = new Set<string>()
  #isExact = true
  #missing = 0
  #possible: readonly Candidate[] = candidates
  #numbers: { min: number; max: number } | undefined
  #texts: { min: string; max: string } | undefined

  constructor(name: string, mostDistinct: number) {
    this.#name = name
    this.#mostDistinct = mostDistinct
  }

  add(cell: unknown): void {
    const text = typeof cell === 'string' ? cell.trim() : cell === null || cell === undefined ? '' : JSON.stringify(cell)
    if (text === '') {
      this.#missing++
      return
    }
    if (!this.#possible.every(({ fits }) => fits(text))) this.#possible = this.#possible.filter(({ fits }) => fits(text))
    this.#addDistinct(text)
    this.#addToRange(text)
  }

  profile(): ColumnProfile {
    const type = this.#texts === undefined ? 'string' : (this.#possible[0]?.type ?? 'string')
    const range = type === 'integer' || type === 'number' ? this.#numbers : this.#texts
    const shown = (value: string | number | undefined) => (typeof value === 'string' ? value.slice(0, shownLength).toWellFormed() : (value ?? null))
    return {
      name: this.#name,
      type,
      missing: this.#missing,
      distinct: this.#distinct.size,
      distinct_is_exact: this.#isExact,
      min: shown(range?.min),
      max: shown(range?.max),
    }
  }

  #addDistinct(text: string): void {
    if (!this.#isExact) return
    const value = text.length <= keptLength ? text : hashOf(text)
    if (this.#distinct.has(value)) return
    if (this.#distinct.size >= this.#mostDistinct) this.#isExact = false
    else this.#distinct.add(value)
  }

  #addToRange(text: string): void {
    if (this.#texts === undefined) this.#texts = { min: text, max: text }
    else if (text < this.#texts.min) this.#texts.min = text
    else if (text > this.#texts.max) this.#texts.max = text
    const number = Number(text)
    if (Number.isNaN(number)) return
    if (this.#numbers === undefined) this.#numbers = { min: number, max: number }
    else if (number < this.#numbers.min) this.#numbers.min = number
    else if (number > this.#numbers.max) this.#numbers.max = number
  }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64')

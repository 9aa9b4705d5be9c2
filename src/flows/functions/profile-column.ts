import { createHash } from 'node:crypto'
import { compareTexts } from '../../base/code-points.ts'
import type { Cast } from '../../tabular/cast/cast.ts'
import { castDate, castDatetime } from '../../tabular/cast/date.ts'
import { compareNumbers } from '../../tabular/cast/decimal.ts'
import { castBoolean, castInteger, castNumber } from '../../tabular/cast/number.ts'
import { type Cell, cellText } from '../../tabular/cell.ts'
import type { Field, FieldType } from '../../tabular/schema.ts'

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
  /** The least and the greatest value: as numbers where the type is one and a double has all of their digits, else as texts. Null when there is none. */
  readonly min: string | number | null
  readonly max: string | number | null
}

type ColumnType = 'integer' | 'number' | 'boolean' | 'date' | 'datetime' | 'string'

interface Candidate {
  readonly type: ColumnType
  /** The value as the type writes it; undefined where it does not fit. */
  readonly read: (text: string) => string | undefined
  readonly compare: (one: string, other: string) => number
  readonly isNumeric: boolean
}

const plainField = (type: FieldType): Field => ({ name: '', type, format: 'default', constraints: {}, source: {} })

/** Codes and telephone numbers are no numbers: they would lose their zeros and plus signs. */
const isCode = (text: string) => /^[+-]?0\d|^\+/.test(text)

function candidate(type: ColumnType, { text: read, compare = compareTexts }: Cast): Candidate {
  const isNumeric = type === 'integer' || type === 'number'
  return { type, compare, isNumeric, read: isNumeric ? (text) => (isCode(text) ? undefined : read(text)) : read }
}

const candidates: readonly Candidate[] = [
  candidate('integer', castInteger(plainField('integer'))),
  candidate('number', castNumber(plainField('number'))),
  candidate('boolean', castBoolean(plainField('boolean'))),
  candidate('date', castDate(plainField('date'))),
  candidate('datetime', castDatetime(plainField('datetime'))),
]

/** The least and the greatest of the values so far. */
class Range {
  readonly #compare: Candidate['compare']
  min: string | undefined
  max: string | undefined

  constructor(compare: Candidate['compare']) {
    this.#compare = compare
  }

  add(value: string): void {
    if (this.min === undefined || this.max === undefined) {
      if (value !== 'NaN') this.min = this.max = value
    } else if (this.#compare(value, this.min) < 0) this.min = value
    else if (this.#compare(value, this.max) > 0) this.max = value
  }
}

interface Possible {
  readonly candidate: Candidate
  readonly range: Range
}

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
  #possible: readonly Possible[] = candidates.map((one) => ({ candidate: one, range: new Range(one.compare) }))
  readonly #texts = new Range(compareTexts)

  constructor(name: string, mostDistinct: number) {
    this.#name = name
    this.#mostDistinct = mostDistinct
  }

  add(cell: Cell): void {
    const text = cellText(cell).trim()
    if (text === '') {
      this.#missing++
      return
    }
    this.#addToTypes(text)
    this.#addDistinct(text)
    this.#texts.add(text)
  }

  #addToTypes(text: string): void {
    let isLost = false
    for (const { candidate: one, range } of this.#possible) {
      const value = one.read(text)
      if (value === undefined) isLost = true
      else range.add(value)
    }
    if (isLost) this.#possible = this.#possible.filter(({ candidate: one }) => one.read(text) !== undefined)
  }

  profile(): ColumnProfile {
    const [best] = this.#texts.min === undefined ? [] : this.#possible
    const range = best?.range ?? this.#texts
    const shown = best?.candidate.isNumeric ? exactNumber : shortText
    return {
      name: this.#name,
      type: best?.candidate.type ?? 'string',
      missing: this.#missing,
      distinct: this.#distinct.size,
      distinct_is_exact: this.#isExact,
      min: shown(range.min),
      max: shown(range.max),
    }
  }

  #addDistinct(text: string): void {
    if (!this.#isExact) return
    const value = text.length <= keptLength ? text : hashOf(text)
    if (this.#distinct.has(value)) return
    if (this.#distinct.size >= this.#mostDistinct) this.#isExact = false
    else this.#distinct.add(detached(value))
  }
}

const shortText = (value: string | undefined) => value?.slice(0, shownLength).toWellFormed() ?? null

/** A number that a double holds exactly as one, any other one as text with all its digits. */
function exactNumber(value: string | undefined): string | number | null {
  if (value === undefined) return null
  const double = Number(value)
  return Number.isFinite(double) && compareNumbers(String(double), value) === 0 ? double : shortText(value)
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64')

/** A copy: a part of a text that was read would keep the whole of it in memory. */
const detached = (text: string) => Buffer.from(text, 'utf16le').toString('utf16le')

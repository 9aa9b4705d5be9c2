import { createHash } from 'node:crypto'
import { compareTexts } from '../../base/code-points.ts'
import type { Cast } from '../../tabular/cast/cast.ts'
import { castDate, castDatetime } from '../../tabular/cast/date.ts'
import { compareNumbers } from '../../tabular/cast/decimal.ts'
import { castBoolean, castInteger, castNumber } from '../../tabular/cast/number.ts'
import { type Cell, cellText } from '../../tabular/cell.ts'
import type { Field, FieldType } from '../../tabular/schema.ts'

/** The profile of one column. */
export interface ColumnProfile {
  readonly name: string
  /** The narrowest type that fits every value; `string` fits all. */
  readonly type: ColumnType
  /** Empty cells. */
  readonly missing: number
  /** Number of distinct values; a lower bound if `distinct_is_exact` is false. */
  readonly distinct: number
  readonly distinct_is_exact: boolean
  /** The least and the greatest value: numbers if the type is numeric and a double holds all their digits, else texts. Null if there is no value. */
  readonly min: string | number | null
  readonly max: string | number | null
}

type ColumnType = 'integer' | 'number' | 'boolean' | 'date' | 'datetime' | 'string'

interface Candidate {
  readonly type: ColumnType
  /** The canonical text of a value; undefined if it does not fit the type. */
  readonly read: (text: string) => string | undefined
  readonly compare: (one: string, other: string) => number
  readonly isNumeric: boolean
}

const plainField = (type: FieldType): Field => ({ name: '', type, format: 'default', constraints: {}, source: {} })

/** Codes and telephone numbers are not numbers: they would lose their zeros and plus signs. */
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

/** Maximum characters of a text in the profile. */
const shownLength = 200
/** Longer texts are compared by digest, so that no column fills the memory. */
const keptLength = 64

/** Profiles one column value by value, and keeps only the values that it needs. */
export class ColumnCounter {
  readonly #name: string
  readonly #maxDistinct: number
  readonly #distinct = new Set<string>()
  #isExact = true
  #missing = 0
  #possible: readonly Possible[] = candidates.map((one) => ({ candidate: one, range: new Range(one.compare) }))
  readonly #texts = new Range(compareTexts)

  constructor(name: string, maxDistinct: number) {
    this.#name = name
    this.#maxDistinct = maxDistinct
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
    if (this.#distinct.size >= this.#maxDistinct) this.#isExact = false
    else this.#distinct.add(detached(value))
  }
}

const shortText = (value: string | undefined) => value?.slice(0, shownLength).toWellFormed() ?? null

/** A number if a double holds it exactly, else a text with all its digits. */
function exactNumber(value: string | undefined): string | number | null {
  if (value === undefined) return null
  const double = Number(value)
  return Number.isFinite(double) && compareNumbers(String(double), value) === 0 ? double : shortText(value)
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('base64')

/** A copy: a slice of a text would keep the whole text in memory. */
const detached = (text: string) => Buffer.from(text, 'utf16le').toString('utf16le')

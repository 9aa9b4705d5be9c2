import { type CalendarParts, isDay, newParts, writeDate } from './calendar.ts'
import { compileDatePattern, maxDateLength } from './date-pattern.ts'

type Reader = (text: string) => CalendarParts | undefined

/** The date order and precision that all values of a column show together; `both` when some have the day first and some the month. */
export interface DateEvidence {
  readonly order: 'day' | 'month' | 'both' | undefined
  /** Whether a value has a nonzero fraction of a second. */
  readonly hasFraction: boolean
}

/** Unambiguous dates. */
const yearFirst = ['%Y-%m-%d', '%Y/%m/%d', '%Y.%m.%d', '%Y%m%d']
const named = ['%b %d %Y', '%b %d, %Y', '%d %b %Y', '%d-%b-%Y', '%B %d %Y', '%B %d, %Y', '%d %B %Y']
const times = ['%H:%M:%S', '%H:%M', '%H:%M:%S.%f', '%I:%M %p', '%I:%M:%S %p', '%I:%M%p']
const zones = ['', '%z', ' %z', ' %Z']

function firstOf(patterns: readonly string[]): Reader {
  const readers = patterns.map(compileDatePattern)
  return (text) => {
    for (const read of readers) {
      const parts = read(text)
      if (parts) return parts
    }
    return undefined
  }
}

const readClearDate = firstOf([...yearFirst, ...named])
const readPlainTime = firstOf(times)
const readZonedTime = firstOf(times.flatMap((time) => zones.map((zone) => time + zone)))

/** Dates such as `01.02.2023`: one of the two first numbers is the day. */
const numericDate = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})$/
const shortYear = /^\d{1,2}([./-])\d{1,2}\1\d{2}(?!\d)/

interface Readings {
  readonly day: CalendarParts | undefined
  readonly month: CalendarParts | undefined
}

/** The two readings of a numeric date, with the day first and with the month first; undefined for other texts. */
function readingsOf(text: string): Readings | undefined {
  const parts = numericDate.exec(text)
  if (!parts) return undefined
  const [one, other, year] = [Number(parts[1]), Number(parts[3]), Number(parts[4])]
  const date = (day: number, month: number) => (isDay(year, month, day) ? { ...newParts(), year, month, day } : undefined)
  return { day: date(one, other), month: date(other, one) }
}

const isSame = ({ day, month }: Readings) => day?.day === month?.day && day?.month === month?.month

/** In a column with both orders no numeric date is accepted. Without evidence only unambiguous dates are accepted. */
function choose(readings: Readings, order: DateEvidence['order']): CalendarParts | undefined {
  const { day, month } = readings
  if (isSame(readings)) return day
  if (order !== undefined) return order === 'both' ? undefined : readings[order]
  return day && month ? undefined : (day ?? month)
}

/** Splits a text into its date part and its time part. */
function splitDatetime(text: string): readonly [string, string | undefined] {
  const found = text.length > maxDateLength ? null : /^(.*?\d)(?:T|,?\s+)(\d{1,2}:\d{2}.*)$/.exec(text)
  return [found?.[1] ?? text, found?.[2]]
}

function readDate(text: string, order: DateEvidence['order']): CalendarParts | undefined {
  const readings = readingsOf(text)
  return readings ? choose(readings, order) : readClearDate(text)
}

/** Builds readers for the format `any` from the evidence of the whole column. */
export const anyDateReaders = {
  date:
    (evidence: DateEvidence | undefined): Reader =>
    (text) =>
      readDate(text, evidence?.order),
  time: (): Reader => readPlainTime,
  /** A date without a time means midnight. */
  datetime:
    (evidence: DateEvidence | undefined): Reader =>
    (text) => {
      const [dayText, timeText] = splitDatetime(text)
      const day = readDate(dayText, evidence?.order)
      const time = timeText === undefined ? newParts() : readZonedTime(timeText)
      return day && time && { ...time, year: day.year, month: day.month, day: day.day }
    },
}

/** Why a date or datetime of the format `any` is refused, if there is a more exact reason than that it is no date. */
export function explainAnyDate(text: string, evidence: DateEvidence | undefined): string | undefined {
  const [dayText] = splitDatetime(text)
  if (shortYear.test(dayText)) return 'has a year of two digits, and nothing says of which century; give the field a format such as %d.%m.%y'
  const readings = readingsOf(dayText)
  if (!readings?.day && !readings?.month) return undefined
  if (choose(readings, evidence?.order)) return undefined
  const { day, month } = readings
  if (evidence?.order === 'both') return 'cannot be read: in this column some dates have the day first and others the month; give the field a format'
  if (!day || !month) return undefined
  return `is ${writeDate(day)} with the day first and ${writeDate(month)} with the month first, and nothing says which; give the field a format such as %d.%m.%Y`
}

/** Collects the evidence of a column from all of its values. */
export class DateSurvey {
  #isDayFirst = false
  #isMonthFirst = false
  #hasFraction = false

  add(text: string): void {
    const [dayText, timeText] = splitDatetime(text)
    const readings = readingsOf(dayText)
    if (readings?.day && !readings.month) this.#isDayFirst = true
    if (readings?.month && !readings.day) this.#isMonthFirst = true
    // Fractions are rare, so the time is parsed only if the text may have one.
    const time = timeText ?? text
    if (!this.#hasFraction && time.includes('.')) this.#hasFraction = (readZonedTime(time)?.microsecond ?? 0) > 0
  }

  get evidence(): DateEvidence {
    const order = this.#isDayFirst && this.#isMonthFirst ? 'both' : this.#isDayFirst ? 'day' : this.#isMonthFirst ? 'month' : undefined
    return { order, hasFraction: this.#hasFraction }
  }
}

import { compareTexts } from '../../base/code-points.ts'
import { UnreadableTable } from '../faults.ts'
import type { Field } from '../schema.ts'
import { anyDateReaders, explainAnyDate } from './any-date.ts'
import { type CalendarParts, isDay, isTime, newParts, toUtc, writeDate, writeFraction, writeTime } from './calendar.ts'
import { type Cast, noValue } from './cast.ts'
import { compileDatePattern, directivesOf, offsetForm, offsetMinutes } from './date-pattern.ts'

type Reader = (text: string) => CalendarParts | undefined

const datePattern = '%Y-%m-%d'
const timePattern = '%H:%M:%S'
/** Fractions are written only if the field's format or the whole column has them, so that all values of a column have the same form. */
const hasFraction = ({ format, evidence }: Field) => format.includes('%f') || evidence?.hasFraction === true

const written = (format: string) => ({ format })

/** A date without a time. A time other than midnight is refused, since it would be lost. */
export function castDate(field: Field): Cast {
  const read = readerOf(field, anyDateReaders.date)
  const shared = { value: noValue, json: 'text', written: written(datePattern), compare: compareTexts } as const
  if (!read) return { ...shared, text: isoDate, rule: 'is not a date of the form 2024-12-31' }
  return {
    ...shared,
    text: (text) => mapParts(read(text), (parts) => (isMidnight(parts) ? writeDate(parts) : undefined)),
    rule: `is not a date of the format ${field.format}`,
    explain: (text) => (field.format === 'any' ? explainAnyDate(text, field.evidence) : undefined),
  }
}

const isMidnight = ({ hour, minute, second, microsecond, offsetMinutes: offset }: CalendarParts) =>
  hour === 0 && minute === 0 && second === 0 && microsecond === 0 && offset === 0

/** Almost all dates are canonical already: only their digits are checked. */
function isoDate(text: string): string | undefined {
  if (text.length === 10 && text.charCodeAt(4) === 45 && text.charCodeAt(7) === 45) {
    const year = digits(text, 0, 4)
    const month = digits(text, 5, 7)
    const day = digits(text, 8, 10)
    return isDay(year, month, day) ? text : undefined
  }
  const parts = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text)
  if (!parts) return undefined
  const day = { ...newParts(), year: Number(parts[1]), month: Number(parts[2]), day: Number(parts[3]) }
  return isDay(day.year, day.month, day.day) ? writeDate(day) : undefined
}

/** NaN for anything but digits; every calendar check refuses NaN. */
function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

export function castTime(field: Field): Cast {
  const read = readerOf(field, anyDateReaders.time)
  const write = timeWriter(field)
  const form = hasFraction(field) ? `${timePattern}.%f` : timePattern
  const shared = { value: noValue, json: 'text', written: written(form), compare: compareTexts } as const
  if (!read) return { ...shared, text: isoTime, rule: 'is not a time of the form 23:59:59' }
  return { ...shared, text: (text) => mapParts(read(text), write), rule: `is not a time of the format ${field.format}` }
}

/** Undefined for a fraction in a column without fractions. */
function timeWriter(field: Field): (parts: CalendarParts) => string | undefined {
  if (hasFraction(field)) return (parts) => writeTime(parts) + writeFraction(parts)
  return (parts) => (parts.microsecond === 0 ? writeTime(parts) : undefined)
}

function isoTime(text: string): string | undefined {
  const parts = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.0+)?Z?$/.exec(text)
  if (!parts) return undefined
  const time = { ...newParts(), hour: Number(parts[1]), minute: Number(parts[2]), second: Number(parts[3]) }
  return isTime(time.hour, time.minute, time.second) ? writeTime(time) : undefined
}

/** Times with an offset are converted to UTC; times without one are kept. */
export function castDatetime(field: Field): Cast {
  const read = readerOf(field, anyDateReaders.datetime)
  const form = `${datePattern} ${timePattern}${hasFraction(field) ? '.%f' : ''}`
  const writeClock = timeWriter(field)
  const write = (parts: CalendarParts) => {
    const clock = writeClock(parts)
    return clock === undefined ? undefined : `${writeDate(parts)} ${clock}`
  }
  return {
    value: noValue,
    json: 'text',
    written: written(form),
    compare: compareTexts,
    text: (text) => mapParts(mapParts((read ?? isoDatetime)(text), toUtc), write),
    rule: read ? `is not a date and time of the format ${field.format}` : 'is not a date and time of the form 2024-12-31T23:59:59Z',
    explain: (text) => (field.format === 'any' ? explainAnyDate(text, field.evidence) : undefined),
  }
}

const isoForm = new RegExp(`^(\\d{4})-(\\d{1,2})-(\\d{1,2})T(\\d{1,2}):(\\d{1,2}):(\\d{1,2})(?:\\.0+)?(${offsetForm})?$`)

/** Nonzero fractions need a format that has them: the default form cannot write them. */
function isoDatetime(text: string): CalendarParts | undefined {
  const found = isoForm.exec(text)
  if (!found) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number)
  if (!isDay(year, month, day) || !isTime(hour, minute, second)) return undefined
  return { year, month, day, hour, minute, second, microsecond: 0, offsetMinutes: offsetMinutes(found[7] ?? '') }
}

type ReaderMaker = (evidence: Field['evidence']) => Reader

function readerOf(field: Field, any: ReaderMaker): Reader | undefined {
  if (field.format === 'default') return undefined
  if (field.format === 'any') return any(field.evidence)
  // Descriptors of old versions have `fmt:` before the pattern.
  const pattern = field.format.replace(/^fmt:/, '')
  checkDirectives(field, pattern)
  return compileDatePattern(pattern)
}

/** A pattern must match the parts of the type: a part missing in the text would be invented, and a part missing in the type would be lost. */
function checkDirectives({ type, format }: Field, pattern: string): void {
  const letters = directivesOf(pattern)
  const foreign = letters.find((letter) => (type === 'time' ? 'YymdejBbAazZ' : '').includes(letter))
  if (foreign !== undefined) throw new UnreadableTable(`the format ${JSON.stringify(format)} has %${foreign}, which is not part of a time of day`)
  if (type !== 'time' && !letters.some((letter) => 'Yy'.includes(letter)))
    throw new UnreadableTable(`the format ${JSON.stringify(format)} has no year`)
}

function mapParts<To>(parts: CalendarParts | undefined, map: (parts: CalendarParts) => To | undefined): To | undefined {
  return parts && map(parts)
}

export const castYearmonth: Cast = {
  text: (text) => {
    const parts = /^(\d{4})-(\d{1,2})$/.exec(text)
    const month = Number(parts?.[2])
    return parts && month >= 1 && month <= 12 ? `${parts[1]}-${String(month).padStart(2, '0')}` : undefined
  },
  value: noValue,
  json: 'text',
  rule: 'is not a month of the form 2024-12',
  written: written('default'),
  compare: compareTexts,
}

const durationForm =
  /^[+-]?P(?=.)(?:\d+(?:\.\d+)?Y)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?W)?(?:\d+(?:\.\d+)?D)?(?:T(?=\d)(?:\d+(?:\.\d+)?H)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?S)?)?$/

/** ISO 8601 durations are kept as they are written. */
export const castDuration: Cast = {
  text: (text) => (durationForm.test(text) ? text : undefined),
  value: noValue,
  json: 'text',
  rule: 'is not a duration of the form P1DT12H',
}

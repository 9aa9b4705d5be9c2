import { type CalendarParts, isDay, isTime, newParts, toUtc, writeDate, writeFraction, writeTime } from './calendar.ts'
import { type Cast, noValue } from './cast.ts'
import { anyDateReaders } from './date-any.ts'
import { compileDatePattern, offsetMinutes } from './date-pattern.ts'
import type { Field } from './schema.ts'

type Reader = (text: string) => CalendarParts | undefined

const datePattern = '%Y-%m-%d'
const timePattern = '%H:%M:%S'
/** Fractions are written only where the field's format has them, so that all values of a column have one form. */
const hasFraction = (field: Field) => field.format.includes('%f')

const written = (format: string) => ({ format })
const same = (canonical: string) => canonical

export function castDate(field: Field): Cast {
  const read = readerOf(field, anyDateReaders.date)
  const shared = { value: noValue, json: 'text', written: written(datePattern), rank: same } as const
  if (!read) return { ...shared, text: isoDate, rule: 'is not a date of the form 2024-12-31' }
  return { ...shared, text: (text) => mapParts(read(text), writeDate), rule: `is not a date of the format ${field.format}` }
}

/** Almost all dates are canonical already: those are checked by their digits and handed on as they are. */
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

/** NaN where something else than digits stands, which no calendar check lets pass. */
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
  const write = hasFraction(field) ? (parts: CalendarParts) => writeTime(parts) + writeFraction(parts) : writeTime
  const shared = { value: noValue, json: 'text', written: written(hasFraction(field) ? `${timePattern}.%f` : timePattern), rank: same } as const
  if (!read) return { ...shared, text: isoTime, rule: 'is not a time of the form 23:59:59' }
  return { ...shared, text: (text) => mapParts(read(text), write), rule: `is not a time of the format ${field.format}` }
}

function isoTime(text: string): string | undefined {
  const parts = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.0+)?Z?$/.exec(text)
  if (!parts) return undefined
  const time = { ...newParts(), hour: Number(parts[1]), minute: Number(parts[2]), second: Number(parts[3]) }
  return isTime(time.hour, time.minute, time.second) ? writeTime(time) : undefined
}

/** Times with an offset are moved to UTC; times without one are taken as they are. */
export function castDatetime(field: Field): Cast {
  const read = readerOf(field, anyDateReaders.datetime)
  const format = `${datePattern} ${timePattern}${hasFraction(field) ? '.%f' : ''}`
  const write = (parts: CalendarParts) => `${writeDate(parts)} ${writeTime(parts)}${hasFraction(field) ? writeFraction(parts) : ''}`
  const shared = { value: noValue, json: 'text', written: written(format), rank: same } as const
  const rule = read ? `is not a date and time of the format ${field.format}` : 'is not a date and time of the form 2024-12-31T23:59:59Z'
  return { ...shared, text: (text) => mapUtc((read ?? isoDatetime)(text), write), rule }
}

/** Fractions other than zero need the format to say so: the default form has no place to write them. */
function isoDatetime(text: string): CalendarParts | undefined {
  const found = /^(\d{4})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.0+)?(Z|[+-]\d{2}:?\d{2})?$/.exec(text)
  if (!found) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number)
  if (!isDay(year, month, day) || !isTime(hour, minute, second)) return undefined
  return { year, month, day, hour, minute, second, microsecond: 0, offsetMinutes: offsetMinutes(found[7] ?? '') }
}

function readerOf(field: Field, any: () => Reader): Reader | undefined {
  if (field.format === 'default') return undefined
  // Old descriptors write `fmt:` before the pattern.
  return field.format === 'any' ? any() : compileDatePattern(field.format.replace(/^fmt:/, ''))
}

const mapParts = (parts: CalendarParts | undefined, write: (parts: CalendarParts) => string) => (parts ? write(parts) : undefined)

function mapUtc(parts: CalendarParts | undefined, write: (parts: CalendarParts) => string): string | undefined {
  return parts && mapParts(toUtc(parts), write)
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
  rank: same,
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

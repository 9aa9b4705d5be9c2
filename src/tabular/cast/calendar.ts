/** The parts of a date or time as a text gives them; the offset is in minutes east of UTC, if the text has one. */
export interface CalendarParts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  /** Six digits. */
  microsecond: number
  offsetMinutes: number
}

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

export const newParts = (): CalendarParts => ({ year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0, offsetMinutes: 0 })

/** Whether the day exists in the Gregorian calendar, years 1 to 9999. */
export function isDay(year: number, month: number, day: number): boolean {
  const isInRange = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1
  if (!isInRange) return false
  const isLeapDay = month === 2 && day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return isLeapDay || day <= (daysOfMonth[month - 1] ?? 0)
}

export const isTime = (hour: number, minute: number, second: number) => hour <= 23 && minute <= 59 && second <= 59

/** Converts the parts to UTC by their offset. Undefined when the result is outside of the years 1 to 9999. */
export function toUtc(parts: CalendarParts): CalendarParts | undefined {
  if (parts.offsetMinutes === 0) return parts
  const date = new Date(0)
  date.setUTCFullYear(parts.year, parts.month - 1, parts.day)
  date.setUTCHours(parts.hour, parts.minute - parts.offsetMinutes, parts.second)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
  if (!isDay(year, month, day)) return undefined
  return { ...parts, year, month, day, hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds(), offsetMinutes: 0 }
}

const pad = (value: number, length: number) => String(value).padStart(length, '0')

export const writeDate = (parts: CalendarParts) => `${pad(parts.year, 4)}-${pad(parts.month, 2)}-${pad(parts.day, 2)}`

export const writeTime = (parts: CalendarParts) => `${pad(parts.hour, 2)}:${pad(parts.minute, 2)}:${pad(parts.second, 2)}`

export const writeFraction = (parts: CalendarParts) => `.${pad(parts.microsecond, 6)}`

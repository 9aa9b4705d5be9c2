import { type CalendarParts, newParts } from './calendar.ts'
import { compileDatePattern, maxDateLength } from './date-pattern.ts'

type Reader = (text: string) => CalendarParts | undefined

/** The first that fits is taken: the year first, else the month first as most readers of this format have it, else the day. */
const dates = [
  '%Y-%m-%d',
  '%Y/%m/%d',
  '%Y.%m.%d',
  '%Y%m%d',
  '%m/%d/%Y',
  '%d/%m/%Y',
  '%m-%d-%Y',
  '%d-%m-%Y',
  '%m.%d.%Y',
  '%d.%m.%Y',
  '%m/%d/%y',
  '%d/%m/%y',
]
const namedDates = ['%b %d %Y', '%b %d, %Y', '%d %b %Y', '%d-%b-%Y', '%d-%b-%y', '%b %Y', '%B %d %Y', '%B %d, %Y', '%d %B %Y', '%B %Y']
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

/** A day alone is its midnight. */
function datetimeReader(): Reader {
  const [readDate, readTime] = [firstOf([...dates, ...namedDates]), firstOf(times.flatMap((time) => zones.map((zone) => time + zone)))]
  return (text) => {
    if (text.length > maxDateLength) return undefined
    const found = /^(.*?\d)(?:T|,?\s+)(\d{1,2}:\d{2}.*)$/.exec(text)
    const day = readDate(found?.[1] ?? text)
    const time = found ? readTime(found[2] ?? '') : newParts()
    return day && time && { ...time, year: day.year, month: day.month, day: day.day }
  }
}

/** Makers of readers for the format `any`. */
export const anyDateReaders = {
  date: () => firstOf([...dates, ...namedDates]),
  time: () => firstOf(times),
  datetime: datetimeReader,
}

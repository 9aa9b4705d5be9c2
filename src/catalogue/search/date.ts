/** A period in milliseconds: from the first (inclusive) to the second (exclusive). */
export interface Period {
  readonly from: number
  readonly before: number
}

const text =
  /^(?:NOW|(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?|Z)?)?)?)((?:[+-]\d{1,6}[A-Z]+|\/[A-Z]+)*)$/i
const step = /([+-]\d{1,6}|\/)([A-Z]+)/gi

/**
 * The time that Solr's syntax names: a date with or without a time, `NOW`, each with optional steps such as `-7DAYS` or `/MONTH`. A date with
 * missing parts is a longer period: `2020-05` is the month. Undefined for any other text.
 */
export function periodOf(value: string, now: number): Period | undefined {
  const found = text.exec(value.trim())
  if (!found) return undefined
  const [, year] = found
  const period = year === undefined ? { from: now, before: now + 1 } : writtenPeriod(found)
  return period && stepped(period, found[9] ?? '')
}

function writtenPeriod([, ...parts]: RegExpExecArray): Period | undefined {
  const [year, month, day, hour, minute, second, fraction, zone] = parts
  const given = [year, month, day, hour, minute, second].filter((part) => part !== undefined).map(Number)
  const [, monthOf = 1, dayOf = 1, hourOf = 0, minuteOf = 0, secondOf = 0] = given
  if (monthOf < 1 || monthOf > 12 || dayOf < 1 || dayOf > 31 || hourOf > 23 || minuteOf > 59 || secondOf > 59) return undefined
  const start = new Date(Date.UTC(given[0] ?? 0, monthOf - 1, dayOf, hourOf, minuteOf, secondOf))
  if (start.getUTCDate() !== dayOf) return undefined
  const offset = offsetOf(zone)
  if (fraction !== undefined) {
    const at = start.getTime() - offset + Math.trunc(Number(`0.${fraction}`) * 1000)
    return { from: at, before: at + 1 }
  }
  const unit = (['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'] as const)[given.length - 1] ?? 'SECOND'
  return { from: start.getTime() - offset, before: moved(start.getTime(), 1, unit) - offset }
}

function offsetOf(zone: string | undefined): number {
  if (zone === undefined || /^z$/i.test(zone)) return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

type Unit = 'YEAR' | 'MONTH' | 'DAY' | 'HOUR' | 'MINUTE' | 'SECOND' | 'MILLI'
const lengths: Readonly<Record<Exclude<Unit, 'YEAR' | 'MONTH'>, number>> = {
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
  MILLI: 1,
}
const units: Readonly<Record<string, Unit>> = {
  YEAR: 'YEAR',
  MONTH: 'MONTH',
  DAY: 'DAY',
  DATE: 'DAY',
  HOUR: 'HOUR',
  MINUTE: 'MINUTE',
  SECOND: 'SECOND',
  MILLI: 'MILLI',
  MILLISECOND: 'MILLI',
}

function stepped(period: Period, steps: string): Period | undefined {
  let { from, before } = period
  for (const [, sign = '', name = ''] of steps.matchAll(step)) {
    const unit = units[name.toUpperCase().replace(/S$/, '')]
    if (!unit) return undefined
    if (sign === '/') [from, before] = [floored(from, unit), floored(from, unit) + 1]
    else [from, before] = [moved(from, Number(sign), unit), moved(before, Number(sign), unit)]
  }
  return Number.isSafeInteger(from) && Number.isSafeInteger(before) ? { from, before } : undefined
}

function moved(at: number, count: number, unit: Unit): number {
  if (unit !== 'YEAR' && unit !== 'MONTH') return at + count * lengths[unit]
  const date = new Date(at)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + (unit === 'YEAR' ? 12 * count : count))
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return date.setUTCDate(Math.min(day, lastDay))
}

function floored(at: number, unit: Unit): number {
  if (unit !== 'YEAR' && unit !== 'MONTH') return Math.floor(at / lengths[unit]) * lengths[unit]
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), unit === 'YEAR' ? 0 : date.getUTCMonth(), 1)
}

import { invalid } from './errors.ts'

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const

const minSeconds = 60
/** About a hundred years: later times would soon exceed the safe integers. */
const maxSeconds = 5200 * unitSeconds.w

const isUnit = (text: string): text is keyof typeof unitSeconds => Object.hasOwn(unitSeconds, text)

const refuse = (message: string) => invalid({ schedule: [message] }, message)

/**
 * The period of a `schedule` in milliseconds; undefined for null and undefined.
 * Throws `invalid` for anything but `every <whole number><s|m|h|d|w>` of at least a minute.
 */
export function parsePeriod(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw refuse(`Schedule must be text like "every 3h", got ${JSON.stringify(value)}`)
  const text = value.trim()
  if (!/^every(?:\s|$)/.test(text)) throw refuse(`Schedule must start with "every ", got ${JSON.stringify(value)}`)
  return parseSeconds(text.slice('every'.length).trim()) * 1000
}

/** `3h` in seconds. */
function parseSeconds(text: string): number {
  const unit = text.slice(-1)
  if (!isUnit(unit)) throw refuse(`Schedule must end in a unit (s, m, h, d or w), got ${JSON.stringify(text)}`)
  const count = text.slice(0, -1)
  if (!/^\d+$/.test(count)) throw refuse(`Schedule needs a whole number before the unit, got ${JSON.stringify(count)}`)
  const seconds = Number(count) * unitSeconds[unit]
  if (seconds < minSeconds) throw refuse(`Schedule may not be shorter than ${minSeconds} seconds, got ${JSON.stringify(text)}`)
  if (seconds > maxSeconds) throw refuse(`Schedule may not be longer than 100 years, got ${JSON.stringify(text)}`)
  return seconds
}

/**
 * The next due time. All in milliseconds: `stored` is the stored due time, undefined if there is none.
 * A time in the past advances by whole periods, so that the phase is kept.
 */
export function nextDueAt(stored: number | undefined, period: number, now: number): number {
  if (stored === undefined) return now + period
  if (stored >= now) return stored
  return stored + Math.ceil((now - stored) / period) * period
}

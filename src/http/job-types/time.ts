import { HttpError } from '../server/errors.ts'

const zonedTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/i
const amount = '(?:(\\d{1,9}(?:\\.\\d{1,9})?)'
const duration = new RegExp(`^P${amount}D)?(?:T${amount}H)?${amount}M)?${amount}S)?)?$`)

/** The last moment that a `Date` can represent; its negative is the first one. */
export const endOfTime = 8.64e15

/**
 * Parses a moment of a query parameter, in milliseconds since 1970, UTC: a time with its zone, or a duration, which means that
 * long before now. Throws `HttpError` 400 for anything else.
 */
export function parseMoment(name: string, text: string, now: number): number {
  // In a query string a plus sign means a space.
  const written = text.trim().replace(/ (\d\d:?\d\d)$/, '+$1')
  const at = zonedTime.test(written) ? Date.parse(written.replace(' ', 'T').replace(/([+-]\d\d)(\d\d)$/, '$1:$2')) : now - durationMs(written)
  if (Number.isNaN(at)) throw new HttpError(400, `Datetime value must include a timezone, or be a duration: "${name}"`)
  return Math.max(Math.trunc(at), -endOfTime)
}

/** NaN for an invalid duration. */
function durationMs(text: string): number {
  const parts = duration.exec(text)?.slice(1) ?? []
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map((part) => Number(part ?? 0))
  const isEmpty = parts.every((part) => part === undefined) || text.endsWith('T')
  return isEmpty ? Number.NaN : (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
}

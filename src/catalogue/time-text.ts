/** A time as catalogues show it: ISO 8601 in UTC without a zone, always with six decimals, so that texts sort as times do. */
export const timeText = (at: number) => `${new Date(at).toISOString().slice(0, 23)}000`

/** The same, or null. */
export const timeTextOrNull = (at: number | null) => (at === null ? null : timeText(at))

const timeForm = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/

/** Whether a value is a date or a time in ISO 8601 that the calendar has. */
export function isTimeText(value: unknown): boolean {
  const [, year, month, day] = (typeof value === 'string' && timeForm.exec(value)) || []
  if (year === undefined) return false
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
}

/** The time that such a text means, UTC where it names no zone; undefined for any other text. */
export function timeOf(text: string): number | undefined {
  if (!isTimeText(text)) return undefined
  const iso = text.replace(' ', 'T').replace(',', '.')
  const at = Date.parse(iso.includes('T') && !/(?:Z|[+-]\d{2}:?\d{2})$/.test(iso) ? `${iso}Z` : iso)
  return Number.isNaN(at) ? undefined : at
}

export const badTime = 'Must be a date such as 2026-11-29, or a time such as 2026-11-29T10:25:00'

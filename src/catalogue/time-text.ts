/** A time as catalogues show it: ISO 8601, UTC without saying so, always six decimals, so that texts sort as times do. */
export function timeText(at: number): string {
  if (at !== lastAt) {
    lastText = `${new Date(at).toISOString().slice(0, 23)}000`
    lastAt = at
  }
  return lastText
}

/** The parts of a dataset mostly have one time, and a text of it costs a microsecond. */
let [lastAt, lastText] = [Number.NaN, '']

/** The same, or null. */
export const timeTextOrNull = (at: number | null) => (at === null ? null : timeText(at))

/** A time as catalogues show it: ISO 8601, UTC without saying so, always six decimals, so that texts sort as times do. */
export const timeText = (at: number) => `${new Date(at).toISOString().slice(0, 23)}000`

/** The same, or null. */
export const timeTextOrNull = (at: number | null) => (at === null ? null : timeText(at))

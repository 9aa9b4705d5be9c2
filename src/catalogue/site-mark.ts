/**
 * Stands for the hub's address in kept texts, which outlive a change of that address. A character that Unicode keeps for such inner uses:
 * no text from outside may contain it.
 */
export const siteMark = '\uFDD0'

/** Puts the hub's address into a kept JSON text. */
export const fillSite = (json: string, siteUrl: string) =>
  json.includes(siteMark) ? json.replaceAll(siteMark, JSON.stringify(siteUrl).slice(1, -1)) : json

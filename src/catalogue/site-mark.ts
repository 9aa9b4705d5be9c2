/**
 * Stands for the hub's address in kept texts, because the address may change. It is a Unicode noncharacter, reserved for internal use:
 * inputs that contain it are refused.
 */
export const siteMark = '\uFDD0'

/** Puts the hub's address into a kept JSON text. */
export const fillSite = (json: string, siteUrl: string) =>
  json.includes(siteMark) ? json.replaceAll(siteMark, JSON.stringify(siteUrl).slice(1, -1)) : json

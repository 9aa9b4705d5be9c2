/** The extra that says which record of which source a dataset was made from. */
export const HARVEST_SOURCE_KEY = '_harvest_source'

/** The value of that extra: name of the source, a colon, id of the record there.
 * @throws TypeError if the name of the source is empty or has a colon, or the id is empty.
 */
export function joinSourceId(sourceName: string, sourceId: string): string {
  parseSourceName(sourceName)
  if (typeof sourceId !== 'string' || sourceId === '') throw new TypeError('a source id must be a text that is not empty')
  return `${sourceName}:${sourceId}`
}

/** The inverse of joinSourceId. Splits at the first colon, since ids may be URLs; null for what joinSourceId cannot have made. */
export function parseSourceId(value: unknown): { sourceName: string; sourceId: string } | null {
  const colon = typeof value === 'string' ? value.indexOf(':') : -1
  if (typeof value !== 'string' || colon < 1 || colon === value.length - 1) return null
  return { sourceName: value.slice(0, colon), sourceId: value.slice(colon + 1) }
}

/** Checks the name of a source. */
export function parseSourceName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && !name.includes(':') && name.isWellFormed()) return name
  throw new TypeError(`the name of a source must be a text without colon that is not empty; got ${JSON.stringify(name)}`)
}

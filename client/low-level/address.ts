import type { PlainRecord } from '../record.ts'

/** A path below the base URL: text as it is, or segments that get percent-encoded. */
export type Path = string | readonly (string | number)[]

const isScalar = (value: unknown) => ['string', 'number', 'boolean', 'bigint'].includes(typeof value)

/** The address of a path below the base URL, with parameters in its query.
 * @throws TypeError if it would not be below the base URL's origin, or a parameter cannot stand in a query.
 */
export function addressOf(baseUrl: string, path: Path, query: PlainRecord = {}): URL {
  const text = typeof path === 'string' ? path : path.map(encodeSegment).join('/')
  const url = new URL(`${baseUrl}/${text.replace(/^\//, '')}`)
  for (const [key, value] of queryPairs(query)) url.searchParams.append(key, value)
  return url
}

/** Key and text of each parameter: lists as repeated keys, null and undefined left out. */
function queryPairs(query: PlainRecord): [string, string][] {
  return Object.entries(query).flatMap(([key, value]): [string, string][] => {
    if (value === null || value === undefined) return []
    const values: unknown[] = Array.isArray(value) ? value : [value]
    if (!values.every(isScalar)) throw new TypeError(`${key}: only texts, numbers, booleans and lists of them can stand in a query`)
    return values.map((item) => [key, String(item)])
  })
}

/** A multipart body: parameters as texts, files under their keys. Null and undefined are left out.
 * @throws TypeError for a nested parameter: a form has no place for it.
 */
export function formOf(params: PlainRecord, files: Record<string, Blob>): FormData {
  const form = new FormData()
  for (const [key, value] of Object.entries(params)) {
    if (value === null || value === undefined) continue
    if (!isScalar(value)) throw new TypeError(`${key}: beside files only texts, numbers and booleans can be sent`)
    form.append(key, String(value))
  }
  for (const [key, file] of Object.entries(files)) {
    if (!(file instanceof Blob)) throw new TypeError(`${key}: a file must be a Blob`)
    form.append(key, file)
  }
  return form
}

function encodeSegment(segment: string | number, at: number, all: readonly unknown[]): string {
  const text = String(segment)
  // A dot segment cannot be escaped: every URL parser resolves it. An empty one in the middle would name another route.
  if (text === '.' || text === '..' || (text === '' && at < all.length - 1))
    throw new TypeError(`${JSON.stringify(text)} cannot be a segment of a path`)
  return encodeURIComponent(text)
}

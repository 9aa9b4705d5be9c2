/** A JSON object as it came from, or goes to, a server: nothing is known of its values. */
export type PlainRecord = Record<string, unknown>

/** Whether a value is a plain object: no null, no array, no instance of a class. */
export function isRecord(value: unknown): value is PlainRecord {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether two JSON values are equal, whatever the order of keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => sameJson(item, b[at]))
  if (!isRecord(a) || !isRecord(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
}

/** A copy of a JSON value that shares nothing with it. Other values inside stay as they are. */
export function copyJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyJson)
  return isRecord(value) ? copyRecord(value) : value
}

/** The same for an object. A key `__proto__` stays an ordinary key. */
export function copyRecord(record: PlainRecord): PlainRecord {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, copyJson(value)]))
}

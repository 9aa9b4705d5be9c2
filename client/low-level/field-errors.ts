import { isRecord } from '../record.ts'

// Servers nest errors as deep as their input, a handful of levels; what goes deeper comes as JSON text.
const MAX_DEPTH = 20

/** Flattens nested validation errors: path of the field, joined by dots, to its messages. `[{}, {url: ['x']}]` under `resources` gives `resources.1.url`. */
export function flattenErrors(errors: unknown): Record<string, string[]> {
  const found = new Map<string, string[]>()
  const add = (path: string, message: unknown) => {
    const text = typeof message === 'string' ? message : JSON.stringify(message)
    found.set(path, [...(found.get(path) ?? []), text])
  }
  const walk = (value: unknown, path: string[]): void => {
    if (value === null || value === undefined) return
    const isList = Array.isArray(value)
    if (path.length >= MAX_DEPTH || !(isList || isRecord(value))) {
      add(path.join('.'), value)
      return
    }
    for (const [key, inner] of Object.entries(value)) {
      const isMessage = isList && !isRecord(inner) && !Array.isArray(inner)
      walk(inner, isMessage ? path : [...path, key])
    }
  }
  walk(errors, [])
  return Object.fromEntries(found)
}

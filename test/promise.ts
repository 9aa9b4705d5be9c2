import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { readPage } from '../scripts/promises/page.ts'

/**
 * Marks promises as held, in a test that has shown them; `docs/reference/promises.md` lists all. The runner of the tests names the file that
 * collects the marks.
 */
export function holds(...ids: readonly string[]): void {
  const file = process.env['MILLRACE_PROMISES']
  if (file !== undefined) appendFileSync(file, `${ids.join('\n')}\n`)
}

/** Holds a route and the status that an answer of it had. */
export function holdStatus(route: string, { status }: { readonly status: number }): void {
  holds(route, `${route} ${status}`)
}

/** Holds the printed example of a route: an answer has every key that it shows. */
export function holdExample(document: string, route: string, answer: unknown): void {
  const [id = ''] = promisesOf(document).filter((one) => one.startsWith(`${route} example`))
  const keys = new Set(keysWithin(answer))
  const missing = id
    .slice(id.indexOf(':') + 1)
    .split(' ')
    .filter((key) => key !== '' && !keys.has(key))
  assert.deepEqual(missing, [], `${route}: keys of the printed answer that ours lacks`)
  holds(id)
}

function keysWithin(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : Object.keys(value)
  return [...own, ...Object.values(value).flatMap(keysWithin)]
}

/** What a document promises, as the page has it. */
export const promisesOf = (document: string): string[] => readPage().flatMap(({ of, id }) => (of === document ? [id] : []))

/** Holds every promised field of the answers of a route; `places` are the objects in which fields are looked for. */
export function holdFields(document: string, route: string, ...places: readonly unknown[]): void {
  const fields = promisesOf(document).filter((id) => id.startsWith(`${route} -> `))
  assert.ok(fields.length > 0, `the page has no field of ${route}`)
  for (const id of fields) {
    const name = id.slice(route.length + 4).replace(/^\.+/, '')
    assert.ok(
      places.some((place) => typeof place === 'object' && place !== null && Object.hasOwn(place, name)),
      `${id} is in no answer`,
    )
  }
  holds(route, ...fields)
}

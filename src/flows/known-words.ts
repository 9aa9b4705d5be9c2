import { invalid } from '../base/errors.ts'
import type { JsonObject } from './pipelines/task.ts'

/** Longer words are no misspelling of an option. */
const maxWordLength = 40

/** What a spec that cannot be planned is told; the field tells machines where. */
export function refuseSpec(field: string, problem: string) {
  return invalid({ [field]: [problem] }, `Validation failed for contents: ${field} ${problem}`)
}

/** A value as it appears in a message: short, on one line. */
export const shown = (value: unknown) => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text
}

/** Keys that belong to others by their form: `dc:title`, `x-unit`, `$schema`, `_id`. */
const isForeign = (key: string) => /^(?:x-|[$_@])|:/.test(key)

/** An option that is null counts as not given. */
const givenKeys = (object: JsonObject) => Object.keys(object).filter((key) => object[key] !== null)

/** For objects whose keys all mean something here. Throws `invalid` for the first key that is not among the known ones. */
export function refuseUnknownKeys(object: JsonObject, field: string, known: readonly string[]): void {
  const unknown = givenKeys(object).find((key) => !known.includes(key) && !isForeign(key))
  if (unknown !== undefined) throw refuseSpec(`${field}.${cut(unknown)}`, `is not known${hint(unknown, known)} (known: ${known.join(', ')})`)
}

/** For objects that may hold anything else too. Throws `invalid` for a key that is one of the known ones misspelt. */
export function refuseMisspeltKeys(object: JsonObject, field: string, known: readonly string[]): void {
  for (const key of givenKeys(object)) {
    const meant = known.includes(key) ? undefined : nearestWord(key, known)
    if (meant !== undefined) throw refuseSpec(`${field}.${cut(key)}`, `is not known; did you mean ${meant}?`)
  }
}

/** Throws `invalid` for a word that is not among the known ones. */
export function refuseUnknownWord(word: unknown, field: string, known: readonly string[]): void {
  if (typeof word === 'string' && known.includes(word)) return
  throw refuseSpec(field, `must be one of ${known.join(', ')}, got ${shown(word)}${hint(word, known)}`)
}

const cut = (key: string) => (key.length > maxWordLength ? `${key.slice(0, maxWordLength).toWellFormed()}…` : key)

function hint(word: unknown, known: readonly string[]): string {
  const meant = typeof word === 'string' ? nearestWord(word, known) : undefined
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

/** The known word that a misspelt one most likely means; undefined when none is near. */
function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (word.length > maxWordLength) return undefined
  const plainWord = plain(word)
  const near = known.flatMap((candidate) => {
    const plainCandidate = plain(candidate)
    const most = candidate.length > 6 ? 2 : 1
    if (Math.abs(plainCandidate.length - plainWord.length) > most) return []
    const distance = editDistance(plainWord, plainCandidate)
    return distance <= most ? [{ candidate, distance }] : []
  })
  return near.sort((one, other) => one.distance - other.distance)[0]?.candidate
}

const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, '')

/** How many letters have to be put in, taken out or exchanged to make one word of the other. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let at = 1; at <= one.length; at++) {
    const next = [at]
    for (let place = 1; place <= other.length; place++) {
      const exchanged = (row[place - 1] ?? 0) + (one[at - 1] === other[place - 1] ? 0 : 1)
      next.push(Math.min(exchanged, (row[place] ?? 0) + 1, (next[place - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}

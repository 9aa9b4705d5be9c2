import { invalid } from '../base/errors.ts'
import type { JsonObject } from './pipelines/task.ts'

/** Longer words are not treated as misspelled options. */
const maxWordLength = 40

/** The error for an invalid spec; `field` names the place for programs. */
export function refuseSpec(field: string, problem: string) {
  return invalid({ [field]: [problem] }, `Validation failed for contents: ${field} ${problem}`)
}

/** A value as it appears in a message: short, on one line. */
export const shown = (value: unknown) => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text
}

/** Keys that belong to other standards by their form: `dc:title`, `x-unit`, `$schema`, `_id`. */
const isForeign = (key: string) => /^(?:x-|[$_@])|:/.test(key)

/** An option that is null counts as not given. */
const givenKeys = (object: JsonObject) => Object.keys(object).filter((key) => object[key] !== null)

/** Checks an object that may have only known keys. Throws `invalid` for the first unknown key. */
export function refuseUnknownKeys(object: JsonObject, field: string, known: readonly string[]): void {
  const unknown = givenKeys(object).find((key) => !known.includes(key) && !isForeign(key))
  if (unknown !== undefined) throw refuseSpec(`${field}.${cut(unknown)}`, `is not known${hint(unknown, known)} (known: ${known.join(', ')})`)
}

/** Checks an object that may have other keys as well. Throws `invalid` for a key that is a misspelling of a known one. */
export function refuseMisspeltKeys(object: JsonObject, field: string, known: readonly string[]): void {
  for (const key of givenKeys(object)) {
    const meant = known.includes(key) ? undefined : nearestWord(key, known)
    if (meant !== undefined) throw refuseSpec(`${field}.${cut(key)}`, `is not known; did you mean ${meant}?`)
  }
}

/** Throws `invalid` for an unknown word. */
export function refuseUnknownWord(word: unknown, field: string, known: readonly string[]): void {
  if (typeof word === 'string' && known.includes(word)) return
  throw refuseSpec(field, `must be one of ${known.join(', ')}, got ${shown(word)}${hint(word, known)}`)
}

const cut = (key: string) => (key.length > maxWordLength ? `${key.slice(0, maxWordLength).toWellFormed()}…` : key)

function hint(word: unknown, known: readonly string[]): string {
  const meant = typeof word === 'string' ? nearestWord(word, known) : undefined
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

/** The known word that a misspelled one most likely means; undefined if none is close. */
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

/** The edit distance of two words: letters inserted, removed or replaced. */
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

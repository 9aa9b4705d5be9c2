import { stemmer } from 'stemmer'

/** Longer words are cut: an index entry has a limit on PostgreSQL. */
const maxToken = 100
/** Beyond this many characters of words the rest of a text is not searchable; PostgreSQL refuses more than 1 MiB a row. */
const maxTokenText = 100_000

/** A text in the form in which it is compared: compatibility forms made one, lower case. */
export const fold = (text: string) => text.normalize('NFKC').toLowerCase()

/** The first 200 characters of a folded text: what an index can hold on both databases. */
export function foldedPrefix(text: string): string {
  const folded = fold(text.slice(0, 800))
  return folded.length <= 200 ? folded : [...folded].slice(0, 200).join('')
}

const words = /[\p{L}\p{M}\p{N}]+/gu
const english = /^[a-z]{3,}$/

/**
 * The words of a text as the search knows them: folded, split at everything that is no letter, mark or digit,
 * English endings taken off, cut at 100 characters. Documents and queries go through here, on both databases.
 */
export function tokenize(text: string): string[] {
  const found = fold(text).match(words) ?? []
  return found.map((word) => cut(english.test(word) ? stem(word) : word))
}

/** Texts repeat few words many times, and taking an ending off costs more than the rest of this file. */
const stems = new Map<string, string>()
const maxStems = 20_000

function stem(word: string): string {
  const known = stems.get(word)
  if (known !== undefined) return known
  if (stems.size === maxStems) stems.clear()
  const found = stemmer(word)
  if (word.length <= maxToken) stems.set(word, found)
  return found
}

/** The different words of several texts, in order of first appearance, with a limit on their sum. */
export function tokenizeAll(texts: Iterable<string | null>): string[] {
  const seen = new Set<string>()
  let length = 0
  for (const text of texts) {
    if (text === null || text === '') continue
    // Whatever lies beyond the limit cannot be kept anyway.
    for (const token of tokenize(text.slice(0, 2 * maxTokenText))) {
      if (seen.has(token)) continue
      length += token.length + 1
      if (length > maxTokenText) return [...seen]
      seen.add(token)
    }
  }
  return [...seen]
}

/** Cuts by code point, so that no half of a pair remains. */
const cut = (token: string) => (token.length <= maxToken ? token : [...token].slice(0, maxToken).join(''))

import { addressToken, isAddress, plainMark, wholeMark, withoutScheme } from './mark.ts'
import { type Query, requiredWords, type WordsQuery } from './query.ts'
import { readWords, type Word } from './tokenizer.ts'

/** One condition for the full-text index. */
export interface Term {
  /** Tokens that must be adjacent, in this order. */
  readonly tokens: readonly string[]
  /** The one token is the beginning of a word. */
  readonly isPrefix: boolean
  /** A token that matches instead of `tokens`. */
  readonly or: string | undefined
  /** Further tokens of a dataset that has the words in this spelling. */
  readonly spelling: readonly string[]
  /** Tokens that such a dataset lacks. */
  readonly otherSpelling: readonly string[]
}

const none: Term = { tokens: [], isPrefix: false, or: undefined, spelling: [], otherSpelling: [] }

/** The terms of the words of a query; all must match. */
export function termsOf({ text, isPhrase, isPrefix }: WordsQuery): Term[] {
  const words = readWords(text)
  if (isPrefix) return prefixTerms(words)
  if (isPhrase) return phraseTerms(words)
  if (!isAddress(text)) return words.map((word) => termOf([word]))
  return [{ ...termOf(readWords(withoutScheme(text)).filter((word) => !isLone(word))), or: addressToken(text) }]
}

/** A beginning is compared with whole words: `educati*` finds education, though its token is `educ`. */
function prefixTerms(words: readonly Word[]): Term[] {
  const last = words.at(-1)
  const others = words.slice(0, -1).map((word) => termOf([word]))
  if (!last) return others
  return [...others, last.characters ? termOf([last]) : { ...none, tokens: [last.plain], isPrefix: true }]
}

/** A single character of a run is in the index without a position; a phrase is split there. */
function phraseTerms(words: readonly Word[]): Term[] {
  const terms: Term[] = []
  let run: Word[] = []
  for (const word of words) {
    if (!isLone(word)) run.push(word)
    else {
      if (run.length > 0) terms.push(termOf(run))
      terms.push(termOf([word]))
      run = []
    }
  }
  return run.length > 0 ? [...terms, termOf(run)] : terms
}

const isLone = ({ characters }: Word) => characters?.length === 1

function termOf(words: readonly Word[]): Term {
  const spaced = words.filter((word) => word.characters === undefined)
  return {
    ...none,
    tokens: words.flatMap((word) => word.tokens),
    spelling: spaced.flatMap(({ accented }) => accented ?? []),
    otherSpelling: spaced.flatMap(({ accented, tokens }) => (accented === undefined ? tokens.map((token) => plainMark + token) : [])),
  }
}

/** The term of one token that is in the index without a position. */
export const spellingTerm = (token: string): Term => ({ ...none, tokens: [token] })

/** The tokens to compare with a beginning: plain tokens, and the whole words of stemmed ones. */
export const beginnings = ({ tokens }: Term): string[] => tokens.flatMap((token) => [token, wholeMark + token])

/** Further terms do not affect the rank. */
const maxRankTerms = 8

/** The terms that decide the rank: those of words that all hits must have. The same on both databases. */
export function rankTerms(query: Query): Term[] {
  const terms = new Map(requiredWords(query).flatMap((words) => termsOf(words).map((term) => [termKey(term), term] as const)))
  return [...terms.values()].slice(0, maxRankTerms)
}

/** A key that is the same for equal terms. */
export const termKey = ({ tokens, isPrefix, or, spelling }: Term) => `${tokens.join(' ')}${isPrefix ? '*' : ''}|${or ?? ''}|${spelling.join(' ')}`

/** The terms of words of which the last is a beginning, for completions; empty if the text has other characters between them. */
export const completionTerms = (text: string): Term[] => (/^[\p{L}\p{M}\p{N}\s'’-]+$/u.test(text) ? prefixTerms(readWords(text)) : [])

import { addressToken, isAddress, plainMark, wholeMark, withoutScheme } from './mark.ts'
import { type Query, requiredWords, type WordsQuery } from './query.ts'
import { readWords, type Word } from './tokenizer.ts'

/** One thing that the full-text index is asked for. */
export interface Term {
  /** Tokens that stand one behind the other. */
  readonly tokens: readonly string[]
  /** The one token is the beginning of a word. */
  readonly isPrefix: boolean
  /** A token that is as good as all of the others. */
  readonly or: string | undefined
  /** What else a dataset has that has the words in this spelling. */
  readonly spelling: readonly string[]
  /** What it has not. */
  readonly otherSpelling: readonly string[]
}

const none: Term = { tokens: [], isPrefix: false, or: undefined, spelling: [], otherSpelling: [] }

/** The terms of words that stand in a query; all must hold. */
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

/** A single character of a run is in the index without a place; a phrase is split there. */
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

/** The term of one token that stands in the index without a place. */
export const spellingTerm = (token: string): Term => ({ ...none, tokens: [token] })

/** The tokens that begin like a term: of words that kept their ending, and of whole words. */
export const beginnings = ({ tokens }: Term): string[] => tokens.flatMap((token) => [token, wholeMark + token])

/** Terms beyond that many don't count for the rank. */
const maxRankTerms = 8

/** The terms that decide the rank: those of words that everything found must have. On both databases the same. */
export function rankTerms(query: Query): Term[] {
  const terms = new Map(requiredWords(query).flatMap((words) => termsOf(words).map((term) => [termKey(term), term] as const)))
  return [...terms.values()].slice(0, maxRankTerms)
}

/** A text that is the same for equal terms. */
export const termKey = ({ tokens, isPrefix, or, spelling }: Term) => `${tokens.join(' ')}${isPrefix ? '*' : ''}|${or ?? ''}|${spelling.join(' ')}`

/** The terms of words of which the last is a beginning, for completions; none where other signs stand between them. */
export const completionTerms = (text: string): Term[] => (/^[\p{L}\p{M}\p{N}\s'’-]+$/u.test(text) ? prefixTerms(readWords(text)) : [])

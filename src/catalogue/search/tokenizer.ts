import { stemmer } from 'stemmer'

/** Characters. Longer words are cut, because PostgreSQL limits the size of an index entry. */
const maxTokenLength = 100

const beyondAscii = /[\u0080-\uffff]/

/** More combining marks on one letter than any script needs. Normalization takes time quadratic in their number (UAX 15, stream-safe text). */
const surplusMarks = /([\p{M}\uff9e\uff9f]{30})[\p{M}\uff9e\uff9f]+/gu

const withoutSurplus = (text: string) => (beyondAscii.test(text) ? text.replace(surplusMarks, '$1') : text)

/** Folds a text for comparison: compatibility forms are unified, letters are lower case. */
export const fold = (text: string) => withoutSurplus(text).normalize('NFKC').toLowerCase()

/** Accents of letters, and the points of Hebrew and Arabic; й is a letter of its own. */
const accents = /(?<!и)[\u0300-\u036f]|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g
/** Letters without a Unicode decomposition. */
const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ς: 'σ',
}
const specialLetters = /[ßæœøłđðþħŧıς]/g

/** A folded text without accents: `münchen` and `munchen` become the same. */
const unaccent = (folded: string) =>
  beyondAscii.test(folded)
    ? folded
        .normalize('NFD')
        .replace(accents, '')
        .normalize('NFC')
        .replace(specialLetters, (letter) => plainLetters[letter] ?? letter)
    : folded

/** A text as conditions on fields compare it: folded, without accents, with one blank for each stretch of white space. */
export const foldText = (text: string) => unaccent(fold(text)).replace(/\s+/g, ' ')

/** The first 200 characters of a text as conditions compare it: what an index can hold on both databases. */
export function foldedPrefix(text: string): string {
  const folded = foldText(text.slice(0, 800))
  return folded.length <= 200 ? folded : [...folded].slice(0, 200).join('')
}

/** One word of a text. */
export interface Word {
  /** The tokens of the word, in order: the word without accents and English endings, or each pair of characters of a run without blanks. */
  readonly tokens: readonly string[]
  /** The word without accents. */
  readonly plain: string
  /** The word as it is spelt, where it has accents. */
  readonly accented: string | undefined
  /** The characters of a run in a script that puts no blanks between words. */
  readonly characters: readonly string[] | undefined
}

const words = /[\p{L}\p{M}\p{N}]+/gu
/** The same, and `C++` and `C#`: one letter with its signs is one word. */
const signedWords = /(?<![\p{L}\p{M}\p{N}])\p{L}(?:\+\+(?!\+)|#(?![\p{L}\p{M}\p{N}#]))|[\p{L}\p{M}\p{N}]+/gu
const signs = /\+\+|#/
const english = /^[a-z]{3,}$/

const unspaced = '\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Hangul}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}'
const hasUnspaced = new RegExp(`[${unspaced}]`, 'u')
const runs = new RegExp(`[${unspaced}]+|[^${unspaced}]+`, 'gu')

/**
 * The words of a text for the search: folded, split at every character that is no letter, mark or digit. Documents and queries
 * both use this function, on both databases.
 */
export function readWords(text: string): Word[] {
  const folded = fold(text)
  const found = folded.match(signs.test(folded) ? signedWords : words) ?? []
  const read: Word[] = []
  for (const word of found) {
    if (!beyondAscii.test(word)) read.push(asciiWord(word))
    else if (hasUnspaced.test(word)) for (const run of word.match(runs) ?? []) read.push(hasUnspaced.test(run) ? unspacedWord(run) : spacedWord(run))
    else read.push(spacedWord(word))
  }
  return read
}

/** All tokens of a text, in order. */
export const tokenize = (text: string): string[] => readWords(text).flatMap((word) => word.tokens)

function asciiWord(word: string): Word {
  const plain = cut(signs.test(word) ? word.replace('++', '＋＋').replace('#', '＃') : word)
  return { tokens: [english.test(plain) ? stem(plain) : plain], plain, accented: undefined, characters: undefined }
}

function spacedWord(word: string): Word {
  // A mark without a letter is a word of its own.
  const plain = unaccent(word) || word
  const { tokens } = asciiWord(plain)
  return { tokens, plain: cut(plain), accented: plain === word ? undefined : cut(word), characters: undefined }
}

/** A run of a script without blanks between words, such as Japanese: 東京都 has the tokens 東京 and 京都, so that 東京 finds it. */
function unspacedWord(run: string): Word {
  const characters = [...run]
  const tokens = characters.length === 1 ? characters : characters.slice(1).map((character, at) => `${characters[at]}${character}`)
  return { tokens, plain: run, accented: undefined, characters }
}

/** Caches stems: texts repeat the same words, and stemming costs more than the rest of this file. */
const stems = new Map<string, string>()
const maxStems = 20_000

function stem(word: string): string {
  const known = stems.get(word)
  if (known !== undefined) return known
  if (stems.size === maxStems) stems.clear()
  const found = stemmer(word)
  stems.set(word, found)
  return found
}

/** Cuts by code point, so that no half of a pair remains. */
const cut = (token: string) => (token.length <= maxTokenLength ? token : [...token].slice(0, maxTokenLength).join(''))

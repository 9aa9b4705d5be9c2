import { startDecoding } from './decode-text.ts'
import { encodingName } from './encoding-name.ts'
import { UnreadableTable } from './faults.ts'

/** What the bytes of a sample may be: the likeliest first. */
export interface Guess {
  /** Undefined: no encoding fits clearly better than the others. */
  readonly encoding: string | undefined
  /** Encodings that fit, for a message. */
  readonly candidates: readonly string[]
}

/** Encodings that files without a declared one are found in. Rarer ones have to be declared. */
const guessed = new Set([
  ...['windows-1250', 'windows-1251', 'windows-1252', 'windows-1253', 'windows-1254', 'windows-1255', 'windows-1256', 'windows-1257'],
  ...['windows-874', 'iso-8859-2', 'iso-8859-5', 'iso-8859-6', 'iso-8859-7', 'iso-8859-8', 'koi8-r', 'koi8-u', 'ibm866'],
  ...['shift_jis', 'euc-jp', 'euc-kr', 'gb18030', 'big5', 'cp437', 'cp850', 'cp852', 'macintosh'],
])

/** Below this the detector has hardly any evidence. */
const minConfidence = 0.03
/** The best guess counts when no other text comes nearer to it than this. */
const clearRatio = 1.5

interface Candidate {
  readonly encoding: string
  readonly confidence: number
  readonly text: string
}

/** Guesses the encoding of bytes that are not UTF-8; they start at the start of a line. */
export async function guessEncoding(sample: Buffer): Promise<Guess> {
  const { detectAll } = await import('jschardet')
  const candidates = detectAll(sample).flatMap(({ encoding, confidence }) => candidateOf(sample, encoding ?? '', confidence))
  const names = [...new Set(candidates.map((one) => one.encoding))].slice(0, 4)
  const [best] = candidates
  const western = candidates.find((one) => one.encoding === 'windows-1252') ?? candidateOf(sample, 'windows-1252', 0)[0]
  if (western && looksWestern(western.text)) {
    const isNear = !best || best.confidence < minConfidence || best.confidence <= western.confidence * clearRatio || isDoubleByte(best.encoding)
    if (isNear || best.text === western.text) return { encoding: 'windows-1252', candidates: names }
  }
  if (!best || best.confidence < minConfidence) return { encoding: undefined, candidates: names }
  const hasRival = candidates.some((one) => one.text !== best.text && one.confidence * clearRatio > best.confidence)
  return { encoding: hasRival ? undefined : best.encoding, candidates: names }
}

/** Nothing for encodings that are not guessed, and those that the sample cannot be. */
function candidateOf(sample: Buffer, label: string, confidence: number): Candidate[] {
  try {
    const encoding = encodingName(label)
    // The end of the sample may cut a character, so the decoder is not ended.
    if (!guessed.has(encoding)) return []
    const text = startDecoding(encoding).write(sample)
    return mixedWord.test(text) ? [] : [{ encoding, confidence, text }]
  } catch (error) {
    if (error instanceof UnreadableTable) return []
    throw error
  }
}

const isDoubleByte = (encoding: string) => ['shift_jis', 'euc-jp', 'euc-kr', 'gb18030', 'big5'].includes(encoding)

const westernOnly = /^[\p{ASCII}\u00a0àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜ‘’“”„–«»°²³€£§ºª¿¡]*$/u
const foreignRun = /\P{ASCII}{3}/u
/** `Gdañsk`, `Gyõr`: what other alphabets look like in Windows-1252. After these letters Spanish and Portuguese have vowels. */
const foreignLetter = /ñ(?![aeiouáéíóúü])|õ(?!e)/i
const accentedWord = /[a-z]*[\u00c0-\u00ff][a-z\u00c0-\u00ff]*/gi

/** Whether a text has the accents of western languages, in words that have plain letters too: most bytes of other scripts do not look so. */
function looksWestern(text: string): boolean {
  if (!westernOnly.test(text) || foreignRun.test(text) || foreignLetter.test(text)) return false
  const words = text.match(accentedWord) ?? []
  return words.filter((word) => /[a-z]/i.test(word)).length * 2 >= words.length
}

/** Greek to Arabic, and Thai: no word has letters of these and Latin ones. */
const mixedWord = /[a-z][\u0370-\u06ff\u0e00-\u0e7f]|[\u0370-\u06ff\u0e00-\u0e7f][a-z]/i

import { startDecoding } from './decode-text.ts'
import { encodingName } from './encoding-name.ts'
import { UnreadableTable } from './faults.ts'

/** The possible encodings of a sample, the most likely first. */
export interface Guess {
  /** Undefined if no encoding fits clearly better than the others. */
  readonly encoding: string | undefined
  /** Encodings that fit, for a message. */
  readonly candidates: readonly string[]
}

/** Encodings that are guessed. Publishers must declare rarer ones. */
const guessed = new Set([
  ...['windows-1250', 'windows-1251', 'windows-1252', 'windows-1253', 'windows-1254', 'windows-1255', 'windows-1256', 'windows-1257'],
  ...['windows-874', 'iso-8859-2', 'iso-8859-5', 'iso-8859-6', 'iso-8859-7', 'iso-8859-8', 'koi8-r', 'koi8-u', 'ibm866'],
  ...['shift_jis', 'euc-jp', 'euc-kr', 'gb18030', 'big5', 'cp437', 'cp850', 'cp852', 'macintosh'],
])

/** Below this confidence the detector has almost no evidence. */
const minConfidence = 0.03
/** The best guess is used only if no other decoded text has a confidence within this distance. */
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

/** Empty for encodings that are not guessed, and for those in which the sample is invalid. */
function candidateOf(sample: Buffer, label: string, confidence: number): Candidate[] {
  try {
    const encoding = encodingName(label)
    // The sample may end within a character, so the decoder is not flushed.
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
/** `Gdañsk`, `Gyõr`: other alphabets decoded as Windows-1252. In Spanish and Portuguese, vowels follow these letters. */
const foreignLetter = /ñ(?![aeiouáéíóúü])|õ(?!e)/i
const accentedWord = /[a-z]*[\u00c0-\u00ff][a-z\u00c0-\u00ff]*/gi

/** Whether a text has the accents of western languages in words that also have plain letters, which other scripts rarely show. */
function looksWestern(text: string): boolean {
  if (!westernOnly.test(text) || foreignRun.test(text) || foreignLetter.test(text)) return false
  const words = text.match(accentedWord) ?? []
  return words.filter((word) => /[a-z]/i.test(word)).length * 2 >= words.length
}

/** Letters from Greek to Arabic, and Thai: real words do not mix them with Latin letters. */
const mixedWord = /[a-z][\u0370-\u06ff\u0e00-\u0e7f]|[\u0370-\u06ff\u0e00-\u0e7f][a-z]/i

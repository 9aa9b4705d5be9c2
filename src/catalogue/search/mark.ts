import { hash } from 'node:crypto'
import { fold } from './tokenizer.ts'

/**
 * Signs in front of tokens that are no words by themselves. None is a letter, so no text has such a token; none is ASCII, so that FTS5
 * takes them as parts of words.
 */

/** A whole word without accents, where its token has lost its ending: what a beginning is looked for in. */
export const wholeMark = '¦'
/** A token that stands in the dataset for words with accents only. */
export const plainMark = '¬'
/** The hash of an address. */
const addressMark = '§'
/** Stands in a text of tokens where a phrase cannot go on. */
export const gapMark = '·'

/** The token of an address as a whole, whatever its scheme and the case of its letters; undefined for what has no text. */
export function addressToken(address: string): string | undefined {
  const plain = withoutScheme(fold(address).trim()).replace(/\/$/, '')
  return plain === '' ? undefined : addressMark + hash('sha1', plain, 'hex').slice(0, 20)
}

export const withoutScheme = (address: string) => address.replace(/^[a-z][a-z\d+.-]*:\/\//i, '')

/** Whether a text without blanks is an address or the path of one. */
export function isAddress(text: string): boolean {
  if (/\s/.test(text)) return false
  if (/^[a-z][a-z\d+.-]*:\/\/./i.test(text)) return true
  const slash = text.indexOf('/')
  return slash >= 0 && slash < text.length - 1 && (slash === 0 || text.slice(0, slash).includes('.'))
}

import { hash } from 'node:crypto'
import { fold } from './tokenizer.ts'

/**
 * Prefixes of tokens that are not words of a text. They are not letters, so no text has such a token. They are not ASCII, so FTS5
 * treats them as parts of words.
 */

/** A whole word without accents whose token was stemmed; beginnings are matched against it. */
export const wholeMark = '¦'
/** A token that all occur with accents in the dataset. */
export const plainMark = '¬'
/** The hash of an address. */
const addressMark = '§'
/** A placeholder between tokens that no phrase may cross. */
export const gapMark = '·'

/** The token of an address as a whole, whatever its scheme and the case of its letters; undefined for an empty address. */
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

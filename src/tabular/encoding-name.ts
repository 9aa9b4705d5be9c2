import iconv from 'iconv-lite'
import { UnreadableTable } from './faults.ts'

/** Encoding names that publishers use and decoders do not know. */
const aliases = new Map([
  ['utf-8-sig', 'utf-8'],
  ['utf8-sig', 'utf-8'],
  ['utf_8', 'utf-8'],
  ['latin-1', 'windows-1252'],
  ['cp932', 'shift_jis'],
  ['cp949', 'euc-kr'],
  ['cp936', 'gbk'],
  ['cp950', 'big5'],
  ['cp874', 'windows-874'],
  ['mac-roman', 'macintosh'],
  ['mac_roman', 'macintosh'],
  ['macroman', 'macintosh'],
  ['cp866', 'ibm866'],
])

/** Codecs of iconv-lite that are not text encodings. */
const notText = /^(?:cesu-?8|ucs-?2|binary|base64|hex|utf-?7.*|unicode-?1-?1-?utf-?7)$/

/**
 * The decoder's name of a declared encoding: the WHATWG name if `TextDecoder` supports it, else that of an old code page.
 * Throws `UnreadableTable` for an unknown encoding.
 */
export function encodingName(declared: string): string {
  const label = declared.trim().toLowerCase()
  const name = aliases.get(label) ?? label
  if (isWebEncoding(name)) return new TextDecoder(name).encoding
  if (!notText.test(name) && iconv.encodingExists(name)) return name.replace(/^(?:ibm|cp|dos|)[-_ ]?(?=\d{3}$)/, 'cp')
  throw new UnreadableTable(`the encoding ${JSON.stringify(declared)} is not known; utf-8, windows-1252, shift_jis and cp850 are, for example`)
}

/** Whether `TextDecoder` supports it. iconv-lite decodes the others. */
export function isWebEncoding(name: string): boolean {
  try {
    new TextDecoder(name)
    return true
  } catch {
    return false
  }
}

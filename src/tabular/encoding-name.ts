import iconv from 'iconv-lite'
import { UnreadableTable } from './faults.ts'

/** Names that publishers use and the decoders do not know. */
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

/** What iconv-lite calls encodings and are none of text. */
const notText = /^(?:cesu-?8|ucs-?2|binary|base64|hex|utf-?7.*|unicode-?1-?1-?utf-?7)$/

/**
 * The name by which a declared encoding is decoded: the web's own where browsers know it, else that of an old code page.
 * Throws `UnreadableTable` for one that is not known.
 */
export function encodingName(declared: string): string {
  const label = declared.trim().toLowerCase()
  const name = aliases.get(label) ?? label
  if (isWebEncoding(name)) return new TextDecoder(name).encoding
  if (!notText.test(name) && iconv.encodingExists(name)) return name.replace(/^(?:ibm|cp|dos|)[-_ ]?(?=\d{3}$)/, 'cp')
  throw new UnreadableTable(`the encoding ${JSON.stringify(declared)} is not known; utf-8, windows-1252, shift_jis and cp850 are, for example`)
}

/** Whether `TextDecoder` knows it. The others are decoded by iconv-lite. */
export function isWebEncoding(name: string): boolean {
  try {
    new TextDecoder(name)
    return true
  } catch {
    return false
  }
}

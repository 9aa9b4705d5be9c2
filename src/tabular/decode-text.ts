import iconv from 'iconv-lite'
import { isWebEncoding } from './encoding-name.ts'
import { UnreadableTable } from './faults.ts'

/** Decodes bytes that arrive in pieces. */
export interface TextPieces {
  /** Throws `UnreadableTable` for bytes that are invalid in the encoding. */
  write(bytes: Uint8Array): string
  end(): string
}

/** Starts decoding; the encoding's name is one of `encodingName`. */
export function startDecoding(encoding: string): TextPieces {
  const plain = isWebEncoding(encoding) ? webDecoder(encoding) : pageDecoder(encoding)
  const isUnicode = encoding.startsWith('utf-')
  const check = (text: string) => {
    const at = isUnicode ? -1 : text.search(undefinedCharacter)
    if (at >= 0) throw notEncoded(encoding, text.slice(Math.max(0, at - 20), at))
    return text
  }
  return { write: (bytes) => check(plain.write(bytes)), end: () => check(plain.end()) }
}

/** Characters that decoders produce for undefined bytes. No table contains them on purpose. */
const undefinedCharacter = /[\u0080-\u009f\ufffd]/

function notEncoded(encoding: string, before: string, cause?: unknown): UnreadableTable {
  const place = before === '' ? '' : `, after ${JSON.stringify(before)}`
  return new UnreadableTable(`the file is not ${encoding}: it has bytes that are invalid in it${place}; name another \`encoding\` of the resource`, {
    cause,
  })
}

function webDecoder(encoding: string): TextPieces {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
    } catch (error) {
      throw notEncoded(encoding, '', error)
    }
  }
  return { write: decode, end: () => decode() }
}

/** Old code pages that `TextDecoder` does not support. Undefined bytes become U+FFFD. */
function pageDecoder(encoding: string): TextPieces {
  const decoder = iconv.getDecoder(encoding)
  return { write: (bytes) => decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)), end: () => decoder.end() ?? '' }
}

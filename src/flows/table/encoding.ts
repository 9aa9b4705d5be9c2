import { isAscii, isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { UnreadableTable } from './faults.ts'

/** Bytes of one piece of text: small enough that rows die young: a larger one costs twice the memory and is slower. */
const pieceBytes = 32 * 1024

/** Names that publishers use and the decoder does not know. */
const aliases = new Map([
  ['utf-8-sig', 'utf-8'],
  ['utf_8', 'utf-8'],
  ['latin-1', 'windows-1252'],
  ['cp932', 'shift_jis'],
  ['cp949', 'euc-kr'],
  ['cp936', 'gbk'],
  ['mac-roman', 'macintosh'],
  ['mac_roman', 'macintosh'],
  ['macroman', 'macintosh'],
  ['cp866', 'ibm866'],
])

/**
 * The encoding to read a file with: what its first bytes say, else what was declared, else UTF-8 if the whole file is, else Windows-1252
 * if the file can be that. Throws `UnreadableTable` for unknown names, and where nothing was declared and nothing fits.
 */
export async function findEncoding(path: string, declared: string | undefined): Promise<string> {
  const marked = await byteOrderMark(path)
  if (marked) return marked
  if (declared !== undefined && declared !== '') return encodingName(declared)
  return detectEncoding(path)
}

async function byteOrderMark(path: string): Promise<string | undefined> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(3), 0, 3, 0)
    if (buffer[0] === 0xff && buffer[1] === 0xfe) return 'utf-16le'
    if (buffer[0] === 0xfe && buffer[1] === 0xff) return 'utf-16be'
    return buffer.equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 'utf-8' : undefined
  } finally {
    await file.close()
  }
}

function encodingName(declared: string): string {
  const label = declared.trim().toLowerCase()
  try {
    return new TextDecoder(aliases.get(label) ?? label).encoding
  } catch (error) {
    throw new UnreadableTable(`the encoding ${JSON.stringify(declared)} is not known`, { cause: error })
  }
}

/** These five bytes mean nothing in Windows-1252. */
const undefinedBytes = [0x81, 0x8d, 0x8f, 0x90, 0x9d]

async function detectEncoding(path: string): Promise<string> {
  let rest = Buffer.alloc(0)
  let isValidUtf8 = true
  let hasUndefined = false
  for await (const piece of readPieces(path)) {
    if (isValidUtf8) {
      const bytes = Buffer.concat([rest, piece])
      const whole = wholeCharacters(bytes)
      isValidUtf8 = isUtf8(bytes.subarray(0, whole))
      rest = bytes.subarray(whole)
    }
    hasUndefined ||= !isAscii(piece) && undefinedBytes.some((byte) => piece.includes(byte))
    if (!isValidUtf8 && hasUndefined)
      throw new UnreadableTable('the encoding cannot be told from the bytes: name it as the `encoding` of the resource')
  }
  return isValidUtf8 && rest.length === 0 ? 'utf-8' : 'windows-1252'
}

function readPieces(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: pieceBytes })
}

/** Reads a file as text, piece by piece, without a byte order mark. Throws `UnreadableTable` at bytes that the encoding does not have. */
export async function* readText(path: string, encoding: string): AsyncGenerator<string> {
  const pieces = encoding === 'utf-8' ? decodeUtf8(path) : decodeOther(path, encoding)
  let isFirst = true
  for await (const piece of pieces) {
    if (piece === '') continue
    yield isFirst && piece.charCodeAt(0) === 0xfeff ? piece.slice(1) : piece
    isFirst = false
  }
}

async function* decodeUtf8(path: string): AsyncGenerator<string> {
  let rest: Buffer | undefined
  let offset = 0
  for await (const piece of readPieces(path)) {
    const bytes = rest ? Buffer.concat([rest, piece]) : piece
    const end = wholeCharacters(bytes)
    yield utf8Text(bytes.subarray(0, end), offset)
    rest = end < bytes.length ? bytes.subarray(end) : undefined
    offset += end
  }
  if (rest) yield utf8Text(rest, offset)
}

function utf8Text(bytes: Buffer, offset: number): string {
  // Pure ASCII becomes a string of one byte a character without a look at each.
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new UnreadableTable(`the bytes from ${offset + firstBadLine(bytes)} on are not UTF-8: name another \`encoding\` of the resource`)
}

/** Where the first line that is not UTF-8 starts. */
function firstBadLine(bytes: Buffer): number {
  let start = 0
  for (;;) {
    const end = bytes.indexOf(10, start)
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return start
    start = end + 1
  }
}

/** Length without a character that is cut off at the end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes.length
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

async function* decodeOther(path: string, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const decode = (bytes?: Buffer) => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
    } catch (error) {
      throw new UnreadableTable(`the file is not ${encoding}`, { cause: error })
    }
  }
  for await (const piece of readPieces(path)) yield decode(piece)
  yield decode()
}

import { isAscii, isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { startDecoding } from './decode-text.ts'
import { encodingName } from './encoding-name.ts'
import { type FaultList, UnreadableTable } from './faults.ts'
import { guessEncoding } from './guess-encoding.ts'

/** Bytes of one piece of text. Small, so that the garbage collector frees rows early: larger pieces take twice the memory and are slower. */
const pieceBytes = 32 * 1024
/** Size of the sample for guessing an encoding, in bytes, from the first line that is not ASCII. */
const sampleBytes = 64 * 1024

/**
 * The encoding of a file: its byte order mark, else the declared encoding, else UTF-8 if the whole file is valid UTF-8, else a guess with which the
 * whole file can be decoded. It warns of a guess, and of a declared encoding for a file that is UTF-8. Throws
 * `UnreadableTable` for unknown names, and if none was declared and no guess is clear.
 */
export async function findEncoding(path: string, declared: string | undefined, faults: FaultList): Promise<string> {
  const marked = await firstBytes(path)
  const named = declared === undefined ? undefined : encodingName(declared)
  if (marked !== undefined && named !== undefined && named.slice(0, 6) !== marked.slice(0, 6))
    faults.warn(`the file starts with the byte order mark of ${marked} and was read as ${marked}, although ${named} was declared`)
  if (marked === undefined && named !== undefined && !named.startsWith('utf-') && (await isWideUtf8(path)))
    faults.warn(
      `the file was read as ${named}, as declared, but all of it is UTF-8 as well: if its letters look wrong, declare utf-8 as the \`encoding\` of the resource`,
    )
  return marked ?? named ?? detectEncoding(path, faults)
}

/** Binary formats, by their first bytes. */
const binaries: readonly (readonly [string, readonly number[]])[] = [
  ['is compressed (gzip), and compressed files are not read: publish the file unpacked', [0x1f, 0x8b]],
  ['is a ZIP archive or a workbook, and those are not read as tables', [0x50, 0x4b, 3, 4]],
]

const marks: readonly (readonly [string, readonly number[]])[] = [
  ['utf-32le', [0xff, 0xfe, 0, 0]],
  ['utf-32be', [0, 0, 0xfe, 0xff]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
  ['utf-8', [0xef, 0xbb, 0xbf]],
]

/** The encoding of a byte order mark. Throws `UnreadableTable` for binary files. */
async function firstBytes(path: string): Promise<string | undefined> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(4, 1), 0, 4, 0)
    const find = (kinds: typeof marks) => kinds.find(([, bytes]) => bytes.every((byte, at) => buffer[at] === byte))?.[0]
    const binary = find(binaries)
    if (binary !== undefined) throw new UnreadableTable(`the file ${binary}`)
    return find(marks)
  } finally {
    await file.close()
  }
}

async function detectEncoding(path: string, faults: FaultList): Promise<string> {
  const sample = await sampleUnlessUtf8(path)
  if (sample === undefined) return 'utf-8'
  const { encoding, candidates } = await guessEncoding(sample)
  if (encoding === undefined || !(await canDecode(path, encoding))) {
    const near = candidates.length === 0 ? '' : ` (it may be ${candidates.join(', ')})`
    throw new UnreadableTable(`the file is not UTF-8, and no other encoding fits it well${near}: name it as the \`encoding\` of the resource`)
  }
  faults.warn(`the file is not UTF-8 and was read as ${encoding}, which is a guess: name the right \`encoding\` of the resource if it is another one`)
  return encoding
}

/** Whether a whole file is UTF-8 and has characters beyond ASCII. Stops at the first invalid bytes. */
async function isWideUtf8(path: string): Promise<boolean> {
  let rest = Buffer.alloc(0)
  let isWide = false
  for await (const piece of readPieces(path)) {
    const bytes = Buffer.concat([rest, piece])
    const end = wholeCharacters(bytes)
    if (!isUtf8(bytes.subarray(0, end))) return false
    isWide ||= !isAscii(bytes)
    rest = bytes.subarray(end)
  }
  return isWide && rest.length === 0
}

/** A sample for guessing the encoding; undefined if the whole file is UTF-8. */
async function sampleUnlessUtf8(path: string): Promise<Buffer | undefined> {
  let rest = Buffer.alloc(0)
  let sample: Buffer | undefined
  let isValid = true
  for await (const piece of readPieces(path)) {
    if (sample && sample.length < sampleBytes) sample = Buffer.concat([sample, piece])
    if (!sample && !isAscii(piece))
      sample = piece.subarray(
        piece.lastIndexOf(
          10,
          piece.findIndex((byte) => byte >= 0x80),
        ) + 1,
      )
    if (isValid) {
      const bytes = Buffer.concat([rest, piece])
      const whole = wholeCharacters(bytes)
      isValid = isUtf8(bytes.subarray(0, whole))
      rest = bytes.subarray(whole)
    }
    if (!isValid && sample && sample.length >= sampleBytes) break
  }
  return (isValid && rest.length === 0) || !sample || isNearlyUtf8(sample) ? undefined : sample
}

/** A UTF-8 file with some invalid bytes is not decoded in another encoding, which would corrupt all valid characters. */
function isNearlyUtf8(sample: Buffer): boolean {
  const text = new TextDecoder().decode(sample)
  const bad = text.match(/\ufffd/g)?.length ?? 0
  return (text.match(/(?!\ufffd)\P{ASCII}/gu)?.length ?? 0) >= bad
}

async function canDecode(path: string, encoding: string): Promise<boolean> {
  try {
    for await (const piece of decodeOther(path, encoding)) if (piece.includes('\0')) return false
    return true
  } catch (error) {
    if (error instanceof UnreadableTable) return false
    throw error
  }
}

function readPieces(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: pieceBytes })
}

/** Reads a file as text, piece by piece, without a byte order mark. Throws `UnreadableTable` for bytes that are invalid in the encoding. */
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
  // Pure ASCII becomes a one-byte string without inspecting each character.
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new UnreadableTable(`the bytes from ${offset + firstBadLine(bytes)} on are not UTF-8: name another \`encoding\` of the resource`)
}

/** Start of the first line that is not UTF-8. */
function firstBadLine(bytes: Buffer): number {
  let start = 0
  for (;;) {
    const end = bytes.indexOf(10, start)
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return start
    start = end + 1
  }
}

/** Length without an incomplete character at the end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes.length
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

async function* decodeOther(path: string, encoding: string): AsyncGenerator<string> {
  const decoder = startDecoding(encoding)
  for await (const piece of readPieces(path)) yield decoder.write(piece)
  yield decoder.end()
}

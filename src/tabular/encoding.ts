import { isAscii, isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { startDecoding } from './decode-text.ts'
import { encodingName } from './encoding-name.ts'
import { type FaultList, UnreadableTable } from './faults.ts'
import { guessEncoding } from './guess-encoding.ts'

/** Bytes of one piece of text: small enough that rows die young: a larger one costs twice the memory and is slower. */
const pieceBytes = 32 * 1024
/** So many bytes, from the first line on that is not ASCII, are looked at to guess an encoding. */
const sampleBytes = 64 * 1024

/**
 * The encoding to read a file with: what its first bytes say, else what was declared, else UTF-8 if the whole file is, else a guess that the
 * whole file can be decoded with; a guess is a warning, and so is a declared one where the file is UTF-8. Throws
 * `UnreadableTable` for unknown names, and where nothing was declared and nothing fits well.
 */
export async function findEncoding(path: string, declared: string | undefined, faults: FaultList): Promise<string> {
  const marked = await firstBytes(path)
  const named = declared === undefined ? undefined : encodingName(declared)
  if (marked !== undefined && named !== undefined && named.slice(0, 6) !== marked.slice(0, 6))
    faults.warn(`the file starts with the mark of ${marked} and was read as that; ${named} was declared`)
  if (marked === undefined && named !== undefined && !named.startsWith('utf-') && (await isWideUtf8(path)))
    faults.warn(
      `the file was read as ${named}, as declared, but all of it is UTF-8 as well: if its letters look wrong, declare utf-8 as the \`encoding\` of the resource`,
    )
  return marked ?? named ?? detectEncoding(path, faults)
}

/** Files that are no text, by their first bytes. */
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

/** The encoding that a mark at the start names. Throws `UnreadableTable` for files that are no text. */
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

/** Whether a whole file is UTF-8 and has characters beyond ASCII. Ends at the first bytes that are none. */
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

/** Bytes to guess an encoding from; undefined where the whole file is UTF-8. */
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

/** A UTF-8 file with some bad bytes is no other encoding: reading it as one would spoil all the good characters. */
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
  const decoder = startDecoding(encoding)
  for await (const piece of readPieces(path)) yield decoder.write(piece)
  yield decoder.end()
}

import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { isRecord, type PlainRecord } from '../record.ts'

export interface JsonLinesOptions {
  /** Whether the bytes are gzip. Default: whether they begin as gzip does. */
  gzip?: boolean
  /** Longest line, in bytes. Default 64 MiB. */
  maxLineBytes?: number
}

const MAX_LINE_BYTES = 64 * 1024 * 1024
const NEWLINE = 10

/** Reads a file of JSON lines, one object each; empty lines are passed over. Memory does not grow with the file.
 * @throws TypeError naming file and line if one is not a JSON object, is too long, or is not UTF-8; the system's error if the file cannot be read or unpacked.
 */
export async function* readJsonLines(path: string, options: JsonLinesOptions = {}): AsyncGenerator<PlainRecord, void, undefined> {
  yield* parseJsonLines(createReadStream(path), { ...options, name: path })
}

/** The same for bytes from elsewhere, such as standard input. `name` is for messages. */
export async function* parseJsonLines(
  bytes: AsyncIterable<Uint8Array>,
  { name = 'input', ...options }: JsonLinesOptions & { name?: string } = {},
): AsyncGenerator<PlainRecord, void, undefined> {
  for await (const { number, value, fault } of iterJsonLines(bytes, options)) {
    const isText = fault === null || fault === NOT_JSON
    if (!isText) throw new TypeError(`${name}: line ${number} ${fault}`)
    if (!isRecord(value)) throw new TypeError(`${name}: line ${number} is not a JSON object in UTF-8`)
    yield value
  }
}

/** One line that is not empty. Either its JSON value, or what is wrong with it. */
export interface JsonLine {
  /** Counted from 1, empty lines included. */
  number: number
  value: unknown
  fault: string | null
}

const NOT_JSON = 'is not JSON in UTF-8'

/** Reads JSON lines and goes on behind one that cannot be read. Memory does not grow with the input.
 * @throws the system's error if the bytes cannot be read or unpacked.
 */
export async function* iterJsonLines(bytes: AsyncIterable<Uint8Array>, options: JsonLinesOptions = {}): AsyncGenerator<JsonLine, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const maxBytes = options.maxLineBytes ?? MAX_LINE_BYTES
  let number = 0
  for await (const line of splitLines(await unpack(bytes, options.gzip), maxBytes)) {
    number++
    if (line === null) yield { number, value: undefined, fault: `is longer than ${maxBytes} bytes` }
    else {
      const read = parseLine(line, decoder)
      if (read !== 'empty') yield { number, ...read }
    }
  }
}

function parseLine(line: Uint8Array, decoder: InstanceType<typeof TextDecoder>): Omit<JsonLine, 'number'> | 'empty' {
  try {
    const text = decoder.decode(line)
    return text.trim() === '' ? 'empty' : { value: JSON.parse(text), fault: null }
  } catch {
    return { value: undefined, fault: NOT_JSON }
  }
}

/** Lines without their end; null for one that is too long. */
async function* splitLines(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array | null, void, undefined> {
  let parts: Uint8Array[] = []
  let length = 0
  const keep = (part: Uint8Array) => {
    length += part.length
    if (length <= maxBytes) parts.push(part)
    else parts = []
  }
  const take = () => {
    const line = length > maxBytes ? null : Buffer.concat(parts)
    parts = []
    length = 0
    return line
  }
  for await (const chunk of bytes) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end))
      yield take()
      from = end + 1
    }
    keep(chunk.subarray(from))
  }
  if (length > 0) yield take()
}

/** Unpacks gzip, which is recognized by its first two bytes. */
async function unpack(bytes: AsyncIterable<Uint8Array>, gzip: boolean | undefined): Promise<AsyncIterable<Uint8Array>> {
  if (gzip === false) return bytes
  const iterator = bytes[Symbol.asyncIterator]()
  const head: Uint8Array[] = []
  let length = 0
  while (length < 2) {
    const { done, value } = await iterator.next()
    if (done) break
    head.push(value)
    length += value.length
  }
  const whole = rejoin(head, iterator)
  const start = Buffer.concat(head)
  return (gzip ?? (start[0] === 0x1f && start[1] === 0x8b)) ? gunzip(whole) : whole
}

async function* rejoin(head: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* head
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

/** Closes both ends, whichever fails or is left first. */
async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const packed = Readable.from(bytes, { objectMode: false })
  const unpacked = createGunzip()
  packed.on('error', (error) => unpacked.destroy(error))
  try {
    yield* packed.pipe(unpacked)
  } finally {
    packed.destroy()
  }
}

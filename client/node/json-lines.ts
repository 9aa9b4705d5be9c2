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
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let number = 0
  for await (const line of splitLines(await unpack(bytes, options.gzip), options.maxLineBytes ?? MAX_LINE_BYTES)) {
    number++
    const record = line && parseLine(line, decoder)
    if (record === undefined) throw new TypeError(`${name}: line ${number} is not a JSON object in UTF-8`)
    if (record === null) throw new TypeError(`${name}: line ${number} is longer than ${options.maxLineBytes ?? MAX_LINE_BYTES} bytes`)
    if (record !== 'empty') yield record
  }
}

/** The object of a line; undefined if it holds something else. */
function parseLine(line: Uint8Array, decoder: InstanceType<typeof TextDecoder>): PlainRecord | 'empty' | undefined {
  try {
    const text = decoder.decode(line)
    if (text.trim() === '') return 'empty'
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Lines without their end; null for one that is too long, which is the last then. */
async function* splitLines(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array | null, void, undefined> {
  let parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of bytes) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      if (length + end - from > maxBytes) return yield null
      yield Buffer.concat([...parts, chunk.subarray(from, end)])
      parts = []
      length = 0
      from = end + 1
    }
    parts.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > maxBytes) return yield null
  }
  if (length > 0) yield Buffer.concat(parts)
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

import { stat } from 'node:fs/promises'
import { crc32, deflateRawSync } from 'node:zlib'
import { type Deflated, deflateFile } from './deflate-file.ts'
import type { OutputFile } from './output-file.ts'

const deflateLevel = 6
const largest32 = 0xffffffff
/** Deflate never makes a file larger by as much as this. */
const slack = 1024 * 1024
const [plainVersion, largeVersion] = [20, 45]
/** Sizes follow the data; names are UTF-8. */
const flags = 0x0808
const deflated = 8

interface Entry extends Deflated {
  readonly name: Buffer
  readonly offset: number
  /** Sizes are written in eight bytes. */
  readonly isLarge: boolean
}

/**
 * Writes a ZIP archive entry by entry, all deflated, with one time for all of them: the same contents give the same bytes. Sizes beyond
 * four gigabytes are written in the ZIP64 form.
 */
export class ZipWriter {
  readonly #file: OutputFile
  readonly #time: number
  readonly #largeFrom: number
  readonly #entries: Entry[] = []
  #offset = 0

  /** `largeFrom`: sizes from which the ZIP64 form is used, smaller in tests. */
  constructor(file: OutputFile, { modified, largeFrom = largest32 - slack }: { modified: Date; largeFrom?: number }) {
    this.#file = file
    this.#time = dosTime(modified)
    this.#largeFrom = largeFrom
  }

  async addText(name: string, text: string): Promise<void> {
    const bytes = Buffer.from(text)
    const packed = deflateRawSync(bytes, { level: deflateLevel })
    const entry = await this.#start(name, bytes.length)
    await this.#write(packed)
    await this.#finish(Object.assign(entry, { checksum: crc32(bytes), size: bytes.length, packedSize: packed.length }))
  }

  /** Adds a file, throwing the signal's reason when it is aborted on the way. */
  async addFile(name: string, path: string, signal?: AbortSignal): Promise<void> {
    const entry = await this.#start(name, (await stat(path)).size)
    for await (const piece of deflateFile(path, deflateLevel, entry)) {
      signal?.throwIfAborted()
      await this.#write(piece)
    }
    await this.#finish(entry)
  }

  /** Writes the directory; nothing can be added after it. */
  async end(): Promise<void> {
    const start = this.#offset
    for (const entry of this.#entries) await this.#write(directoryEntry(entry, this.#time, this.#largeFrom))
    await this.#write(directoryEnd({ start, size: this.#offset - start, count: this.#entries.length }, this.#largeFrom))
  }

  async #start(name: string, size: number): Promise<Entry> {
    const isLarge = size >= this.#largeFrom
    const entry: Entry = { name: Buffer.from(name), offset: this.#offset, isLarge, checksum: 0, size: 0, packedSize: 0 }
    const extra = isLarge ? largeExtra([0, 0]) : Buffer.alloc(0)
    const header = Buffer.alloc(30)
    header.writeUInt32LE(0x04034b50, 0)
    header.writeUInt16LE(isLarge ? largeVersion : plainVersion, 4)
    header.writeUInt16LE(flags, 6)
    header.writeUInt16LE(deflated, 8)
    header.writeUInt32LE(this.#time, 10)
    if (isLarge) header.fill(0xff, 18, 26)
    header.writeUInt16LE(entry.name.length, 26)
    header.writeUInt16LE(extra.length, 28)
    await this.#write(Buffer.concat([header, entry.name, extra]))
    return entry
  }

  async #finish(entry: Entry): Promise<void> {
    const tail = Buffer.alloc(entry.isLarge ? 24 : 16)
    tail.writeUInt32LE(0x08074b50, 0)
    tail.writeUInt32LE(entry.checksum, 4)
    if (entry.isLarge) {
      tail.writeBigUInt64LE(BigInt(entry.packedSize), 8)
      tail.writeBigUInt64LE(BigInt(entry.size), 16)
    } else {
      tail.writeUInt32LE(entry.packedSize, 8)
      tail.writeUInt32LE(entry.size, 12)
    }
    await this.#write(tail)
    this.#entries.push(entry)
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#offset += bytes.length
    await this.#file.write(bytes)
  }
}

/** Numbers that do not fit their four bytes elsewhere. */
function largeExtra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(8 * values.length, 2)
  values.forEach((value, index) => {
    extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index)
  })
  return extra
}

function directoryEntry(entry: Entry, time: number, largeFrom: number): Buffer {
  const isFar = entry.offset >= largeFrom
  const large = [...(entry.isLarge ? [entry.size, entry.packedSize] : []), ...(isFar ? [entry.offset] : [])]
  const extra = large.length > 0 ? largeExtra(large) : Buffer.alloc(0)
  const header = Buffer.alloc(46)
  const version = large.length > 0 ? largeVersion : plainVersion
  header.writeUInt32LE(0x02014b50, 0)
  // Made on a Unix, as a regular file that all may read.
  header.writeUInt16LE((3 << 8) | version, 4)
  header.writeUInt16LE(version, 6)
  header.writeUInt16LE(flags, 8)
  header.writeUInt16LE(deflated, 10)
  header.writeUInt32LE(time, 12)
  header.writeUInt32LE(entry.checksum, 16)
  header.writeUInt32LE(entry.isLarge ? largest32 : entry.packedSize, 20)
  header.writeUInt32LE(entry.isLarge ? largest32 : entry.size, 24)
  header.writeUInt16LE(entry.name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE(0o100644 * 0x10000, 38)
  header.writeUInt32LE(isFar ? largest32 : entry.offset, 42)
  return Buffer.concat([header, entry.name, extra])
}

interface Directory {
  readonly start: number
  readonly size: number
  readonly count: number
}

function directoryEnd({ start, size, count }: Directory, largeFrom: number): Buffer {
  const isLarge = start + size >= largeFrom || count >= 0xffff
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(isLarge ? 0xffff : count, 8)
  end.writeUInt16LE(isLarge ? 0xffff : count, 10)
  end.writeUInt32LE(isLarge ? largest32 : size, 12)
  end.writeUInt32LE(isLarge ? largest32 : start, 16)
  return isLarge ? Buffer.concat([largeEnd({ start, size, count }), end]) : end
}

/** The directory's record and its locator in the ZIP64 form. */
function largeEnd({ start, size, count }: Directory): Buffer {
  const end = Buffer.alloc(56 + 20)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeUInt16LE((3 << 8) | largeVersion, 12)
  end.writeUInt16LE(largeVersion, 14)
  end.writeBigUInt64LE(BigInt(count), 24)
  end.writeBigUInt64LE(BigInt(count), 32)
  end.writeBigUInt64LE(BigInt(size), 40)
  end.writeBigUInt64LE(BigInt(start), 48)
  end.writeUInt32LE(0x07064b50, 56)
  end.writeBigUInt64LE(BigInt(start + size), 64)
  end.writeUInt32LE(1, 72)
  return end
}

/** Two seconds are the finest that the format can say; it starts in 1980 and knows no time zones, so UTC is taken. */
function dosTime(date: Date): number {
  const year = Math.min(2107, Math.max(1980, date.getUTCFullYear()))
  const day = ((year - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return day * 0x10000 + time
}

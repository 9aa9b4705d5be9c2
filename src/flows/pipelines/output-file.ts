import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { WrittenFile } from './task.ts'

/** A file that is being written. Its size and hashes are computed on the way. */
export class OutputFile {
  readonly #path: string
  readonly #file: FileHandle
  readonly #md5: Hash = createHash('md5')
  readonly #sha256: Hash = createHash('sha256')
  #size = 0
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** Opens a new file. Throws when it exists already. */
  static async create(path: string): Promise<OutputFile> {
    return new OutputFile(path, await open(path, 'wx'))
  }

  /** Appends text as UTF-8, or bytes. Resolves when the previous write is done, so at most one waits in memory. */
  async write(piece: string | Uint8Array): Promise<void> {
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece
    this.#md5.update(bytes)
    this.#sha256.update(bytes)
    this.#size += bytes.length
    await this.#writing
    this.#writing = this.#file.writeFile(bytes)
    // The next call throws the failure; until then the promise has no handler.
    this.#writing.catch(() => undefined)
  }

  /** Closes the file and returns its size and hashes. */
  async finish(): Promise<WrittenFile> {
    try {
      await this.#writing
    } finally {
      await this.#file.close()
    }
    return { localPath: this.#path, size: this.#size, md5: this.#md5.digest('hex'), sha256: this.#sha256.digest('hex') }
  }

  /** Closes the file without completing it. */
  async abandon(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#file.close()
  }
}

/** Writes a file through `fill`, and closes it also after an error. */
export async function writeFile(path: string, fill: (file: OutputFile) => Promise<void>): Promise<WrittenFile> {
  const file = await OutputFile.create(path)
  try {
    await fill(file)
  } catch (error) {
    await file.abandon()
    throw error
  }
  return file.finish()
}

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { noSpace, notFound, unavailable } from '../../base/errors.ts'
import type { ByteRange, FileStore, StagedFile, StoredFile } from './file-store.ts'

/** A folder: `ab/cd/<digest>` holds stored files, `work/` holds files that are being written. */
export class LocalFileStore implements FileStore {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async put(bytes: Readable | AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const { path, ...file } = await this.stage(bytes)
    try {
      await this.#moveIn(path, file.digest)
      return file
    } finally {
      await this.discard({ ...file, path })
    }
  }

  async stage(bytes: Readable | AsyncIterable<Uint8Array>): Promise<StagedFile> {
    const folder = await this.workFolder()
    const path = join(folder, 'file')
    try {
      return { ...(await writeAndHash(path, bytes)), path }
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  async discard({ path }: StagedFile): Promise<void> {
    await rm(dirname(path), { recursive: true, force: true })
  }

  async adopt(path: string, file: StoredFile): Promise<void> {
    await onDisk(() => syncPath(path))
    await this.#moveIn(path, file.digest)
  }

  async open(digest: string, range?: ByteRange): Promise<Readable> {
    return createReadStream(await this.localPath(digest), range && { start: range.start, end: range.end })
  }

  async sizeOf(digest: string): Promise<number> {
    return (await this.#find(digest)).size
  }

  async localPath(digest: string): Promise<string> {
    return (await this.#find(digest)).path
  }

  async #find(digest: string): Promise<{ path: string; size: number }> {
    const path = this.#pathOf(digest)
    try {
      return { path, size: (await stat(path)).size }
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? notFound('file', digest) : error
    }
  }

  async remove(digest: string): Promise<void> {
    await rm(this.#pathOf(digest), { force: true })
  }

  async *listOld(ageMs: number): AsyncGenerator<string> {
    for (const first of await namesIn(this.#root, /^[0-9a-f]{2}$/)) {
      for (const second of await namesIn(join(this.#root, first), /^[0-9a-f]{2}$/)) {
        for (const digest of await namesIn(join(this.#root, first, second), /^[0-9a-f]{64}$/)) {
          if (await isOld(this.#pathOf(digest), ageMs)) yield digest
        }
      }
    }
  }

  async removeOld(digest: string, ageMs: number): Promise<boolean> {
    const path = this.#pathOf(digest)
    if (!(await isOld(path, ageMs))) return false
    // The file is renamed first: between the check and the removal another process may store the same bytes again.
    const folder = await this.workFolder()
    const aside = join(folder, digest)
    try {
      await rename(path, aside)
      if (await isOld(aside, ageMs)) return true
      await link(aside, path).catch(unlessThere)
      return false
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return false
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async clearWork(ageMs: number): Promise<void> {
    const work = join(this.#root, 'work')
    for (const name of await namesIn(work, /./)) {
      const path = join(work, name)
      if (await isOld(path, ageMs)) await rm(path, { recursive: true, force: true })
    }
  }

  async workFolder(): Promise<string> {
    const path = join(this.#root, 'work', randomUUID())
    await onDisk(() => mkdir(path, { recursive: true }))
    return path
  }

  #pathOf(digest: string): string {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw notFound('file', digest)
    return join(this.#root, digest.slice(0, 2), digest.slice(2, 4), digest)
  }

  async #moveIn(path: string, digest: string): Promise<void> {
    const target = this.#pathOf(digest)
    await onDisk(async () => {
      await mkdir(dirname(target), { recursive: true })
      await rename(path, target)
      // The name is durable only when its folder is.
      await syncPath(dirname(target))
    })
  }
}

async function writeAndHash(path: string, bytes: AsyncIterable<Uint8Array>): Promise<StoredFile> {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')]
  let size = 0
  const handle = await onDisk(() => open(path, 'wx'))
  try {
    for await (const chunk of bytes) {
      sha256.update(chunk)
      md5.update(chunk)
      size += chunk.byteLength
      await onDisk(() => handle.writeFile(chunk))
    }
    await onDisk(() => handle.sync())
  } finally {
    await handle.close()
  }
  return { digest: sha256.digest('hex'), md5: md5.digest('hex'), size }
}

/** Names in a folder; an empty list when the folder does not exist. */
async function namesIn(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => pattern.test(name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return []
  }
}

/** Whether the path exists and was last written longer than `ageMs` ago. */
async function isOld(path: string, ageMs: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < Date.now() - ageMs
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return false
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const full = new Set(['ENOSPC', 'EDQUOT'])
const notWritable = new Set(['EROFS', 'EIO'])

/** Runs a disk operation. Throws `unavailable` when the disk is full or not writable. */
async function onDisk<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== undefined && full.has(code)) throw noSpace(`the file cannot be stored: ${message}`, error)
    throw code !== undefined && notWritable.has(code) ? unavailable(`the file cannot be stored: ${message}`, error) : error
  }
}

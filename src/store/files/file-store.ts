import type { Readable } from 'node:stream'

/** Facts about stored bytes. */
export interface StoredFile {
  /** SHA-256 of the bytes, 64 hex digits: their address in the store. */
  readonly digest: string
  /** MD5 of the bytes, 32 hex digits: what catalogues show as `hash`. */
  readonly md5: string
  readonly size: number
}

/** A received file outside the store: `adopt` moves it into the store, `discard` removes it. */
export interface StagedFile extends StoredFile {
  readonly path: string
}

/** Both ends inclusive, as in an HTTP range. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Content-addressed bytes: uploads, flow outputs, job results. Equal bytes are kept once; rows refer to them by digest.
 * When a call returns, its bytes are on disk. Database rows decide which files are in use; files that no row names may be removed.
 */
export interface FileStore {
  /** Stores a stream. Throws what the stream throws; then nothing is stored. */
  put(bytes: Readable | AsyncIterable<Uint8Array>): Promise<StoredFile>
  /** Receives a stream into a work folder. Throws what the stream throws; then nothing is kept. */
  stage(bytes: Readable | AsyncIterable<Uint8Array>): Promise<StagedFile>
  /** Removes what `stage` has received, unless it was adopted. */
  discard(file: StagedFile): Promise<void>
  /** Moves a finished local file, whose facts are known, into the store. */
  adopt(path: string, file: StoredFile): Promise<void>
  /** Reads the bytes, or a part of them. Throws `not_found`. */
  open(digest: string, range?: ByteRange): Promise<Readable>
  /** Bytes of a stored file. Throws `not_found`. */
  sizeOf(digest: string): Promise<number>
  /** A local path of these bytes, for programs that need one. Read only. Throws `not_found`. */
  localPath(digest: string): Promise<string>
  remove(digest: string): Promise<void>
  /** Digests of files that were last stored longer than `ageMs` ago. */
  listOld(ageMs: number): AsyncIterable<string>
  /** Removes a file unless it was stored again within `ageMs`. Returns whether it was removed. */
  removeOld(digest: string, ageMs: number): Promise<boolean>
  /** Removes work folders that have not been written to for `ageMs`. */
  clearWork(ageMs: number): Promise<void>
  /** A new, empty folder on the store's own file system, from which `adopt` is a rename. */
  workFolder(): Promise<string>
}

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { FileStore } from '../store/files/file-store.ts'
import { type Body, maxInlineBytes } from './job.ts'

/** Stores a JSON text: in the row when it is small, else as a file that the row names. Call it before the write that uses it. */
export async function storeJson(files: FileStore, json: string): Promise<Body> {
  if (Buffer.byteLength(json) <= maxInlineBytes) return { json, file: null }
  const { digest } = await files.put(Readable.from([Buffer.from(json)]))
  return { json: null, file: digest }
}

/** The JSON text of a body, wherever it is kept. */
export async function readJson(files: FileStore, body: Body): Promise<string> {
  if (body.json !== null) return body.json
  if (body.file === null) return 'null'
  return (await buffer(await files.open(body.file))).toString('utf8')
}

/** A body for a row, made inside a write, where no file can be stored. Throws when the value is too large for that. */
export function inlineBody(value: unknown): Body {
  const json = JSON.stringify(value)
  if (json === undefined) throw new TypeError('a value that JSON cannot hold')
  if (Buffer.byteLength(json) > maxInlineBytes) throw new RangeError('data above 1 MB must be stored before the write (storeJson)')
  return { json, file: null }
}

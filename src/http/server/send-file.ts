import type { FastifyReply, FastifyRequest } from 'fastify'
import { bareMediaType } from '../../base/media-type.ts'
import type { ByteRange, FileStore } from '../../store/files/file-store.ts'
import { strangersPolicy } from './answer-headers.ts'
import { HttpError } from './errors.ts'
import { contextOf } from './session.ts'

/** A stored file to be sent. */
export interface OutgoingFile {
  /** Its address in the file store; also the entity tag. */
  readonly digest: string
  /** The file name for saving. */
  readonly name: string
  /** `application/octet-stream` when it is unknown or unsafe in a header. */
  readonly mediaType: string | null | undefined
}

/**
 * Answers with a stored file, a range of it (206), or 304 when the caller has it. Browsers save the file and never
 * show it as a page, since it is untrusted. Its length is that of the bytes in the store. Throws `not_found` when they are missing,
 * `HttpError` 416 for a range that it does not have.
 */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, { file, files }: { file: OutgoingFile; files: FileStore }) {
  const size = await files.sizeOf(file.digest)
  const etag = `"${file.digest}"`
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'content-type': withCharset(bareMediaType(file.mediaType) ?? 'application/octet-stream'),
    'content-disposition': dispositionOf(file.name),
    'content-security-policy': strangersPolicy,
    // Caches may keep it, but must revalidate: it may be removed, or no longer readable for the caller.
    'cache-control': contextOf(request).actor.kind === 'anonymous' ? 'no-cache' : 'private, no-cache',
  })
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
  const range = parseRange(request, etag, size)
  const length = range ? range.end - range.start + 1 : size
  reply.header('content-length', length)
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${size}`)
  // Fastify reads a stream to its end even for HEAD, which is wasteful for gigabytes.
  if (request.method === 'HEAD') return reply.hijack().raw.writeHead(reply.statusCode, headersOf(reply)).end()
  return reply.send(await files.open(file.digest, range))
}

const headersOf = (reply: FastifyReply) => Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, value ?? '']))

const withCharset = (type: string) => (/^text\/|json$|xml$/.test(type) ? `${type}; charset=utf-8` : type)

/** An ASCII file name, and the full one in the encoding of RFC 8187. */
function dispositionOf(name: string): string {
  const plain = name.replace(/[^\w.() -]/g, '_') || 'file'
  const encoded = encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return plain === name ? `attachment; filename="${plain}"` : `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

const isKnown = (header: string | undefined, etag: string) =>
  header !== undefined && (header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))

/** The requested range; undefined for the whole file, which also answers a request for several ranges. */
function parseRange({ headers }: FastifyRequest, etag: string, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range?.trim() ?? '') ?? []
  if (first === '' && last === '') return undefined
  const condition = headers['if-range']
  if (condition !== undefined && condition !== etag) return undefined
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start >= size || (first === '' && Number(last) === 0)) {
    throw new HttpError(416, `the file has ${size} bytes`, { headers: { 'content-range': `bytes */${size}` } })
  }
  return { start, end }
}

import type { FastifyMultipartOptions, Multipart, MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import type { Input } from '../../catalogue/field-reader.ts'
import type { Upload } from '../../catalogue/upload.ts'
import type { Config } from '../../config.ts'
import type { Context } from '../../context.ts'
import { limits } from '../../limits.ts'
import { HttpError } from '../errors.ts'
import { collectFields } from './body.ts'

/** The parameters of a multipart body, and the file that came along. */
export interface MultipartCall {
  readonly input: Input
  readonly upload: Upload | undefined
}

/** The part that holds the file of a resource; other files are read over. */
const filePart = 'upload'

/** How multipart bodies are taken apart. A text part of type JSON is read as a text: the parser would build its value, however large. */
export const multipartOptions = ({ maxBody, maxUpload }: Config) =>
  ({
    isPartAFile: (_name: string | undefined, type: string | undefined, fileName: string | undefined) =>
      fileName !== undefined || type === 'application/octet-stream' || isJson(type),
    limits: { fileSize: maxUpload, parts: limits.fields, fieldSize: maxBody },
  }) satisfies FastifyMultipartOptions & object

const isJson = (type: string | undefined) => type?.startsWith('application/json') === true

/**
 * Reads a multipart body: fields as parameters, the file straight into the file store. Nothing is stored for an anonymous caller, who may change
 * nothing anyway. Throws `HttpError` 400 for a body that is none, 413 for a file that is too large and for texts that are too large together.
 */
export async function readMultipart(ctx: Context, request: FastifyRequest): Promise<MultipartCall> {
  const texts = new TextParts(ctx.config.maxBody)
  let upload: Upload | undefined
  for await (const part of partsOf(request)) {
    if (part.type === 'field') texts.add(part, String(part.value ?? ''))
    else if (!part.filename && isJson(part.mimetype)) texts.add(part, await readText(part, ctx.config.maxBody))
    else if (part.fieldname !== filePart || ctx.actor.kind === 'anonymous' || upload || !part.filename) part.file.resume()
    else upload = await storeFile(ctx, part)
  }
  return { input: collectFields(texts.fields), upload }
}

/** A part as text; of one that is too large only as much as shows that. */
async function readText({ file }: MultipartFile, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of file) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The text parts of a body, which together are as large as any other body may be. */
class TextParts {
  readonly fields: [string, string][] = []
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add({ fieldname, ...part }: Multipart, value: string): void {
    this.#bytes += Buffer.byteLength(fieldname) + Buffer.byteLength(value)
    const isCut = 'valueTruncated' in part && part.valueTruncated
    if (isCut || this.#bytes > this.#maxBytes) throw new HttpError(413, `the text fields of the body have more than ${this.#maxBytes} bytes together`)
    this.fields.push([fieldname, value])
  }
}

async function* partsOf(request: FastifyRequest): AsyncGenerator<Multipart> {
  try {
    yield* request.parts()
  } catch (error) {
    throw unreadable(error)
  } finally {
    // What follows a refusal is not taken apart and kept for nobody.
    request.raw.unpipe()
    request.raw.resume()
  }
}

async function storeFile(ctx: Context, { file, filename }: MultipartFile): Promise<Upload> {
  try {
    const { digest, size } = await ctx.files.put(file)
    return { digest, size, fileName: filename.toWellFormed() }
  } catch (error) {
    throw file.errored ? unreadable(error) : error
  }
}

/** What the parser has found wrong; a body that is too large keeps its own status. */
function unreadable(error: unknown): Error {
  if (error instanceof Error && 'code' in error && error.code === 'FST_PARTS_LIMIT') {
    return new HttpError(413, `the body has more than ${limits.fields} parts`, { cause: error })
  }
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 413) return error
  return new HttpError(400, `Bad request - the multipart body cannot be read: ${(error as Error).message}`, { cause: error })
}

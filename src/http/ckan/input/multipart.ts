import type { Multipart, MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { DomainError, invalid } from '../../../base/errors.ts'
import { limits } from '../../../base/limits.ts'
import type { Input } from '../../../catalogue/field-reader.ts'
import type { Upload } from '../../../catalogue/resource/upload.ts'
import type { Context } from '../../../context.ts'
import { isJson } from '../../server/body.ts'
import { HttpError } from '../../server/errors.ts'
import type { UploadGate } from '../action.ts'
import { collectFields } from './body.ts'

/** The parameters and the file of a multipart body. */
export interface MultipartCall {
  readonly input: Input
  readonly upload: Upload | undefined
}

/** The part that holds the file of a resource. */
const filePart = 'upload'

/**
 * Reads a multipart body: fields as parameters, the file straight to the disk, after the action's gate has accepted it. The caller must
 * discard the file. Throws `HttpError` 400 for a body that is not multipart, 413 for a file that is too large and for texts that are too large together,
 * `invalid` for a file that the action does not take, and what the gate throws.
 */
export async function readMultipart(ctx: Context, request: FastifyRequest, gate: UploadGate | undefined): Promise<MultipartCall> {
  const texts = new TextParts(ctx.config.maxBody)
  let upload: Upload | undefined
  try {
    for await (const part of partsOf(request)) {
      checkName(part)
      if (part.type === 'field') texts.add(part, String(part.value ?? ''))
      else if (!part.filename && isJson(part.mimetype)) texts.add(part, await readText(part, ctx.config.maxBody))
      // A form whose file was left empty sends a part without a name.
      else if (!part.filename) part.file.resume()
      else {
        if (!gate || part.fieldname !== filePart || upload) throw surplusFile(part.fieldname, gate !== undefined)
        await gate(ctx, collectFields(texts.fields))
        upload = await receiveFile(ctx, part)
      }
    }
    return { input: collectFields(texts.fields), upload }
  } catch (error) {
    if (upload) await ctx.files.discard(upload.file)
    throw error
  }
}

/** The parser also passes parts without a name, although its types exclude them. */
function checkName({ fieldname }: { readonly fieldname: string | undefined }): void {
  if (fieldname === undefined) throw new HttpError(400, 'Bad request - a part of the multipart body has no name')
}

function surplusFile(part: string, takesOne: boolean): Error {
  const hint = takesOne ? `This action takes one file, in the part "${filePart}"` : 'This action takes no file'
  return invalid({ [part]: [hint] })
}

/** A part as text. Of a part that is too large only as much is read as shows that. */
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
    // After a refusal the rest of the body is not parsed.
    request.raw.unpipe()
    request.raw.resume()
  }
}

async function receiveFile(ctx: Context, { file, filename }: MultipartFile): Promise<Upload> {
  try {
    return { file: await ctx.files.stage(file), fileName: filename }
  } catch (error) {
    // A full disk ends the stream as well, but is not an error of the caller.
    throw file.errored && !(error instanceof DomainError) ? unreadable(error) : error
  }
}

/** The error for a body that the parser rejects; a body that is too large keeps its own status. */
function unreadable(error: unknown): Error {
  if (error instanceof DomainError) return error
  if (error instanceof Error && 'code' in error && error.code === 'FST_PARTS_LIMIT') {
    return new HttpError(413, `the body has more than ${limits.fields} parts`, { cause: error })
  }
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 413) return error
  return new HttpError(400, `Bad request - the multipart body cannot be read: ${(error as Error).message}`, { cause: error })
}

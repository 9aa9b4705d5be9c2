import type { Multipart, MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import type { Input } from '../../catalogue/field-reader.ts'
import type { Upload } from '../../catalogue/upload.ts'
import type { Context } from '../../context.ts'
import { HttpError } from '../errors.ts'
import { collectFields } from './body.ts'

/** The parameters of a multipart body, and the file that came along. */
export interface MultipartCall {
  readonly input: Input
  readonly upload: Upload | undefined
}

/** The part that holds the file of a resource; other files are read over. */
const filePart = 'upload'

/**
 * Reads a multipart body: fields as parameters, the file straight into the file store. Nothing is stored for an anonymous caller, who may change
 * nothing anyway. Throws `HttpError` 400 for a body that is none, 413 for a file that is too large.
 */
export async function readMultipart(ctx: Context, request: FastifyRequest): Promise<MultipartCall> {
  const fields: [string, string][] = []
  let upload: Upload | undefined
  for await (const part of partsOf(request)) {
    if (part.type === 'field') fields.push([part.fieldname, typeof part.value === 'string' ? part.value : String(part.value ?? '')])
    else if (part.fieldname !== filePart || ctx.actor.kind === 'anonymous' || upload || !part.filename) part.file.resume()
    else upload = await storeFile(ctx, part)
  }
  return { input: collectFields(fields), upload }
}

async function* partsOf(request: FastifyRequest): AsyncGenerator<Multipart> {
  try {
    yield* request.parts()
  } catch (error) {
    throw unreadable(error)
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
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 413) return error
  return new HttpError(400, `Bad request - the multipart body cannot be read: ${(error as Error).message}`, { cause: error })
}

import type { FastifyRequest } from 'fastify'
import type { Input } from '../../catalogue/field-reader.ts'
import type { Upload } from '../../catalogue/upload.ts'
import type { Context } from '../../context.ts'
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
 * nothing anyway. Throws `HttpError` 413 for a file that is too large.
 */
export async function readMultipart(ctx: Context, request: FastifyRequest): Promise<MultipartCall> {
  const fields: [string, string][] = []
  let upload: Upload | undefined
  for await (const part of request.parts()) {
    if (part.type === 'field') fields.push([part.fieldname, typeof part.value === 'string' ? part.value : String(part.value ?? '')])
    else if (part.fieldname !== filePart || ctx.actor.kind === 'anonymous' || upload || !part.filename) part.file.resume()
    else {
      const { digest, size } = await ctx.files.put(part.file)
      upload = { digest, size, fileName: part.filename.toWellFormed() }
    }
  }
  return { input: collectFields(fields), upload }
}

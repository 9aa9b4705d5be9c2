import type { FastifyMultipartOptions } from '@fastify/multipart'
import { exactJson, findLostNumber, isBeyondExact } from '../../base/json.ts'
import { measureJson } from '../../base/json-size.ts'
import { limits } from '../../base/limits.ts'
import type { Config } from '../../config.ts'
import { giveDueTurn } from '../../store/turns.ts'
import { HttpError } from './errors.ts'
import { parseInTurns } from './json/parse-in-turns.ts'

/** Characters of JSON that are read in one turn; so few cannot hold too many values for exact numbers. */
const maxAtOnce = 32_768
const byteOrderMark = 0xfeff
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a request body as JSON, and yields to the event loop while a large one is parsed. Throws `HttpError` 400 when it is not JSON (or not UTF-8), 413
 * when it nests deeper or has more values than a request may have. An object's own `__proto__` key stays a plain key.
 */
export async function parseJson(body: Buffer): Promise<unknown> {
  const text = textOf(body)
  return refuseSyntax(() => parseInTurns(text, (part) => JSON.parse(part)))
}

/** Parses a body, and keeps numbers as written (`exactJson`). Also throws `HttpError` 413 for a number that would change: see `findLostNumber`. */
export async function parseJsonExactly(body: Buffer): Promise<unknown> {
  const text = textOf(body)
  if (text.length <= maxAtOnce) return refuseSyntax(async () => exactJson(text))
  await giveDueTurn()
  const parse = isBeyondExact(text) ? (part: string): unknown => JSON.parse(part) : exactJson
  const value = await refuseSyntax(() => parseInTurns(text, parse))
  await giveDueTurn()
  refuseLostNumber(text)
  return value
}

function refuseLostNumber(text: string): void {
  const lost = findLostNumber(text)
  if (lost === undefined) return
  const most = limits.exactJsonValues
  throw new HttpError(
    413,
    `the number ${lost.slice(0, 100)} has more digits than are kept where there are more than ${most} JSON values; send it as a text, or fewer values at once`,
  )
}

/** Parses JSON in a text of a request, such as a parameter of a query string. */
export function parseJsonText(text: string): unknown {
  checkSize(text)
  try {
    const value = exactJson(text)
    refuseLostNumber(text)
    return value
  } catch (error) {
    if (error instanceof HttpError) throw error
    throw new HttpError(400, `the text is not JSON: ${(error as Error).message}`, { cause: error })
  }
}

/** The text of a body within the limits of a request. */
function textOf(body: Buffer): string {
  let text: string
  try {
    text = utf8.decode(body)
  } catch (error) {
    throw new HttpError(400, 'the body is not UTF-8', { cause: error })
  }
  if (text.charCodeAt(0) === byteOrderMark) text = text.slice(1)
  checkSize(text)
  return text
}

async function refuseSyntax(parse: () => Promise<unknown>): Promise<unknown> {
  try {
    return await parse()
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${(error as Error).message}`, { cause: error })
  }
}

/** Refuses a text above the limits of a request, before its values are built. */
function checkSize(text: string): void {
  if (text.length <= limits.jsonDepth) return
  const { depth, values, keys } = measureJson(text, limits.jsonDepth)
  if (depth > limits.jsonDepth) throw new HttpError(413, `the body is nested deeper than ${limits.jsonDepth} levels`)
  if (keys > limits.jsonKeys) throw new HttpError(413, `an object of the body has more than ${limits.jsonKeys} keys`)
  if (values > limits.jsonValues) throw new HttpError(413, `the body has more than ${limits.jsonValues} JSON values; send it in several requests`)
}

/** Options for parsing multipart bodies. A part of type JSON is read as text: the plugin's parser would build its value without a limit. */
export const multipartOptions = ({ maxBody, maxUpload }: Config) =>
  ({
    isPartAFile: (_name: string | undefined, type: string | undefined, fileName: string | undefined) =>
      fileName !== undefined || type === 'application/octet-stream' || isJson(type),
    limits: { fileSize: maxUpload, parts: limits.fields, fieldSize: maxBody },
  }) satisfies FastifyMultipartOptions & object

/** Whether the type of a part is JSON. */
export const isJson = (type: string | undefined) => type?.startsWith('application/json') === true

import { exactJson } from '../exact-json.ts'
import { limits } from '../limits.ts'
import { HttpError } from './errors.ts'

const byteOrderMark = 0xfeff
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a request body as JSON. Throws `HttpError` 400 when it is none (or is not UTF-8), 413 when it nests deeper or has more values than a
 * request may have. An object's own `__proto__` key stays a plain key.
 */
export function parseJson(body: Buffer): unknown {
  return parseWith((text) => JSON.parse(text), body)
}

/** The same, but numbers stay as they were written (`exactJson`), unless there are too many values for that. */
export function parseJsonExactly(body: Buffer): unknown {
  return parseWith((text, values) => (values > limits.exactJsonValues ? JSON.parse(text) : exactJson(text)), body)
}

/** The same for a text within a request, such as a parameter of a query string. */
export function parseJsonText(text: string): unknown {
  checkSize(text)
  try {
    return exactJson(text)
  } catch (error) {
    throw new HttpError(400, `the text is not JSON: ${(error as Error).message}`, { cause: error })
  }
}

function parseWith(parse: (text: string, values: number) => unknown, body: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(body)
  } catch (error) {
    throw new HttpError(400, 'the body is not UTF-8', { cause: error })
  }
  if (text.charCodeAt(0) === byteOrderMark) text = text.slice(1)
  const values = checkSize(text)
  try {
    return parse(text, values)
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${(error as Error).message}`, { cause: error })
  }
}

/** Counts levels and values outside of strings, so that a body which holds too much is refused before it is built. Returns the number of values. */
function checkSize(text: string): number {
  if (text.length <= limits.jsonDepth) return text.length
  let depth = 0
  let values = 1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x7b || code === 0x5b) {
      values++
      if (++depth > limits.jsonDepth) throw new HttpError(413, `the body nests deeper than ${limits.jsonDepth} levels`)
    } else if (code === 0x7d || code === 0x5d) depth--
    else if (code === 0x2c || code === 0x3a) values++
  }
  if (values > limits.jsonValues) throw new HttpError(413, `the body has more than ${limits.jsonValues} JSON values; send it in several requests`)
  return values
}

/** Index of the quote that ends the string which begins at `from`, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return at
  }
  return text.length
}

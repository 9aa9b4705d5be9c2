import { exactJson } from '../jobs/exact-json.ts'
import { HttpError } from './errors.ts'

const maxDepth = 64
const byteOrderMark = 0xfeff
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a request body as JSON. Throws `HttpError` 400 when it is none (or is not UTF-8), 413 when it nests deeper than 64 levels.
 * An object's own `__proto__` key stays a plain key.
 */
export function parseJson(body: Buffer): unknown {
  return parseWith(JSON.parse, body)
}

/** The same, but numbers stay as they were written (`exactJson`); takes several times as long. */
export function parseJsonExactly(body: Buffer): unknown {
  return parseWith(exactJson, body)
}

function parseWith(parse: (text: string) => unknown, body: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(body)
  } catch (error) {
    throw new HttpError(400, 'the body is not UTF-8', { cause: error })
  }
  if (text.charCodeAt(0) === byteOrderMark) text = text.slice(1)
  if (text.length > maxDepth) refuseDeep(text)
  try {
    return parse(text)
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${(error as Error).message}`, { cause: error })
  }
}

/** Counts brackets outside of strings, so that a deep body is refused before it is built. */
function refuseDeep(text: string): void {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) throw new HttpError(413, `the body nests deeper than ${maxDepth} levels`)
    } else if (code === 0x7d || code === 0x5d) depth--
  }
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

import { limits } from '../../base/limits.ts'
import { HttpError } from './errors.ts'

const [ampersand, plus, blank] = [0x26, 0x2b, 0x20]

/** The fields of a form body in their order. Throws `HttpError` 413 when there are more than a request may have. */
export function parseForm(body: Buffer): [string, string][] {
  if (hasMoreFields(body)) throw new HttpError(413, `the form has more than ${limits.fields} fields; send a JSON body instead`)
  return [...new URLSearchParams(decodePlus(body))]
}

/** The parameters of a query string, repeated ones included, and none when the URL has no `?`. */
export const queryOf = (url: string): URLSearchParams => new URLSearchParams(url.slice(url.indexOf('?') + 1 || url.length))

/** Whether a URL has more parameters than a request may have. */
export const hasLongQuery = (url: string): boolean => url.length > limits.fields && hasMoreFields(Buffer.from(url))

function hasMoreFields(bytes: Buffer): boolean {
  let fields = 1
  for (let at = bytes.indexOf(ampersand); at >= 0; at = bytes.indexOf(ampersand, at + 1)) if (++fields > limits.fields) return true
  return false
}

/** The text of a form with each `+` as a space. Replaced as bytes, since replacing them in a text takes 80 ns each. */
export function decodePlus(body: Buffer): string {
  if (!body.includes(plus)) return body.toString('utf8')
  const decoded = Buffer.from(body)
  for (let at = decoded.indexOf(plus); at < decoded.length; at++) if (decoded[at] === plus) decoded[at] = blank
  return decoded.toString('utf8')
}

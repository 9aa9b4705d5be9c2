import { invalid } from '../../../base/errors.ts'

/** SQLite refuses longer patterns of `like`, whatever they are compared with. */
const maxBytes = 50_000
/** Texts that are looked for at once: SQLite refuses expressions that are a thousand levels deep. */
const maxTexts = 200

/** A pattern of `like` as it goes to the database. Throws `invalid` when it is longer than a database takes. */
export function likePattern(pattern: string): string {
  if (Buffer.byteLength(pattern) > maxBytes) throw invalid({ q: [`The text to look for has more than ${maxBytes} bytes`] })
  return pattern
}

/** A text within a pattern of `like`: its signs `\`, `%` and `_` stand for themselves. */
export const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')

/** The pattern of what contains a text. Throws `invalid` when it is longer than a database takes. */
export const containing = (text: string) => likePattern(`%${escapeLike(text)}%`)

/** Refuses more texts than one search may look for. */
export function checkTexts(texts: readonly string[]): readonly string[] {
  if (texts.length > maxTexts) throw invalid({ q: [`Takes at most ${maxTexts} words or texts to look for, got ${texts.length}`] })
  return texts
}

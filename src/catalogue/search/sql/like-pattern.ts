import { invalid } from '../../../base/errors.ts'

/** SQLite refuses longer patterns of `like`, whatever they are compared with. */
const maxBytes = 50_000
/** Texts that are looked for at once: SQLite refuses expressions that are a thousand levels deep. */
const maxTexts = 200

/** A pattern of `like` for the database. Throws `invalid` when it is longer than SQLite allows. */
export function likePattern(pattern: string): string {
  if (Buffer.byteLength(pattern) > maxBytes) throw invalid({ q: [`The text to look for has more than ${maxBytes} bytes: send a shorter one`] })
  return pattern
}

/** Escapes `\`, `%` and `_` in a text for a pattern of `like`. */
export const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')

/** The pattern for values that contain a text. Throws `invalid` when it is longer than SQLite allows. */
export const containing = (text: string) => likePattern(`%${escapeLike(text)}%`)

/** Refuses more texts than one search may look for. */
export function checkTexts(texts: readonly string[]): readonly string[] {
  if (texts.length > maxTexts) throw invalid({ q: [`At most ${maxTexts} words or texts to look for are allowed, got ${texts.length}`] })
  return texts
}

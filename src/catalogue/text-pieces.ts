import { giveDueTurn } from '../store/turns.ts'
import { foldText } from './search/tokenizer.ts'

/** Characters of a text that are folded or split into words at once; the slowest texts take 30 ms. */
const maxPiece = 8192

/** White space: no word crosses it, and it does not affect how its neighbours fold. */
const separator = /[\s、。，！？]/
/** How a character begins that belongs to the one before it: marks, and the second and third parts of Korean syllables. */
const belongsToPrevious = /^[\p{M}\u1160-\u11ff]/u

/**
 * Cuts a text into pieces of at most `max` characters, between words where there is a place, else between characters: folded one by one they
 * give what the whole gives.
 */
export function* textPieces(text: string, max = maxPiece): Generator<string> {
  let from = 0
  while (text.length - from > max) {
    const end = placeToCut(text, from, max)
    yield text.slice(from, end)
    from = end
  }
  yield from === 0 ? text : text.slice(from)
}

function placeToCut(text: string, from: number, max: number): number {
  const [first, last] = [from + Math.ceil(max / 2), from + max]
  for (let at = last; at >= first; at--) if (separator.test(text.charAt(at))) return at
  for (let at = last; at >= first; at--) if (isBeginning(text, at)) return at
  return last
}

/** Whether a cut at this place does not split a character. */
function isBeginning(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  const isSecondHalf = code >= 0xdc00 && code <= 0xdfff
  return !isSecondHalf && !belongsToPrevious.test(String.fromCodePoint(text.codePointAt(at) ?? 0).normalize('NFKD'))
}

/** The same as `foldText`; yields to the event loop in a long text. */
export async function foldInTurns(text: string, max = maxPiece): Promise<string> {
  if (text.length <= max) return foldText(text)
  let folded = ''
  for (const piece of textPieces(text, max)) {
    await giveDueTurn()
    const next = foldText(piece)
    // White space that was cut in two is one blank.
    folded += folded.endsWith(' ') && next.startsWith(' ') ? next.slice(1) : next
  }
  return folded
}

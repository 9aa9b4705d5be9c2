import { endOfString } from '../../../base/json-size.ts'
import { giveDueTurn } from '../../../store/turns.ts'

/** Characters of JSON that are parsed at once. */
const maxPiece = 32_768
/** Maximum levels at which a value is split: each level scans the text once more. */
const maxLevels = 6

/** The text cannot be split; the parser then reads, or refuses, the whole text. */
class Unclear extends Error {}

/**
 * Parses a JSON text part by part, so that a large one does not block the event loop. `parse` reads any JSON value. Throws what it
 * throws for the whole text.
 */
export async function parseInTurns(text: string, parse: (text: string) => unknown): Promise<unknown> {
  if (text.length <= maxPiece) return parse(text)
  try {
    return await parseValue(text, parse, 0)
  } catch (error) {
    if (error instanceof Unclear || error instanceof SyntaxError) return parse(text)
    throw error
  }
}

async function parseValue(text: string, parse: (text: string) => unknown, level: number): Promise<unknown> {
  await giveDueTurn()
  const kind = /^[ \t\r\n]*([[{]?)/.exec(text)?.[1]
  if (text.length <= maxPiece || level === maxLevels || !kind) return parse(text)
  const parts = partsOf(text)
  return kind === '[' ? parseList(parts, parse, level) : parseObject(parts, parse, level)
}

async function parseList(parts: readonly string[], parse: (text: string) => unknown, level: number): Promise<unknown[]> {
  const list: unknown[] = []
  for (const part of parts) {
    await giveDueTurn()
    if (part.length > maxPiece) list.push(await parseValue(part, parse, level + 1))
    else for (const one of parse(`[${part}]`) as unknown[]) list.push(one)
  }
  return list
}

/** A duplicate key has its last value, at its first position; `__proto__` is an ordinary key. */
async function parseObject(parts: readonly string[], parse: (text: string) => unknown, level: number): Promise<object> {
  const members = new Map<string, unknown>()
  for (const part of parts) {
    await giveDueTurn()
    const [, key] = (part.length > maxPiece && /^[ \t\r\n]*("(?:[^"\\]|\\.){0,1000}")[ \t\r\n]*:/.exec(part)) || []
    if (key === undefined) for (const [name, value] of Object.entries(parse(`{${part}}`) as object)) members.set(name, value)
    else members.set(JSON.parse(key) as string, await parseValue(part.slice(part.indexOf(':', part.indexOf(key) + key.length) + 1), parse, level + 1))
  }
  return Object.fromEntries(members)
}

/** Splits the content of a list or object at commas: large entries alone, small ones together. Throws `Unclear`. */
function partsOf(text: string): string[] {
  const parts: string[] = []
  const from = text.search(/[[{]/)
  let [level, begin, comma] = [0, from + 1, -1]
  const cut = (at: number) => {
    parts.push(text.slice(begin, at))
    begin = at + 1
  }
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x7b || code === 0x5b) level++
    else if (code === 0x7d || code === 0x5d) {
      if (--level > 0) continue
      if (comma >= begin && at - begin > maxPiece) cut(comma)
      cut(at)
      checkEnds(text, from, at)
      if (parts.length > 1 && parts.some(isBlank)) throw new Unclear()
      return parts
    } else if (code === 0x2c && level === 1) {
      if (comma >= begin && at - begin > maxPiece) cut(comma)
      comma = at
      if (at - begin > maxPiece / 2) cut(at)
    }
  }
  throw new Unclear()
}

/** Checks that the closing bracket matches the opening one, and that nothing follows it. */
function checkEnds(text: string, from: number, to: number): void {
  const isPair = text.charCodeAt(to) - text.charCodeAt(from) === 2
  if (!isPair || !isBlank(text.slice(to + 1))) throw new Unclear()
}

const isBlank = (text: string) => /^[ \t\r\n]*$/.test(text)

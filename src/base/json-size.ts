/** The size of a JSON text, as counts. */
export interface JsonSize {
  /** Levels of nested objects and lists. */
  readonly depth: number
  /** Number of objects, lists, keys and plain values together. */
  readonly values: number
  /** Number of keys of the object that has the most. */
  readonly keys: number
}

/**
 * Counts the values of a JSON text without building them, which costs little even for hostile texts. Stops where the text nests deeper than
 * `maxDepth`. For a text that is not JSON the counts are meaningless.
 */
export function measureJson(text: string, maxDepth: number): JsonSize {
  const keysOf = new Array<number>(maxDepth + 2).fill(0)
  let [level, depth, values, keys] = [0, 0, 1, 0]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x2c) values++
    else if (code === 0x3a) {
      values++
      const count = (keysOf[level] ?? 0) + 1
      keysOf[level] = count
      if (count > keys) keys = count
    } else if (code === 0x7b || code === 0x5b) {
      values++
      if (++level > depth) depth = level
      if (level > maxDepth) break
      keysOf[level] = 0
    } else if ((code === 0x7d || code === 0x5d) && level > 0) level--
  }
  return { depth, values, keys }
}

/** The numbers of a JSON text as they are written, without those inside strings. */
export function* numbersOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      number.lastIndex = at
      const found = number.exec(text)?.[0]
      if (found === undefined) continue
      yield found
      at += found.length - 1
    }
  }
}

const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Index of the quote that ends the string which begins at `from`, or the end of the text. */
export function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return at
  }
  return text.length
}

/** Compares texts by code point, as both databases do. JavaScript compares by UTF-16 unit. */
export function compareTexts(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let at = 0; at < length; at++) {
    const [left, right] = [one.charCodeAt(at), other.charCodeAt(at)]
    if (left !== right) return codeOrder(left) - codeOrder(right)
  }
  return one.length - other.length
}

/** Surrogates encode code points above U+FFFF, which sort after all others. */
const codeOrder = (unit: number) => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000)

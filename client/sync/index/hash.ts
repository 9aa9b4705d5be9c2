/** 64 bits, as two unsigned 32-bit numbers. */
export interface Hash {
  lo: number
  hi: number
}

/** A random seed, so that a source cannot prepare two ids with the same hash. */
export function randomSeed(): Hash {
  const [lo = 0, hi = 0] = crypto.getRandomValues(new Uint32Array(2))
  return { lo, hi }
}

/** A hash for tables that live as long as one run. It is not a cryptographic one. */
export function hashText(text: string, seed: Hash): Hash {
  let lo = seed.lo ^ text.length
  let hi = seed.hi
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    lo = rotate(Math.imul(lo ^ unit, 0x9e3779b1), 13)
    hi = rotate(Math.imul(hi ^ unit ^ (lo >>> 15), 0x7feb352d), 17)
  }
  lo = finish(lo ^ Math.imul(hi, 0x846ca68b))
  hi = finish(hi ^ Math.imul(lo, 0xc2b2ae35))
  return { lo: lo >>> 0, hi: hi >>> 0 }
}

const rotate = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits))

/** Lets every bit of the word depend on every other one. */
function finish(word: number): number {
  const first = Math.imul(word ^ (word >>> 16), 0x7feb352d)
  const second = Math.imul(first ^ (first >>> 15), 0x846ca68b)
  return second ^ (second >>> 16)
}

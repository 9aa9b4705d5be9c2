import { UnreadableTable } from './faults.ts'

const startSlots = 1 << 12
/** Takes 134 MB of slots. More values do not fit into the memory of a pipeline. */
const maxValues = 10_000_000

/**
 * Records texts by two independent 32-bit hashes, in 8 to 16 bytes each, whatever their length.
 * Among a million different texts, the chance that two count as equal is one in ten million.
 */
export class UniqueValues {
  #slots = new Uint32Array(2 * startSlots)
  #count = 0

  /** Records a text; false if it was recorded before. Throws `UnreadableTable` above ten million texts. */
  add(text: string): boolean {
    let high = 0x811c9dc5
    let low = 0x9747b28c
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      high = Math.imul(high ^ code, 0x01000193)
      low = Math.imul(low ^ code, 0x5bd1e995)
      low ^= low >>> 15
    }
    // A pair of zeros marks a free slot.
    const isNew = this.#put(mix(high), mix(low ^ text.length) || 1)
    if (isNew && ++this.#count * 2 > this.#slots.length / 2) this.#grow()
    return isNew
  }

  #put(high: number, low: number): boolean {
    const slots = this.#slots
    const mask = slots.length / 2 - 1
    let slot = high & mask
    while (slots[2 * slot + 1] !== 0) {
      if (slots[2 * slot] === high && slots[2 * slot + 1] === low) return false
      slot = (slot + 1) & mask
    }
    slots[2 * slot] = high
    slots[2 * slot + 1] = low
    return true
  }

  #grow(): void {
    if (this.#count >= maxValues) throw new UnreadableTable(`uniqueness can be checked for at most ${maxValues} rows`)
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at + 1] ?? 0
      if (low !== 0) this.#put(old[at] ?? 0, low)
    }
  }
}

/** Spreads a hash over all its bits, as an unsigned number. */
function mix(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return (twice ^ (twice >>> 16)) >>> 0
}

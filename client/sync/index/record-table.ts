import type { Hash } from './hash.ts'

/** What is known of one dataset, packed into 48 bytes. */
const WORDS = { key: 0, id: 2, base: 6, format: 8, mimetype: 9, other: 10, state: 11, size: 12 }
/** The last word: a number of a set of groups, and flags above it. */
const GROUPS_BITS = 24
const GROUPS_MASK = 2 ** GROUPS_BITS - 1
const ENTRIES_PER_CHUNK = 4096
const FIRST_SLOTS = 1024
const MAX_LOAD = 0.7

/** Facts about an entry. */
export const FLAG = {
  /** The catalogue has it. */
  stored: 1,
  /** The source has it, so that it has not vanished. */
  present: 2,
  /** The run has met it in the source. */
  seen: 4,
  /** The source says that it was deleted. */
  deleted: 8,
  /** It has an organization. */
  owned: 16,
  /** Its title is its name. */
  untitled: 32,
} as const

/** Hashes of what a dataset holds; a column is 0 where no resource has anything in it. */
export interface Fingerprint {
  base: Hash
  format: number
  mimetype: number
  other: number
}

/** A hash table of fixed-size entries in typed arrays: a million datasets take about 60 MB, and nothing for the garbage collector to walk through.
 * Entries have numbers from 0 in the order of their arrival. */
export class RecordTable {
  readonly #chunks: Uint32Array[] = []
  /** Number of an entry plus 1; 0 is free. */
  #slots = new Uint32Array(FIRST_SLOTS)
  #slotsUsed = 0
  #size = 0
  /** Ids that are no UUID in the usual form. */
  readonly #strangeIds = new Map<number, string>()

  /** Number of entries. */
  get size(): number {
    return this.#size
  }

  /** The entry with this key; undefined if there is none. */
  find(key: Hash): number | undefined {
    const found = this.#slots[this.#slotOf(key)] ?? 0
    return found === 0 ? undefined : found - 1
  }

  /** Adds an entry that `find` finds. The key must be new. */
  add(key: Hash): number {
    if (this.#slotsUsed >= this.#slots.length * MAX_LOAD) this.#grow()
    const entry = this.append(key)
    this.#slots[this.#slotOf(key)] = entry + 1
    this.#slotsUsed++
    return entry
  }

  /** Adds an entry that only its number leads to. */
  append(key: Hash): number {
    const entry = this.#size++
    if (entry % ENTRIES_PER_CHUNK === 0) this.#chunks.push(new Uint32Array(ENTRIES_PER_CHUNK * WORDS.size))
    this.#write(entry, WORDS.key, [key.lo, key.hi])
    return entry
  }

  has(entry: number, flag: number): boolean {
    return ((this.#word(entry, WORDS.state) >>> GROUPS_BITS) & flag) !== 0
  }

  set(entry: number, flag: number): void {
    this.#write(entry, WORDS.state, [this.#word(entry, WORDS.state) | (flag << GROUPS_BITS)])
  }

  /** The number of the entry's set of groups. */
  groupsOf(entry: number): number {
    return this.#word(entry, WORDS.state) & GROUPS_MASK
  }

  setGroups(entry: number, groups: number): void {
    this.#write(entry, WORDS.state, [(this.#word(entry, WORDS.state) & ~GROUPS_MASK) | groups])
  }

  idOf(entry: number): string {
    return this.#strangeIds.get(entry) ?? formatUuid([0, 1, 2, 3].map((at) => this.#word(entry, WORDS.id + at)))
  }

  setId(entry: number, id: string): void {
    const words = parseUuid(id)
    if (words) this.#write(entry, WORDS.id, words)
    else this.#strangeIds.set(entry, id)
  }

  fingerprintOf(entry: number): Fingerprint {
    const [lo, hi, format, mimetype, other] = [0, 1, 2, 3, 4].map((at) => this.#word(entry, WORDS.base + at)) as [
      number,
      number,
      number,
      number,
      number,
    ]
    return { base: { lo, hi }, format, mimetype, other }
  }

  setFingerprint(entry: number, { base, format, mimetype, other }: Fingerprint): void {
    this.#write(entry, WORDS.base, [base.lo, base.hi, format, mimetype, other])
  }

  #word(entry: number, at: number): number {
    return this.#chunks[Math.floor(entry / ENTRIES_PER_CHUNK)]?.[(entry % ENTRIES_PER_CHUNK) * WORDS.size + at] ?? 0
  }

  #write(entry: number, at: number, words: number[]): void {
    this.#chunks[Math.floor(entry / ENTRIES_PER_CHUNK)]?.set(words, (entry % ENTRIES_PER_CHUNK) * WORDS.size + at)
  }

  /** The slot of the key, or the free one where it belongs. */
  #slotOf({ lo, hi }: Hash): number {
    const mask = this.#slots.length - 1
    for (let slot = lo & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot] ?? 0
      if (found === 0) return slot
      if (this.#word(found - 1, WORDS.key) === lo && this.#word(found - 1, WORDS.key + 1) === hi) return slot
    }
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Uint32Array(before.length * 2)
    for (const found of before) {
      if (found === 0) continue
      const key = { lo: this.#word(found - 1, WORDS.key), hi: this.#word(found - 1, WORDS.key + 1) }
      this.#slots[this.#slotOf(key)] = found
    }
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function parseUuid(text: string): number[] | undefined {
  if (!UUID.test(text)) return undefined
  const digits = text.replaceAll('-', '')
  return [0, 8, 16, 24].map((at) => Number.parseInt(digits.slice(at, at + 8), 16))
}

function formatUuid(words: number[]): string {
  const digits = words.map((word) => word.toString(16).padStart(8, '0')).join('')
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-')
}

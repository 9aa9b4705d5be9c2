import { grown } from './order.ts'

/** The values that datasets have in one field: each different value once, and for each dataset the numbers of its values. */
export class Column {
  /** By value number; 0 is unused. */
  readonly values: string[] = ['']
  /** Characters of all values. */
  characters = 0
  readonly #numbers = new Map<string, number>()
  #from: Uint32Array = new Uint32Array(0)
  #count: Uint32Array = new Uint32Array(0)
  #pool: Uint32Array = new Uint32Array(64)
  #used = 0
  #waste = 0

  numberOf(value: string): number | undefined {
    return this.#numbers.get(value)
  }

  /** Replaces the values of a dataset; they must be unique. */
  set(no: number, values: readonly string[]): void {
    if (no >= this.#from.length) {
      if (values.length === 0) return
      this.#from = grown(this.#from, no + 1)
      this.#count = grown(this.#count, no + 1)
    }
    const [from, count] = [this.#from[no] ?? 0, this.#count[no] ?? 0]
    // The old place is used again when it is wide enough.
    const start = values.length <= count ? from : this.#reserve(values.length)
    if (values.length > count) this.#waste += count
    else this.#waste += count - values.length
    for (const [at, value] of values.entries()) this.#pool[start + at] = this.#number(value)
    this.#from[no] = start
    this.#count[no] = values.length
    if (this.#waste > 10_000 && this.#waste > this.#used / 2) this.#compact()
  }

  /** Whether a dataset has one of these values. */
  hasAny(no: number, numbers: ReadonlySet<number>): boolean {
    const [from, count] = [this.#from[no] ?? 0, this.#count[no] ?? 0]
    for (let at = from; at < from + count; at++) if (numbers.has(this.#pool[at] ?? 0)) return true
    return false
  }

  /** How many of the datasets have each value, by value number. */
  count(nos: Uint32Array): Uint32Array {
    const counts = new Uint32Array(this.values.length)
    const [froms, lengths, pool] = [this.#from, this.#count, this.#pool]
    for (let place = 0; place < nos.length; place++) {
      const no = nos[place] as number
      const from = froms[no]
      if (from === undefined) continue
      const end = from + (lengths[no] as number)
      for (let at = from; at < end; at++) (counts[pool[at] as number] as number)++
    }
    return counts
  }

  #number(value: string): number {
    const known = this.#numbers.get(value)
    if (known !== undefined) return known
    this.#numbers.set(value, this.values.length)
    this.characters += value.length
    return this.values.push(value) - 1
  }

  #reserve(length: number): number {
    const start = this.#used
    this.#used += length
    if (this.#used > this.#pool.length) this.#pool = grown(this.#pool, this.#used)
    return start
  }

  #compact(): void {
    const pool = new Uint32Array(Math.ceil((this.#used - this.#waste) * 1.25) + 64)
    let used = 0
    for (let no = 0; no < this.#from.length; no++) {
      const [from, count] = [this.#from[no] ?? 0, this.#count[no] ?? 0]
      pool.set(this.#pool.subarray(from, from + count), used)
      this.#from[no] = used
      used += count
    }
    this.#pool = pool
    this.#used = used
    this.#waste = 0
  }
}

/** The number of a set that was not kept. */
const UNKNOWN = 0
const MAX_IDS = 200_000

/** Numbers for sets of groups. The datasets of a catalogue share a handful of sets, so that each is kept once. */
export class GroupSets {
  readonly #numbers = new Map<string, number>()
  readonly #sets: ReadonlySet<string>[] = [new Set()]
  #ids = 0

  /** The number of a set of ids; 0 when too many sets are kept already. */
  numberOf(ids: readonly string[]): number {
    const key = JSON.stringify([...ids].sort())
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#ids += ids.length + 1
    if (this.#ids > MAX_IDS) return UNKNOWN
    this.#numbers.set(key, this.#sets.length)
    return this.#sets.push(new Set(ids)) - 1
  }

  /** Whether all ids are known to be in the set of this number. */
  holds(number: number, ids: readonly string[]): boolean {
    const set = this.#sets[number]
    return number !== UNKNOWN && set !== undefined && ids.every((id) => set.has(id))
  }
}

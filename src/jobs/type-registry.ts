import { compareTexts } from '../base/code-points.ts'
/** Everything that can be run here, by name. Two of one name are refused when the registry is made. */
export class TypeRegistry<T extends { readonly name: string }> {
  readonly #byName: ReadonlyMap<string, T>

  constructor(types: readonly T[]) {
    const byName = new Map<string, T>()
    for (const type of types) {
      if (byName.has(type.name)) throw new Error(`two job types have the name ${type.name}; rename one of them`)
      byName.set(type.name, type)
    }
    this.#byName = byName
  }

  find(name: string): T | undefined {
    return this.#byName.get(name)
  }

  /** All of them, in the order of their names. */
  list(): T[] {
    return [...this.#byName.values()].sort((a, b) => compareTexts(a.name, b.name))
  }
}

import type { Catalogue, GroupKind } from './catalogue.ts'
import { SyncFault } from './fault.ts'

/** Names and ids that are kept; the oldest give way. */
const MAX_KEPT = 20_000
const UNKNOWN = { group: 'UNKNOWN_GROUP', organization: 'UNKNOWN_ORGANIZATION' } as const

/** Turns the names that a source gives groups and organizations into the ids that the catalogue gives them. */
export class References {
  readonly #catalogue: Catalogue
  readonly #kept = { group: new Map<string, Promise<string | null>>(), organization: new Map<string, Promise<string | null>>() }

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue
  }

  /** Remembers an id. In a dry run a name that does not exist yet is used as its own id. */
  learn(kind: GroupKind, name: string, id: string | null): void {
    this.#kept[kind].set(name, Promise.resolve(id ?? name))
  }

  /** The id for a name or id.
   * @throws SyncFault UNKNOWN_GROUP or UNKNOWN_ORGANIZATION; CkanError if the catalogue cannot say.
   */
  async resolve(kind: GroupKind, ref: string): Promise<string> {
    const kept = this.#kept[kind]
    const id = await (kept.get(ref) ?? this.#lookUp(kind, ref))
    if (id !== null) return id
    throw new SyncFault(UNKNOWN[kind], `the ${kind} ${JSON.stringify(ref)} is neither in the source nor in the catalogue`)
  }

  /** Asks once, however many records wait for the answer. An answer that did not come is asked for again. */
  #lookUp(kind: GroupKind, ref: string): Promise<string | null> {
    const kept = this.#kept[kind]
    const answer = this.#catalogue.findGroup(kind, ref).then((found) => {
      return found && (found['state'] ?? 'active') === 'active' && typeof found['id'] === 'string' ? found['id'] : null
    })
    kept.set(ref, answer)
    answer.catch(() => kept.delete(ref))
    const [oldest] = kept.size > MAX_KEPT ? kept.keys() : []
    if (oldest !== undefined) kept.delete(oldest)
    return answer
  }
}

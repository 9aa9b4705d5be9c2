import { lastChange, listChanges } from '../../store/changes.ts'
import type { Db, Store } from '../../store/store.ts'
import { isUuid } from '../field-reader.ts'
import { findKept, type KeptDataset } from './store.ts'

/** Characters of finished texts that one process keeps in memory. */
const maxCachedChars = 24_000_000
/** With this many changes at once it is cheaper to clear the cache. */
const maxChanges = 500

/**
 * A cache of the datasets that were shown last. Before each use it asks the database whether there was a commit since, and removes the datasets
 * that the change feed names. So it never returns an outdated dataset.
 */
class DatasetCache {
  readonly #byId = new Map<string, KeptDataset>()
  readonly #idByName = new Map<string, string>()
  #characters = 0
  #version = -1
  #changeNo = 0

  /** `version` is the store's version at this call. */
  async find(db: Db, ref: string, version: number): Promise<KeptDataset | undefined> {
    if (version !== this.#version) await this.#catchUp(db, version)
    const id = isUuid(ref) ? ref : this.#idByName.get(ref)
    const known = id === undefined ? undefined : this.#byId.get(id)
    if (known) return known
    const seen = this.#changeNo
    const found = await findKept(db, ref)
    // Another call may have read newer changes meanwhile; then this result may be outdated and is not cached.
    if (found && seen === this.#changeNo) this.#keep(found)
    return found
  }

  async #catchUp(db: Db, version: number): Promise<void> {
    const isFirst = this.#version === -1
    const changes = isFirst ? [] : await listChanges(db, this.#changeNo, maxChanges)
    if (isFirst || changes.length === maxChanges) {
      this.#clear()
      this.#changeNo = await lastChange(db)
    }
    for (const { no, id } of changes) {
      this.#drop(id)
      this.#changeNo = Math.max(this.#changeNo, no)
    }
    this.#version = version
  }

  #keep(dataset: KeptDataset): void {
    if (this.#characters > maxCachedChars) this.#clear()
    if (this.#byId.has(dataset.id)) return
    this.#byId.set(dataset.id, dataset)
    // A ref that looks like an id is looked up as an id first, so a name of that form is not cached.
    if (!isUuid(dataset.name)) this.#idByName.set(dataset.name, dataset.id)
    this.#characters += dataset.document.length
  }

  #drop(id: string): void {
    const dataset = this.#byId.get(id)
    if (!dataset) return
    this.#byId.delete(id)
    this.#idByName.delete(dataset.name)
    this.#characters -= dataset.document.length
  }

  #clear(): void {
    this.#byId.clear()
    this.#idByName.clear()
    this.#characters = 0
  }
}

const caches = new WeakMap<Db, DatasetCache>()

/** `findKept` with a cache, if the store can cheaply detect that nothing has changed. */
export async function findRemembered(store: Pick<Store, 'db' | 'version'>, ref: string): Promise<KeptDataset | undefined> {
  const { db } = store
  const version = store.version()
  if (version === undefined) return findKept(db, ref)
  let cache = caches.get(db)
  if (!cache) {
    cache = new DatasetCache()
    caches.set(db, cache)
  }
  return cache.find(db, ref, version)
}

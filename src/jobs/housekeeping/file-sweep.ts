import { mkdir, utimes } from 'node:fs/promises'
import type { FileStore } from '../../store/files/file-store.ts'
import { listUnnamed } from '../../store/files/named-file-store.ts'
import type { Store } from '../../store/store.ts'

/** What is younger may belong to a row that is about to be written. */
const oldMs = 86_400_000
/** Files that are asked for at once. */
const batch = 200

/** Removes files that nobody needs any more. */
export class FileSweep {
  readonly #store: Store
  readonly #files: FileStore
  /** Files that no row named at the last look. */
  #unnamed: ReadonlySet<string> = new Set()

  constructor(parts: { store: Store; files: FileStore }) {
    this.#store = parts.store
    this.#files = parts.files
  }

  /**
   * Removes files older than a day that no row names, now and at the last look: what one row has ceased to name, another one may be
   * about to. Then what killed processes have left half written. `own` is the work folder of this process, which stays. Returns how many files went.
   */
  async run(own: string): Promise<number> {
    const unnamed = new Set<string>()
    let removed = 0
    let asked: string[] = []
    const look = async () => {
      for (const digest of await listUnnamed(this.#store.db, this.#store.dialect, asked)) {
        if (!this.#unnamed.has(digest)) unnamed.add(digest)
        else if (await this.#files.removeOld(digest, oldMs)) removed++
      }
      asked = []
    }
    for await (const digest of this.#files.listOld(oldMs)) {
      asked.push(digest)
      if (asked.length >= batch) await look()
    }
    if (asked.length > 0) await look()
    this.#unnamed = unnamed
    await keepYoung(own)
    await this.#files.clearWork(oldMs)
    return removed
  }
}

/** Work folders of processes that live are young: each of them sees to that. */
async function keepYoung(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await utimes(folder, new Date(), new Date())
}

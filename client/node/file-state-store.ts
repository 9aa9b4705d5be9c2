import { open, readFile, rename, rm } from 'node:fs/promises'
import { isRecord, type PlainRecord } from '../record.ts'
import type { StateStore } from '../sync/state.ts'

/** Keeps the state of runs in one JSON file, all keys together. A write replaces the file as a whole, so that a crash leaves the old one or the new one.
 * One program at a time may use a file.
 */
export class FileStateStore implements StateStore {
  readonly #path: string
  #turn: Promise<unknown> = Promise.resolve()

  /** The folder of the file must exist; the file need not. */
  constructor(path: string) {
    if (typeof path !== 'string' || path === '') throw new TypeError('the path of the state file must be a text that is not empty')
    this.#path = path
  }

  async get(key: string): Promise<unknown> {
    const values = await this.#inTurn(() => this.#read())
    return values.get(key)
  }

  set(key: string, value: PlainRecord): Promise<void> {
    return this.#change((values) => values.set(key, value))
  }

  delete(key: string): Promise<void> {
    return this.#change((values) => values.delete(key))
  }

  #change(change: (values: Map<string, unknown>) => void): Promise<void> {
    return this.#inTurn(async () => {
      const values = await this.#read()
      change(values)
      await replaceFile(this.#path, `${JSON.stringify(Object.fromEntries(values), undefined, 2)}\n`)
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #read(): Promise<Map<string, unknown>> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}'
      throw error
    })
    const values = parseObject(text)
    if (!values) throw new Error(`${this.#path} is not a state file: it must hold one JSON object; delete it to begin anew`)
    return new Map(Object.entries(values))
  }
}

function parseObject(text: string): PlainRecord | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`
  try {
    const file = await open(draft, 'w')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

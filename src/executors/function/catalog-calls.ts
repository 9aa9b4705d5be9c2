import type { CatalogAnswer } from '../../jobs/executor.ts'
import { type Catalog, CatalogError } from '../../jobs/functions/define.ts'
import type { FromChild } from './child-message.ts'
import { maxCalls, maxLineBytes } from './child-protocol.ts'

interface Waiting {
  readonly resolve: (json: string) => void
  readonly reject: (error: CatalogError) => void
}

const never = new Promise<never>(() => undefined)

/** The child's side of `ctx.catalog`: calls go over the line to the hub, and their answers come back by number. */
export class CatalogCalls {
  readonly #send: (line: string) => void
  readonly #waiting = new Map<number, Waiting>()
  /** Calls that wait for a place, in order. */
  readonly #queue: (() => void)[] = []
  #last = 0

  /** `send` puts a line on its way. */
  constructor(send: (line: string) => void) {
    this.#send = send
  }

  /** The catalogue of one attempt; `isOver`: the attempt has ended, and answers to it are dropped. */
  catalogOf(isOver: () => boolean): Catalog {
    return {
      action: async (name, input = {}) => {
        if (this.#waiting.size >= maxCalls) await new Promise<void>((resolve) => this.#queue.push(resolve))
        if (isOver()) return never
        return JSON.parse(await this.#call(name, input))
      },
    }
  }

  /** An answer has come. Those for attempts that are over are dropped. */
  receive(id: number, answer: CatalogAnswer): void {
    const waiting = this.#waiting.get(id)
    if (!waiting) return
    this.#leave(id)
    if ('json' in answer) waiting.resolve(answer.json)
    else waiting.reject(new CatalogError(answer.error.code, answer.error.message, answer.error.fields))
  }

  /**
   * Drops the calls of an attempt that is over, without rejecting them: a rejection that nothing catches would end this process,
   * and with it the next attempt.
   */
  forget(): void {
    this.#waiting.clear()
    this.#queue.length = 0
  }

  #call(name: string, input: Readonly<Record<string, unknown>>): Promise<string> {
    const id = ++this.#last
    const line = JSON.stringify({ op: 'call', id, action: String(name), input: JSON.stringify(input) } satisfies FromChild)
    if (Buffer.byteLength(line) > maxLineBytes - 1) throw new CatalogError('invalid', `the input of ${name} is too large`)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#send(`${line}\n`)
    })
  }

  #leave(id: number): void {
    this.#waiting.delete(id)
    this.#queue.shift()?.()
  }
}

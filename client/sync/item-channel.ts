import type { SyncItem } from './report.ts'

/** Passes items from a run to a consumer. When the buffer is full, the run waits. */
export class ItemChannel {
  readonly #items: SyncItem[] = []
  readonly #capacity: number
  #isOver = false
  #wake: (() => void)[] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Resolves when the item is in the buffer, or the channel is closed. */
  async put(item: SyncItem): Promise<void> {
    while (this.#items.length >= this.#capacity && !this.#isOver) await this.#change()
    if (this.#isOver) return
    this.#items.push(item)
    this.#notify()
  }

  /** The next item; null when the channel is closed and empty. */
  async take(): Promise<SyncItem | null> {
    while (this.#items.length === 0 && !this.#isOver) await this.#change()
    const item = this.#items.shift() ?? null
    this.#notify()
    return item
  }

  /** Ends the channel: what is in it can still be taken. */
  close(): void {
    this.#isOver = true
    this.#notify()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #notify(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }
}

import type { SyncItem } from './report.ts'

/** Hands items from a run to one who iterates over them. When too many wait, the run waits. */
export class ItemChannel {
  readonly #items: SyncItem[] = []
  readonly #capacity: number
  #isOver = false
  #wake: (() => void)[] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Resolves when there is room for the item, or nobody takes items any more. */
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

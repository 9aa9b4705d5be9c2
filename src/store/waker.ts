import type { Channel } from './store.ts'

export const channels: readonly Channel[] = ['jobs', 'finished', 'cancelled', 'callbacks']

/** Calls listeners of channels, at most once a loop turn each: a group commit that wakes a channel 32 times calls it once. */
export class Waker {
  readonly #listeners = new Map<Channel, Set<() => void>>(channels.map((channel) => [channel, new Set()]))
  readonly #due = new Set<Channel>()

  listen(channel: Channel, listener: () => void): () => void {
    const listeners = this.#listeners.get(channel) as Set<() => void>
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  wake(woken: Iterable<Channel>): void {
    for (const channel of woken) {
      if (this.#due.size === 0) setImmediate(() => this.#callDue())
      this.#due.add(channel)
    }
  }

  wakeAll(): void {
    this.wake(channels)
  }

  #callDue(): void {
    const due = [...this.#due]
    this.#due.clear()
    for (const channel of due) for (const listener of this.#listeners.get(channel) ?? []) listener()
  }
}

import type { Channel, Listener } from './store.ts'

export const channels: readonly Channel[] = ['jobs', 'work', 'sync', 'finished', 'posted', 'cancelled', 'callbacks']

/** The channels to wake, each with its ids. Undefined: at least one wake named no id. */
export type Wakes = Map<Channel, Set<string> | undefined>

/** Adds ids to the wake of a channel. */
export function addWake(wakes: Wakes, channel: Channel, ids: Iterable<string> | undefined): void {
  const known = wakes.get(channel)
  if (!ids || (wakes.has(channel) && !known)) wakes.set(channel, undefined)
  else if (known) for (const id of ids) known.add(id)
  else wakes.set(channel, new Set(ids))
}

/** Calls listeners of channels, at most once a loop turn each: a group commit that wakes a channel 32 times calls it once. */
export class Waker {
  readonly #listeners = new Map<Channel, Set<Listener>>(channels.map((channel) => [channel, new Set()]))
  #due: Wakes = new Map()

  listen(channel: Channel, listener: Listener): () => void {
    const listeners = this.#listeners.get(channel) as Set<Listener>
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  wake(woken: Wakes): void {
    for (const [channel, ids] of woken) {
      if (this.#due.size === 0) setImmediate(() => this.#callDue())
      addWake(this.#due, channel, ids)
    }
  }

  /** Wakes all listeners without ids: any row may have changed. */
  wakeAll(): void {
    this.wake(new Map(channels.map((channel) => [channel, undefined])))
  }

  #callDue(): void {
    const due = this.#due
    this.#due = new Map()
    for (const [channel, ids] of due) for (const listener of this.#listeners.get(channel) ?? []) listener(ids)
  }
}

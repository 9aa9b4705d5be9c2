import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from 'pg'
import type { Logger } from 'pino'
import { pauseMs } from '../../base/retry.ts'
import type { Channel, Listener } from '../store.ts'
import { channels, Waker, type Wakes } from '../waker.ts'

const notifyName = 'millrace'
const joinWithinMs = 10
const pauses = { firstMs: 100, maxMs: 10_000 }

/** Wakes listeners of this process at once and other processes by NOTIFY: one notification for all wakes of ten milliseconds. */
export class PostgresWaker {
  readonly #local = new Waker()
  readonly #connect: () => Client
  readonly #log: Logger
  readonly #due = new Set<Channel>()
  #client: Client | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(connect: () => Client, log: Logger) {
    this.#connect = connect
    this.#log = log
  }

  listen(channel: Channel, listener: Listener): () => void {
    return this.#local.listen(channel, listener)
  }

  wake(woken: Wakes): void {
    if (woken.size === 0) return
    this.#local.wake(woken)
    for (const channel of woken.keys()) this.#due.add(channel)
    this.#notifySoon()
  }

  async start(): Promise<void> {
    const client = this.#connect()
    client.on('error', (error) => this.#log.warn({ err: error }, 'the listening connection was lost'))
    await client.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    client.on('notification', (message) => {
      // Ignore the notifications of this process: its listeners have been woken already, with all ids.
      if (message.processId === rows[0]?.pid) return
      const named = new Set((message.payload ?? '').split(','))
      this.#local.wake(new Map(channels.filter((channel) => named.has(channel)).map((channel) => [channel, undefined])))
    })
    await client.query(`listen ${notifyName}`)
    this.#client = client
    client.on('end', () => void this.#reconnect())
    // Listeners look for what was committed while this process did not listen.
    this.#local.wakeAll()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => undefined)
  }

  async #reconnect(): Promise<void> {
    this.#client = undefined
    for (let tries = 0; !this.#closed; tries++) {
      await pause(pauseMs(pauses, tries), undefined, { ref: false })
      if (this.#closed) return
      try {
        return await this.start()
      } catch (error) {
        this.#log.warn({ err: error }, 'could not listen for wakes of other processes; will retry')
      }
    }
  }

  async #notify(): Promise<void> {
    const payload = [...this.#due].join(',')
    this.#due.clear()
    try {
      await this.#client?.query('select pg_notify($1, $2)', [notifyName, payload])
    } catch (error) {
      // After a lost notification, other processes find the change at their next poll.
      this.#log.warn({ err: error }, 'could not notify other processes; they find the change at their next poll')
    }
    this.#timer = undefined
    if (this.#due.size > 0 && !this.#closed) this.#notifySoon()
  }

  /** One notification at a time: wakes that arrive while one is being sent are added to the next. */
  #notifySoon(): void {
    this.#timer ??= setTimeout(() => void this.#notify(), joinWithinMs)
  }
}

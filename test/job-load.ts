import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { startReceiver } from '../src/jobs/testing/receiver.ts'

// A crowd of submitters for tests that break things meanwhile. Each submits a job, waits until its result is posted, and submits the next.

/** A job type that the submitters use, and what it makes of a text. */
export interface LoadType {
  readonly name: string
  readonly result: (data: string) => string
}

/** A job that the hub has accepted. */
export interface Accepted {
  readonly id: string
  readonly key: string
  readonly type: LoadType
  readonly data: string
  /** How often the request was sent until it was answered. */
  readonly sendings: number
}

/** One posted result. */
export interface Delivery {
  readonly webhookId: string
  readonly body: Record<string, unknown>
}

export interface LoadOptions {
  readonly types: readonly LoadType[]
  readonly submitters: number
  /** Where the hub listens, as soon as it does. */
  readonly url: () => Promise<string>
  readonly random: () => number
}

type Receiver = Awaited<ReturnType<typeof startReceiver>>

/** How long nothing may happen. */
const patienceMs = 90_000

/** Random numbers from 0 to 1 that a seed makes again (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Submissions in flight, what was accepted, what was posted. */
export class JobLoad {
  readonly accepted = new Map<string, Accepted>()
  readonly deliveries = new Map<string, Delivery[]>()
  /** Answers that were no acceptance: status and error text, and how often. */
  readonly refusals = new Map<string, number>()
  readonly #options: LoadOptions
  readonly #news = new EventEmitter()
  readonly #receiver: Receiver
  #submitters: Promise<unknown> = Promise.resolve()
  #isOver = false
  #count = 0
  #refused = 0

  private constructor(options: LoadOptions, receiver: Receiver) {
    this.#options = options
    this.#receiver = receiver
    this.#news.setMaxListeners(0)
  }

  static async start(options: LoadOptions): Promise<JobLoad> {
    const receiver = await startReceiver((response) => {
      response.end()
      load.#receive()
    })
    const load = new JobLoad(options, receiver)
    load.#submitters = Promise.all(Array.from({ length: options.submitters }, () => load.#submitMany()))
    load.#submitters.catch(() => load.#news.emit('news'))
    return load
  }

  /** Resolves when so many more jobs were accepted or posted. */
  async events(count: number): Promise<void> {
    const wanted = this.#count + count
    await this.#until(() => this.#count >= wanted, `${count} more acceptances or results`)
  }

  /** Resolves when so many more submissions were refused. */
  async refused(count: number): Promise<void> {
    const wanted = this.#refused + count
    await this.#until(() => this.#refused >= wanted, `${count} refusals`)
  }

  /** Ends the submissions; resolves when everything accepted is posted. */
  async finish(): Promise<void> {
    this.#isOver = true
    await Promise.race([this.#submitters, this.#until(() => false, 'the submitters')])
    await this.#until(() => this.accepted.size <= this.deliveries.size, 'the last results')
  }

  /** Accepted jobs of which nothing was posted. */
  missing(): Accepted[] {
    return [...this.accepted.values()].filter((one) => !this.deliveries.has(one.id))
  }

  close(): void {
    this.#isOver = true
    this.#receiver.close()
  }

  /** Waits for a state; fails when nothing happens for too long. */
  async #until(isSo: () => boolean, what: string): Promise<void> {
    while (!isSo()) {
      try {
        await once(this.#news, 'news', { signal: AbortSignal.timeout(patienceMs) })
      } catch (cause) {
        const missing = this.missing().slice(0, 5)
        throw new Error(`nothing happened while waiting for ${what}; first of those not posted: ${JSON.stringify(missing)}`, { cause })
      }
    }
  }

  #tell(): void {
    this.#count++
    this.#news.emit('news')
  }

  #receive(): void {
    for (const { body, headers } of this.#receiver.received.splice(0)) {
      const id = String(body['job_id'])
      const known = this.deliveries.get(id) ?? []
      this.deliveries.set(id, [...known, { webhookId: String(headers['webhook-id']), body }])
    }
    this.#tell()
  }

  async #submitMany(): Promise<void> {
    const { types, random } = this.#options
    while (!this.#isOver) {
      const type = types[Math.floor(random() * types.length)]
      assert.ok(type)
      const accepted = await this.#submit(type, randomUUID())
      this.accepted.set(accepted.id, accepted)
      this.#tell()
      await this.#until(() => this.deliveries.has(accepted.id) || this.#isOver, `the result of ${accepted.id}`)
    }
  }

  /** Sends a request, again under the same Idempotency-Key until it is answered. */
  async #submit(type: LoadType, data: string): Promise<Accepted> {
    const body = JSON.stringify({ job_type: type.name, data, api_key: 'k', result_url: this.#receiver.url, metadata: { data } })
    for (let sendings = 1; ; sendings++) {
      const url = await this.#options.url()
      const told = await send(url, body, data)
      if (told === 'cut') await pause(5)
      else if (told.status === 200) return { id: String(told.body['job_id']), key: String(told.body['job_key']), type, data, sendings }
      else {
        const text = `${told.status} ${told.body['error']}`
        this.refusals.set(text, (this.refusals.get(text) ?? 0) + 1)
        this.#refused++
        this.#news.emit('news')
        await pause(20)
      }
    }
  }
}

type Told = { readonly status: number; readonly body: Record<string, unknown> } | 'cut'

async function send(url: string, body: string, key: string): Promise<Told> {
  try {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    const answer = await fetch(`${url}/job`, { method: 'POST', headers, body })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  } catch {
    return 'cut'
  }
}

import { fetchWith, OutgoingError } from '../../base/outgoing.ts'
import { type OutgoingPolicy, outgoingPolicy } from '../../base/outgoing-policy.ts'
import type { Context } from '../../context.ts'
import { type FetchedSource, findFetched, saveFetched } from '../flow-file-store.ts'
import { findOwnSource } from './own-source.ts'

type FetchContext = Omit<Context, 'actor'>

/** A source that could not be fetched; the message is for the publisher. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

/** Concurrent downloads of a process; a package may name hundreds of files on one server. */
const maxDownloads = 6

/** A running download, and the number of attempts that wait for it. */
interface Download {
  readonly file: Promise<FetchedSource>
  readonly controller: AbortController
  waiting: number
}

/** Fetches the sources of flows, each once for a revision, so that all pipelines of a revision read the same bytes. */
export class SourceFetcher {
  readonly #ctx: FetchContext
  readonly #policy: OutgoingPolicy
  readonly #waits: readonly number[] | undefined
  readonly #downloads = new Map<string, Download>()
  readonly #queue: (() => void)[] = []
  #running = 0

  /** `waits`: pauses between tries in milliseconds; `fetchWith` has the default. */
  constructor(ctx: FetchContext, options: { waits?: readonly number[] } = {}) {
    this.#ctx = ctx
    this.#policy = outgoingPolicy(ctx.config)
    this.#waits = options.waits
  }

  /** The bytes of a URL for this revision. Throws a `SourceError`, and the signal's reason when aborted. */
  async fetch(flowId: string, url: string, signal: AbortSignal): Promise<FetchedSource> {
    const key = `${flowId} ${url}`
    const download = this.#downloads.get(key) ?? this.#begin(key, { flowId, url })
    download.waiting++
    try {
      return await until(download.file, signal)
    } finally {
      if (--download.waiting === 0) {
        // Later callers start a new download instead of joining this aborted one.
        this.#forget(key, download)
        download.controller.abort(signal.reason)
      }
    }
  }

  #begin(key: string, source: { flowId: string; url: string }): Download {
    const controller = new AbortController()
    const file = this.#download(source, controller.signal)
    const download = { file, controller, waiting: 0 }
    this.#downloads.set(key, download)
    // Waiting callers receive the failure; without waiting callers it can be ignored.
    file.catch(() => undefined).finally(() => this.#forget(key, download))
    return download
  }

  #forget(key: string, download: Download): void {
    if (this.#downloads.get(key) === download) this.#downloads.delete(key)
  }

  async #download({ flowId, url }: { flowId: string; url: string }, signal: AbortSignal): Promise<FetchedSource> {
    const known = await findFetched(this.#ctx.store.db, flowId, url)
    if (known) return known
    if (this.#running < maxDownloads) this.#running++
    else await new Promise<void>((resolve) => this.#queue.push(resolve))
    try {
      signal.throwIfAborted()
      const file = this.#isOwn(url) ? await this.#readOwn(flowId, url) : await this.#readForeign(url, signal)
      return await this.#ctx.store.write(({ db }) => saveFetched(db, { flowId, url, file }))
    } finally {
      // The next waiting download takes the slot; if none waits, the slot is free.
      const next = this.#queue.shift()
      if (next) next()
      else this.#running--
    }
  }

  async #readForeign(url: string, signal: AbortSignal): Promise<FetchedSource> {
    const { files, config } = this.#ctx
    const request = { policy: this.#policy, url, signal, maxBytes: config.maxUpload, ...(this.#waits && { waits: this.#waits }) }
    try {
      return await fetchWith(request, ({ body }) => files.put(body))
    } catch (error) {
      throw error instanceof OutgoingError ? new SourceError(error.message, { cause: error }) : error
    }
  }

  #isOwn(url: string): boolean {
    return new URL(url).href.startsWith(new URL(`${this.#ctx.config.siteUrl}/`).href)
  }

  /** Addresses of the hub are read from its store, since the hub may not be able to reach itself. */
  async #readOwn(flowId: string, url: string): Promise<FetchedSource> {
    const root = new URL(this.#ctx.config.siteUrl).pathname.replace(/\/$/, '')
    const ownerId = flowId.split('/')[0] ?? ''
    const file = await findOwnSource(this.#ctx, { path: decoded(new URL(url).pathname.slice(root.length)), ownerId })
    if (!file) throw new SourceError(`${url} is an address of this hub, and there is no file that the owner may read`)
    return file
  }
}

/** The decoded path; undefined if it is not valid percent-encoding. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

/** The result of the promise, or the signal's reason, whichever comes first. */
function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

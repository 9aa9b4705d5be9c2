import type { Context } from '../context.ts'
import { fetchWith, OutgoingError, type OutgoingPolicy, outgoingPolicy } from '../outgoing.ts'
import { type FetchedSource, findFetched, saveFetched } from './flow-file-store.ts'
import { findOwnSource } from './own-source.ts'

type FetchContext = Omit<Context, 'actor'>

/** A source that cannot be had; its message is for the publisher. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

/** A download under way, and how many attempts wait for it. */
interface Download {
  readonly file: Promise<FetchedSource>
  readonly controller: AbortController
  waiting: number
}

/** Fetches the sources of flows, each one once for a revision: pipelines of one revision all read the same bytes. */
export class SourceFetcher {
  readonly #ctx: FetchContext
  readonly #policy: OutgoingPolicy
  readonly #waits: readonly number[] | undefined
  readonly #downloads = new Map<string, Download>()

  /** `waits`: pauses between tries in milliseconds, the usual ones by default. */
  constructor(ctx: FetchContext, options: { waits?: readonly number[] } = {}) {
    this.#ctx = ctx
    this.#policy = outgoingPolicy(ctx.config)
    this.#waits = options.waits
  }

  /** The bytes behind a URL as this revision sees them. Throws a `SourceError`, and the signal's reason when aborted. */
  async fetch(flowId: string, url: string, signal: AbortSignal): Promise<FetchedSource> {
    const known = await findFetched(this.#ctx.store.db, flowId, url)
    if (known) return known
    const key = `${flowId} ${url}`
    const download = this.#downloads.get(key) ?? this.#begin(key, { flowId, url })
    download.waiting++
    const leave = () => {
      if (--download.waiting === 0) download.controller.abort(signal.reason)
    }
    try {
      return await until(download.file, signal)
    } finally {
      leave()
    }
  }

  #begin(key: string, source: { flowId: string; url: string }): Download {
    const controller = new AbortController()
    const file = this.#download(source, controller.signal).finally(() => this.#downloads.delete(key))
    // Whoever waits for it sees the failure; when nobody waits any more, nobody needs to.
    file.catch(() => undefined)
    const download = { file, controller, waiting: 0 }
    this.#downloads.set(key, download)
    return download
  }

  async #download({ flowId, url }: { flowId: string; url: string }, signal: AbortSignal): Promise<FetchedSource> {
    const file = this.#isOwn(url) ? await this.#readOwn(flowId, url) : await this.#readForeign(url, signal)
    return this.#ctx.store.write(({ db }) => saveFetched(db, { flowId, url, file }))
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
    const own = this.#ctx.config.siteUrl
    return url === own || url.startsWith(`${own}/`)
  }

  /** What lies in the hub is read from the store; a hub need not be able to reach itself. */
  async #readOwn(flowId: string, url: string): Promise<FetchedSource> {
    const { pathname } = new URL(url)
    const path = decodeURIComponent(pathname).slice(new URL(this.#ctx.config.siteUrl).pathname.replace(/\/$/, '').length)
    const ownerId = flowId.split('/')[0] ?? ''
    const file = await findOwnSource(this.#ctx, { path, ownerId })
    if (!file) throw new SourceError(`${url} is an address of this hub, and there is no file that the owner may read`)
    return file
  }
}

/** The promise's outcome, or the signal's reason, whichever comes first. */
function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

import { protocolError, type Reply } from './answer.ts'

/** One page of a list, and the answer it came in. */
export interface Page<T> {
  items: T[]
  reply: Reply
}

/** How to walk over a list of unknown length. */
export interface Paging<T> {
  fetchPage: (offset: number, signal: AbortSignal) => Promise<Page<T>>
  keyOf: (item: T) => string
  /** Rows asked for; a server may give fewer. */
  pageSize: number
  /** Keys to remember for finding doubles. In a list sorted by key a shifted record turns up again soon or never, so that a window is enough. */
  remember: number
  /** Whether a page of another length than asked for that comes twice means a server that ignores limit and offset, and has sent everything. */
  repeatIsEnd: boolean
  /** Whether the next page is asked for while the items of this one are worked on. */
  readAhead?: boolean
}

/** Each item once. Advances by the rows received, since servers cap pages silently, and ends at an empty page only.
 * @throws CkanProtocolError if the same page comes twice in a row.
 */
export async function* iterPages<T>(paging: Paging<T>): AsyncGenerator<T, void, undefined> {
  const seen = new Set<string>()
  let previous: string[] = []
  for await (const { items, reply } of fetchPages(paging)) {
    const keys = items.map(paging.keyOf)
    if (sameKeys(keys, previous)) {
      if (paging.repeatIsEnd && items.length !== paging.pageSize) return
      throw protocolError(reply, 'paging does not advance, the same page came twice')
    }
    for (const [at, item] of items.entries()) {
      if (isNew(seen, keys[at] ?? '', paging.remember)) yield item
    }
    previous = keys
  }
}

/** Pages up to the first empty one. When the consumer leaves early, a pending request is aborted. */
async function* fetchPages<T>({ fetchPage, readAhead }: Paging<T>): AsyncGenerator<Page<T>, void, undefined> {
  const controller = new AbortController()
  let ahead: Promise<Page<T>> | undefined
  try {
    for (let offset = 0; ; ) {
      const page = await (ahead ?? fetchPage(offset, controller.signal))
      if (page.items.length === 0) return
      offset += page.items.length
      ahead = readAhead ? fetchPage(offset, controller.signal) : undefined
      ahead?.catch(() => undefined)
      yield page
    }
  } finally {
    controller.abort(new Error('no more pages are wanted'))
    await ahead?.catch(() => undefined)
  }
}

const sameKeys = (a: string[], b: string[]) => a.length === b.length && a.every((key, at) => key === b[at])

function isNew(seen: Set<string>, key: string, remember: number): boolean {
  if (seen.has(key)) return false
  seen.add(key)
  // A Set iterates in the order of insertion: its first key is the oldest.
  if (seen.size > remember) for (const oldest of seen) return seen.delete(oldest)
  return true
}

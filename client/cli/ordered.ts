/** Works on items, so many at a time, and gives the results in the order of the items. No more items are taken than are worked on.
 * The first error ends it, when the work under way has ended.
 */
export async function* mapOrdered<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  { workers, work }: { workers: number; work: (item: T) => Promise<R> },
): AsyncGenerator<R, void, undefined> {
  const pending: Promise<R>[] = []
  try {
    for await (const item of items) {
      const result = work(item)
      result.catch(() => undefined)
      pending.push(result)
      if (pending.length >= workers) yield* takeFirst(pending)
    }
    while (pending.length > 0) yield* takeFirst(pending)
  } finally {
    await Promise.allSettled(pending)
  }
}

async function* takeFirst<R>(pending: Promise<R>[]): AsyncGenerator<R, void, undefined> {
  for (const first of pending.splice(0, 1)) yield await first
}

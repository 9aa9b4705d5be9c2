import { sleep } from '../abort.ts'

/** Work without any waiting, such as comparing, gives way to timers and events that often. */
const MAX_BLOCKING_MS = 50

/** What to do, item by item. */
export interface Work<T> {
  workers: number
  /** The next item; null when there is none. */
  next: () => Promise<T | null> | T | null
  work: (item: T) => Promise<void>
  signal: AbortSignal
}

/** Works on items with so many workers, each taking the next one when it has finished the last: nothing is read ahead.
 * Resolves when all workers have ended. A worker that throws ends the others after their current item; then the first error is thrown.
 */
export async function workThrough<T>({ workers, next, work, signal }: Work<T>): Promise<void> {
  let isOver = false
  let pausedAt = performance.now()
  const errors: unknown[] = []
  const run = async () => {
    try {
      while (!isOver) {
        const item = await next()
        if (item === null) isOver = true
        else await work(item)
        if (performance.now() - pausedAt > MAX_BLOCKING_MS) {
          pausedAt = performance.now()
          await sleep(0, signal)
        }
      }
    } catch (error) {
      isOver = true
      errors.push(error)
    }
  }
  await Promise.all(Array.from({ length: workers }, run))
  if (errors.length > 0) throw errors[0]
}

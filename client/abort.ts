// The longest a timer can wait; who needs more waits again.
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Waits, at most about 24 days.
 * @throws the signal's reason, at once, when it aborts.
 */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', stop)
        resolve()
      },
      Math.min(ms, LONGEST_TIMER_MS),
    )
    signal.addEventListener('abort', stop, { once: true })
  })
}

/** The promise, or the signal's reason if that aborts first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** One signal that aborts with the first of several. `unlink` must be called at the end: a source may live as long as the program, and must not
 * collect a listener for each call. */
export function linkSignals(sources: (AbortSignal | undefined)[]): { controller: AbortController; unlink: () => void } {
  const controller = new AbortController()
  const unlinks = sources.map((source) => {
    const stop = () => controller.abort(source?.reason)
    if (source?.aborted) stop()
    source?.addEventListener('abort', stop, { once: true })
    return () => source?.removeEventListener('abort', stop)
  })
  return {
    controller,
    unlink: () => {
      for (const unlink of unlinks) unlink()
    },
  }
}

import type { Logger } from 'pino'

/** Longest pause between two looks: another process may have changed what is due. */
const mostMs = 60_000
const leastMs = 10
const retryMs = 5_000

/** Does what is due; answers in how many milliseconds it wants to be called again, undefined when it does not know. */
export type Look = () => Promise<number | undefined>

/** Looks at once, and then whenever something is due, at least once a minute. Returns what ends it, once a look under way is done. */
export function startScheduleLoop(log: Logger, looks: readonly Look[]): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const lookAll = async () => {
    let pause = mostMs
    for (const look of looks) {
      try {
        pause = Math.min(pause, (await look()) ?? mostMs)
      } catch (error) {
        log.warn({ err: error }, 'schedules cannot be looked at now')
        pause = Math.min(pause, retryMs)
      }
    }
    if (!isStopped) timer = setTimeout(begin, Math.max(leastMs, pause)).unref()
  }
  let looking = lookAll()
  function begin() {
    looking = lookAll()
  }
  return async () => {
    isStopped = true
    clearTimeout(timer)
    await looking
  }
}

import { performance } from 'node:perf_hooks'

const timing = performance.nodeTiming

/**
 * What `read` says of the world outside of this process, read again only after the event loop has looked for news: all requests that one poll
 * brings were sent before it, so what is read for the first of them holds for the others. `forget` is for what this process changes itself.
 */
export function oncePerPoll<T>(read: () => T): { get(): T; forget(): void } {
  let known: { value: T; loop: number; events: number } | undefined
  return {
    get() {
      const { loopCount: loop, events } = timing.uvMetricsInfo
      if (known?.events !== events || known.loop !== loop) known = { value: read(), loop, events }
      return known.value
    },
    forget() {
      known = undefined
    },
  }
}

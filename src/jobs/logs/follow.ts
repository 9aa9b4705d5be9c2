import type { Store } from '../../store/store.ts'
import { isFinal, type Job, type JobState, type Progress } from '../job.ts'
import { findTold, listLogRange, type NumberedEntry } from './store.ts'

/** What a job has told since the last time. Empty now and then, so that a silent job is known to be followed still. */
export interface Telling {
  readonly lines: readonly NumberedEntry[]
  /** Set when it is another than before. */
  readonly progress: Progress | undefined
  /** Set when the job has ended, or is gone: the last that is told. */
  readonly end: JobState | undefined
}

export interface FollowOptions {
  /** The number of the last line that is known already. */
  readonly after: number
  /** Ends the following without an end. */
  readonly signal: AbortSignal
  readonly timing?: { readonly lookEveryMs: number; readonly silenceMs: number }
}

const linesAtOnce = 100
const usualTiming = { lookEveryMs: 250, silenceMs: 15_000 }

/**
 * Follows a job's log from where the reader left off until the job has ended. Reads only when asked for more, from the row where it
 * stopped: a slow reader costs no memory.
 */
export async function* followLog(store: Store, { id, seq }: Pick<Job, 'id' | 'seq'>, options: FollowOptions): AsyncGenerator<Telling> {
  const { signal, timing = usualTiming } = options
  let after = options.after
  let shown: string | undefined
  let toldAt = performance.now()
  while (!signal.aborted) {
    const told = await findTold(store.db, seq)
    const to = Math.max(after, Math.min(after + linesAtOnce, told?.lines ?? 0))
    const lines = to > after ? await listLogRange(store.db, seq, { after, to }) : []
    const isAll = to >= (told?.lines ?? 0)
    after = to
    const progress = told?.progress ?? undefined
    const isNews = progress !== undefined && JSON.stringify(progress) !== shown
    if (isNews) shown = JSON.stringify(progress)
    // A job that is gone was ended before.
    const state = told?.state ?? 'cancelled'
    const end = isFinal(state) && isAll ? state : undefined
    if (lines.length > 0 || isNews || end || performance.now() - toldAt > timing.silenceMs) {
      yield { lines, progress: isNews ? progress : undefined, end }
      toldAt = performance.now()
    }
    if (end) return
    if (isAll) await nextLook(store, { id, signal, ms: timing.lookEveryMs })
  }
}

/** Waits for the time of the next look; the end of the job, or an abort, makes it come sooner. */
function nextLook(store: Store, { id, signal, ms }: { id: string; signal: AbortSignal; ms: number }): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      clearTimeout(timer)
      unlisten()
      signal.removeEventListener('abort', look)
      resolve()
    }
    const timer = setTimeout(look, ms)
    const unlisten = store.listen('finished', (ids) => (!ids || ids.has(id)) && look())
    signal.addEventListener('abort', look, { once: true })
    if (signal.aborted) look()
  })
}

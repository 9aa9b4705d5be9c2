import type { Context } from '../context.ts'
import { uploadDue } from './upload.ts'

const everyMs = 60_000

/** Looks once a minute for datasets whose schedule wants an upload. Returns what ends it, once a look under way is done. */
export function startSchedules(ctx: Pick<Context, 'store' | 'clock' | 'log'>): () => Promise<void> {
  let looking: Promise<void> | undefined
  const look = async () => {
    try {
      const made = await uploadDue(ctx)
      if (made.length > 0) ctx.log.info({ flows: made }, 'scheduled uploads')
    } catch (error) {
      ctx.log.warn({ err: error }, 'schedules cannot be looked at now')
    }
  }
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined
    })
  }, everyMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await looking
  }
}

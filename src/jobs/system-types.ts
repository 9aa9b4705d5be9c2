import type { Context } from '../context.ts'
import { type SystemType, saveSystemTypes } from '../job-types/system.ts'
import type { RunnableType } from './runnable-type.ts'

/** Writes the engine's types into the registry of job types, at each start. Throws `conflict` when a user has taken a name. */
export async function saveTypeRows(ctx: Pick<Context, 'store' | 'clock'>, types: readonly RunnableType[]): Promise<void> {
  await saveSystemTypes(
    ctx,
    types.flatMap(({ name, title, kind, mode, priority, concurrency, retry }): SystemType[] => {
      if (kind === 'container') return []
      return [{ name, title: title ?? name, description: '', kind, mode, priority, maxScheduled: concurrency ?? null, maxTries: retry.maxAttempts }]
    }),
  )
}

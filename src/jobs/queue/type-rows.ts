import type { Context } from '../../context.ts'
import type { QueueRules } from '../../job-types/edit.ts'
import { queueOf } from '../../job-types/job-type.ts'
import { type SystemType, saveSystemTypes } from '../../job-types/system.ts'
import type { JobType } from '../job-type.ts'
import { moveLanes, saveLimits, setPaused } from './lane-store.ts'

/** Waiting jobs that change their lane in the write that pauses a type; workers move the others. */
const movedAtOnce = 500

/** Writes the engine's types into the registry of job types, at each start. Throws `conflict` when a user has taken a name. */
export async function saveTypeRows(ctx: Pick<Context, 'store' | 'clock'>, types: readonly JobType[]): Promise<void> {
  await saveSystemTypes(
    ctx,
    types.flatMap(({ name, title, kind, mode, priority, concurrency, retry }): SystemType[] => {
      if (kind === 'container') return []
      return [{ name, title: title ?? name, description: '', kind, mode, priority, maxScheduled: concurrency ?? null, maxTries: retry.maxAttempts }]
    }),
  )
}

/** Makes the queue follow what has become of a job type, in the same write. The limit of a system type is the engine's own. */
export const applyQueueRules: QueueRules = async ({ db, dialect }, type) => {
  const queue = queueOf(type)
  await setPaused({ db, dialect }, queue, type.isPaused)
  if (!type.isSystem) await saveLimits(db, dialect, [{ type: queue, maxRunning: type.maxScheduled || null }])
  await moveLanes(db, dialect, movedAtOnce)
}

import { conflict, notFound } from '../../base/errors.ts'
import type { Store, Write } from '../../store/store.ts'
import { cancelled, isFinal } from '../job.ts'
import { findJobById, requestCancel } from '../job-store.ts'
import { ClaimLost, makeSettlement, settleJob } from '../queue/settle.ts'
import type { TypeRegistry } from '../type-registry.ts'

const maxTries = 5

/**
 * Ends a job: a waiting one at once, a running one as soon as its worker has stopped it (its row shows the request until then).
 * Asked again while it stops, it does nothing. Throws `not_found`, and `conflict` when the job is finished.
 */
export async function cancelJob(store: Store, types: TypeRegistry, id: string): Promise<void> {
  await endOrRetry(() => store.write((write) => cancelOnce(write, types, id)))
}

/** Runs a write that ends a job, again when the job has just been claimed, ended or returned: the next look finds it as it is. */
export async function endOrRetry(write: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof ClaimLost) || tries >= maxTries) throw error
    }
  }
}

async function cancelOnce(write: Write, types: TypeRegistry, id: string): Promise<void> {
  // Not locked: the fence of either branch decides, and a type's hook locks rows that come before the job in the order of locks.
  const job = await findJobById(write.db, id)
  if (!job) throw notFound('job', id)
  if (isFinal(job.state)) throw conflict('job is finished')
  if (job.state === 'running') {
    write.wake('cancelled')
    if (await requestCancel(write.db, job.seq)) return
    throw new ClaimLost(`job ${id} is not running any more`)
  }
  const settlement = makeSettlement({ job: { ...job, claim: null }, type: types.find(job.type), outcome: cancelled, lines: [] })
  await settleJob(write, settlement)
}

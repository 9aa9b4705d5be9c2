import { randomUUID } from 'node:crypto'
import type { Context } from '../../context.ts'
import type { Write } from '../../store/store.ts'
import { insertMetadata } from '../job-store.ts'
import type { RunnableType } from '../runnable-type.ts'
import { enqueueJob } from '../submit/enqueue.ts'
import type { TypeRegistry } from '../type-registry.ts'
import type { Schedule } from './schedule.ts'
import {
  type DueSchedule,
  dropSchedules,
  forgetScheduleRuns,
  insertScheduleRun,
  listDueSchedules,
  moveSchedule,
  nextScheduleMs,
  saveSchedule,
} from './store.ts'

type ScheduleContext = Pick<Context, 'store' | 'log'>
type ScheduledType = RunnableType & { readonly schedule: Schedule }

/** A run that is this much late was missed. */
const lateMs = 60_000
/** Missed runs that are made up for, of those schedules that want each one. */
const mostRuns = 100
/** Runs are remembered for longer than any clock is set back. */
const rememberedMs = 8 * 86_400_000
/** While a job with this key is open, no other one of the type is made. */
const dedupeKey = 'schedule'

const isScheduled = (type: RunnableType): type is ScheduledType => type.schedule !== undefined

/** Notes the schedules of all types that this process knows, and forgets those of types that have none any more. */
export async function saveSchedules({ store, clock }: Pick<Context, 'store' | 'clock'>, types: TypeRegistry): Promise<void> {
  const scheduled = types.list().filter(isScheduled)
  const others = types.list().filter((type) => !isScheduled(type))
  const now = clock()
  await store.write(async ({ db, dialect }) => {
    for (const { name, schedule } of scheduled) await saveSchedule(db, { type: name, rule: schedule.rule, nextAt: schedule.next(now) })
    const names = others.map((type) => type.name)
    if (names.length > 0) await dropSchedules(db, dialect, names)
  })
}

/**
 * Makes the jobs that are due. Any number of processes may do so at once: each planned time is dealt with by one of them, in one
 * commit that holds the job and the next time. Answers in how many milliseconds to look again, undefined when nothing is scheduled.
 */
export async function fireDue({ store, log }: ScheduleContext, types: TypeRegistry): Promise<number | undefined> {
  const scheduled = types.list().filter(isScheduled)
  if (scheduled.length === 0) return undefined
  const { db, dialect } = store
  const names = scheduled.map((type) => type.name)
  for (const due of await listDueSchedules(db, dialect, names)) {
    const type = scheduled.find((one) => one.name === due.type)
    if (!type) continue
    const runs = plannedRuns(type.schedule, due).map((plannedAt) => ({ plannedAt, id: randomUUID() }))
    const made = await store.write((write) => fire(write, type, { due, runs }))
    if (made.length > 0) log.info({ type: type.name, jobs: made }, 'scheduled jobs')
  }
  return nextScheduleMs(db, dialect, names)
}

/** Which of the planned times get a job, now that they are past. */
function plannedRuns({ between, missedRuns }: Schedule, { plannedAt, now }: DueSchedule): number[] {
  const planned = between(plannedAt, now, missedRuns === 'all' ? mostRuns : 1)
  return missedRuns === 'skip' ? planned.filter((at) => now - at < lateMs) : planned
}

interface Firing {
  readonly due: DueSchedule
  readonly runs: readonly { readonly plannedAt: number; readonly id: string }[]
}

/** Ids of the jobs that were made; none when another process was first, or when the last run is still open. */
async function fire(write: Write, type: ScheduledType, { due, runs }: Firing): Promise<string[]> {
  const { db } = write
  const { schedule, name } = type
  if (!(await moveSchedule(db, name, { from: due.plannedAt, to: schedule.next(due.now, due.plannedAt) }))) return []
  await forgetScheduleRuns(db, name, due.now - rememberedMs)
  const made: string[] = []
  for (const { plannedAt, id } of runs) {
    if (!(await insertScheduleRun(db, { type: name, plannedAt }))) continue
    const scheduledFor = new Date(plannedAt).toISOString()
    const metadata = JSON.stringify({ scheduled_for: scheduledFor })
    const inserted = await enqueueJob(write, type, { id, metadata, ...(schedule.missedRuns !== 'all' && { dedupeKey }) })
    if (!inserted) continue
    await insertMetadata(write, inserted.job.seq, [['scheduled_for', scheduledFor]])
    made.push(id)
  }
  return made
}

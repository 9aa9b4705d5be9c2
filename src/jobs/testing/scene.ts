import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { freshStore } from '../../../test/store.ts'
import { openVault } from '../../auth/secret.ts'
import { FunctionExecutor } from '../../executors/function/executor.ts'
import { LocalFileStore } from '../../store/files/local-file-store.ts'
import type { Store } from '../../store/store.ts'
import { inlineBody } from '../body.ts'
import { isFinal, type Job } from '../job.ts'
import { findJobById } from '../job-store.ts'
import type { RunnableType } from '../runnable-type.ts'
import { enqueueJob, type NewRequest } from '../submit/enqueue.ts'
import { TypeRegistry } from '../type-registry.ts'
import { JobRunner, type RunnerOptions } from '../worker/runner.ts'
import { testTypes } from './types.ts'

/** Grace times that tests have the patience for. */
export const quickExecutor = (graceMs = 200) => new FunctionExecutor({ graceMs: () => graceMs, killAfterMs: 200, memoryMb: 64 })

export const quickTiming = { leaseMs: 1_500, tickMs: 300, pollMs: 1_000 }

/** A database, a folder and what makes runners on them; `close` stops and removes all of it. */
export async function makeScene() {
  const { store, url, drop } = await freshStore()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-jobs-'))
  const files = new LocalFileStore(join(folder, 'files'))
  const runners: JobRunner[] = []
  const base = { store, files, vault: openVault('a secret of tests'), log: pino({ level: 'silent' }) }

  /** A runner that works already. */
  const work = async (options: Partial<RunnerOptions> & { list?: readonly RunnableType[] } = {}) => {
    const types = options.types ?? new TypeRegistry(options.list ?? testTypes)
    const runner = new JobRunner({
      ...base,
      executors: { function: quickExecutor() },
      slots: { work: 4, sync: 2 },
      timing: quickTiming,
      ...options,
      types,
    })
    runners.push(runner)
    await runner.start()
    return runner
  }
  /** Queues a job; returns its id. */
  const submit = async (type: RunnableType, data?: unknown, request: Partial<NewRequest> = {}) => {
    const id = randomUUID()
    await store.write((write) => enqueueJob(write, type, { id, ...(data !== undefined && { data: inlineBody(data) }), ...request }))
    return id
  }
  const close = async () => {
    for (const runner of runners) await runner.stop({ graceMs: 0 })
    await drop()
    await rm(folder, { recursive: true, force: true })
  }
  return { ...base, url, folder, work, submit, close }
}

/** Waits until a job is as it should be; fails after `patienceMs` with what it is instead. */
export async function untilJob(store: Store, id: string, wanted: (job: Job) => boolean, patienceMs = 20_000): Promise<Job> {
  const until = performance.now() + patienceMs
  for (;;) {
    const job = await findJobById(store.db, id)
    if (job && wanted(job)) return job
    if (performance.now() > until) throw new Error(`job is ${JSON.stringify(job)}`)
    await pause(5)
  }
}

export const ended = (job: Job) => isFinal(job.state)
export const isRunning = (job: Job) => job.state === 'running'

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { pino } from 'pino'
import { openVault } from '../src/auth/secret.ts'
import { FunctionExecutor } from '../src/executors/function/executor.ts'
import type { Executor } from '../src/jobs/executor.ts'
import { builtinTypes } from '../src/jobs/functions/builtin/types.ts'
import type { RunnableType } from '../src/jobs/runnable-type.ts'
import { enqueueJob } from '../src/jobs/submit/enqueue.ts'
import { FinishWaiter, hasEnded } from '../src/jobs/submit/finish-waiter.ts'
import { TypeRegistry } from '../src/jobs/type-registry.ts'
import { JobRunner } from '../src/jobs/worker/runner.ts'
import { LocalFileStore } from '../src/store/files/local-file-store.ts'
import type { Store } from '../src/store/store.ts'
import { backlog, fillJobs, jobData } from './job-rows.ts'
import { callers, median, quantile, report, type Slice } from './measure.ts'

const sliceMs = 700
const rounds = 3

/** A runner with 16 slots and what submits to it. */
interface Bench {
  readonly store: Store
  /** Submits a job; resolves with its id when it is committed. */
  submit(): Promise<string>
  /** Resolves when the job has ended. */
  ended(id: string): Promise<void>
  /** Resolves when the next attempt begins. */
  started(): Promise<void>
}

/** Whole jobs in one process, run in child processes: how many in a second, and how soon each begins. */
export async function wholeJobsBench(leg: string, store: Store, type: RunnableType): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  await store.write(({ db }) => sql`delete from job`.execute(db))
  const watched = watch(new FunctionExecutor())
  const runner = new JobRunner({
    store,
    files: new LocalFileStore(folder),
    vault: openVault('a secret of benchmarks'),
    log: pino({ level: 'silent' }),
    executors: { function: watched.executor },
    types: new TypeRegistry(builtinTypes),
    slots: { work: 16 },
  })
  await runner.start()
  const waiter = new FinishWaiter(store, hasEnded)
  const bench: Bench = {
    store,
    async submit() {
      const id = randomUUID()
      await store.write((write) => enqueueJob(write, type, { id, data: { json: jobData, file: null } }))
      return id
    },
    ended: async (id) => assert.ok(await waiter.waitFor(id, { timeoutMs: 20_000 })),
    started: watched.started,
  }
  await rateLines(leg, bench)
  await latencyLines(leg, bench, type)
  waiter.close()
  await runner.stop({ graceMs: 1000 })
  await rm(folder, { recursive: true, force: true })
}

/** An executor that says when it is given something to do. */
function watch(inner: Executor<'function'>): { executor: Executor<'function'>; started: () => Promise<void> } {
  let tell: (() => void) | undefined
  const executor: Executor<'function'> = {
    run(attempt, events, signal) {
      tell?.()
      return inner.run(attempt, events, signal)
    },
    close: () => inner.close(),
  }
  const started = () =>
    new Promise<void>((resolve) => {
      tell = resolve
    })
  return { executor, started }
}

/** Submitted, run and waited for, by one caller and by 16; beside one commit each. */
async function rateLines(leg: string, { store, submit, ended }: Bench): Promise<void> {
  const commit = () => store.write(({ db }) => sql`update job_queue set max_running = coalesce(max_running, 0) + 1 where type = 'echo'`.execute(db))
  const once = async () => ended(await submit())
  for (const count of [1, 16]) {
    await callers(count, once)(500)
    const pairs: [number, number][] = []
    for (let round = 0; round < rounds; round++) {
      const rate = async (slice: Slice) => ((await slice(sliceMs)) / sliceMs) * 1000
      pairs.push([await rate(callers(count, commit)), await rate(callers(count, once))])
    }
    const [reference, own] = [median(pairs.map(([a]) => a)), median(pairs.map(([, b]) => b))]
    report({ name: `${leg}: echo_async from submission to result, ${count} callers`, aim: 'shown', reference, own, ratio: own / reference })
  }
}

/** From submission to start, one job after the other: with nothing else there, and with 100,000 jobs waiting that nobody here runs. */
async function latencyLines(leg: string, bench: Bench, type: RunnableType): Promise<void> {
  const idle = await startTimes(bench)
  await fillJobs(bench.store, { ...type, name: 'elsewhere' }, backlog)
  const apartAfter = await untilApart(bench)
  const beside = await startTimes(bench)
  const figures = (times: readonly number[]) => `p50 ${quantile(times, 0.5).toFixed(2)}  p99 ${quantile(times, 0.99).toFixed(2)} ms`
  console.log(`${`${leg}: from submission to start, idle`.padEnd(56)} ${figures(idle)}  (aim p50 < 5 ms)`)
  const ratio = (quantile(beside, 0.5) / quantile(idle, 0.5)).toFixed(2)
  console.log(`${`  the same, ${backlog / 1000}k jobs of another type waiting`.padEnd(56)} ${figures(beside)}  p50 ratio ${ratio}  (aim <= 1.2)`)
  console.log(`${'  until those stood apart'.padEnd(56)} ${(apartAfter / 1000).toFixed(1)} s`)
}

/** Milliseconds until the runner has put all jobs out of its way that it does not know; it notices them when somebody submits one. */
async function untilApart({ store, submit, ended }: Bench): Promise<number> {
  const from = performance.now()
  for (;;) {
    await ended(await submit())
    const { rows } = await sql`select 1 from job where state = 'queued' and lane = 'free' limit 1`.execute(store.db)
    if (rows.length === 0) return performance.now() - from
  }
}

async function startTimes({ submit, started, ended }: Bench): Promise<number[]> {
  const times: number[] = []
  for (let at = 0; at < 300; at++) {
    const from = performance.now()
    const begun = started().then(() => performance.now() - from)
    const id = await submit()
    times.push(await begun)
    await ended(id)
  }
  return times.slice(50)
}

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { listLog } from '../job-store.ts'
import { cancelJob } from '../submit/cancel.ts'
import { isGone } from '../testing/process.ts'
import { ended, isRunning, makeScene, untilJob } from '../testing/scene.ts'
import { testType, testTypes } from '../testing/types.ts'
import { TypeRegistry } from '../type-registry.ts'

// Real worker processes and real signals: what a crash, a freeze and a stop leave behind.

const scene = await makeScene()
after(scene.close)
const { store } = scene
const workers = new Set<ChildProcess>()
afterEach(() => {
  for (const worker of workers) worker.kill('SIGKILL')
})

/** Starts a worker process; resolves when it claims. */
async function startWorker(): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('../testing/worker.ts', import.meta.url))
  const worker = spawn(process.execPath, [program, scene.url, join(scene.folder, 'files')], { stdio: ['ignore', 'pipe', 'inherit'] })
  workers.add(worker)
  worker.once('exit', () => workers.delete(worker))
  if (worker.stdout) await once(worker.stdout, 'data')
  return worker
}

async function signal(worker: ChildProcess, name: NodeJS.Signals): Promise<number | null> {
  const gone = once(worker, 'exit')
  worker.kill(name)
  const [code] = await gone
  return code
}

/** Freezes a worker, but not in the middle of a write: on SQLite nobody else could write then. */
async function freeze(worker: ChildProcess): Promise<void> {
  for (;;) {
    worker.kill('SIGSTOP')
    const written = store.write(async () => true)
    if (await Promise.race([written, pause(2_000, false)])) return
    worker.kill('SIGCONT')
    await written
  }
}

/** An endless loop that is left behind would take a core from the tests after it. */
async function calm(ids: readonly string[]): Promise<void> {
  for (const id of ids) await cancelJob(store, new TypeRegistry(testTypes), id).catch(() => undefined)
}

const file = (name: string) => join(scene.folder, name)

test('an endless loop does not outlive the worker that was killed above it', async () => {
  const worker = await startWorker()
  const told = file('pid-1')
  const id = await scene.submit(testType('loops'), told)
  const pidOf = async () => Number(/^(\d+)\n$/.exec(await readFile(told, 'utf8').catch(() => ''))?.[1])
  let pid = await pidOf()
  for (; !pid; pid = await pidOf()) await pause(10)
  try {
    await signal(worker, 'SIGKILL')
    for (const end = performance.now() + 10_000; !isGone(pid) && performance.now() < end; await pause(10));
    assert.ok(isGone(pid))
  } finally {
    if (!isGone(pid)) process.kill(pid, 'SIGKILL')
    await calm([id])
  }
})

test('a worker killed in mid-job: the job runs again elsewhere and ends once', async () => {
  const stop = file('stop-1')
  const worker = await startWorker()
  const [id, loop, once_] = [
    await scene.submit(testType('until_file'), stop),
    await scene.submit(testType('loops')),
    await scene.submit(testType('once')),
  ]
  for (const one of [id, loop, once_]) await untilJob(store, one, isRunning)
  await signal(worker, 'SIGKILL')
  const other = await startWorker()
  const again = await untilJob(store, id, (job) => isRunning(job) && job.attempts === 2)
  assert.equal(again.attempts, 2)
  await writeFile(stop, '')
  const job = await untilJob(store, id, ended)
  assert.deepEqual([job.state, job.result?.json], ['done', '2'])
  assert.equal((await untilJob(store, once_, ended)).error?.message, 'Job was interrupted by a restart')
  const log = await listLog(store.db, job.seq)
  assert.equal(log.filter((entry) => entry.message.includes('lost with its worker')).length, 1)
  await untilJob(store, loop, (one) => one.attempts === 2 || ended(one))
  await calm([loop])
  await signal(other, 'SIGKILL')
})

test('a frozen worker comes back too late: its result is refused', async () => {
  const stop = file('stop-2')
  const frozen = await startWorker()
  const id = await scene.submit(testType('until_file'), stop)
  await untilJob(store, id, isRunning)
  await freeze(frozen)
  const other = await startWorker()
  await untilJob(store, id, (job) => isRunning(job) && job.attempts === 2)
  await writeFile(stop, '')
  const job = await untilJob(store, id, ended)
  assert.equal(job.result?.json, '2')
  frozen.kill('SIGCONT')
  // Whatever it does now, it has done when it has stopped in an orderly way.
  assert.equal(await signal(frozen, 'SIGTERM'), 0)
  const after = await untilJob(store, id, () => true)
  assert.deepEqual([after.result?.json, after.finishedAt, after.attempts], [job.result?.json, job.finishedAt, 2])
  await signal(other, 'SIGTERM')
})

test('SIGTERM returns what may run again to the queue uncounted, ends the rest as interrupted, and exits with 0', async () => {
  const worker = await startWorker()
  const jobs = [await scene.submit(testType('until_aborted')), await scene.submit(testType('loops'))]
  const only = await scene.submit(testType('once'))
  for (const id of [...jobs, only]) await untilJob(store, id, isRunning)
  assert.equal(await signal(worker, 'SIGTERM'), 0)
  const states = await Promise.all([...jobs, only].map((id) => untilJob(store, id, () => true)))
  // A function that ends well within the grace time has done its work.
  assert.deepEqual([states[0]?.state, states[0]?.result?.json], ['done', '"shutdown"'])
  assert.deepEqual([states[1]?.state, states[1]?.attempts], ['queued', 0])
  assert.ok(states[2]?.state === 'done' || states[2]?.error?.message === 'Job was interrupted by a restart')
  await calm(jobs)
})

test('a second SIGTERM ends a worker at once, and leases do the rest', async () => {
  const worker = await startWorker()
  const stop = file('stop-3')
  const id = await scene.submit(testType('until_file'), stop, { priority: 1 })
  await untilJob(store, id, isRunning)
  worker.kill('SIGTERM')
  await signal(worker, 'SIGTERM')
  await writeFile(stop, '')
  const other = await startWorker()
  assert.equal((await untilJob(store, id, ended)).state, 'done')
  await signal(other, 'SIGTERM')
})

test('two worker processes on one database run every job once', async () => {
  const pair = await Promise.all([startWorker(), startWorker()])
  const ids = await Promise.all([...Array(60)].map(() => scene.submit(testType('whoami'))))
  const pids = new Set<number>()
  for (const id of ids) {
    const job = await untilJob(store, id, ended)
    const { pid, attempt } = JSON.parse(job.result?.json ?? '{}')
    assert.deepEqual([job.state, attempt], ['done', 1])
    pids.add(pid)
  }
  assert.ok(pids.size > 1)
  for (const worker of pair) assert.equal(await signal(worker, 'SIGTERM'), 0)
})

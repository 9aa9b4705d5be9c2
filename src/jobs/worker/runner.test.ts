import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { readJson } from '../body.ts'
import { countJobs, listLog } from '../job-store.ts'
import { AttemptError, type RunnableType } from '../runnable-type.ts'
import { cancelJob } from '../submit/cancel.ts'
import { enqueueJob } from '../submit/enqueue.ts'
import { FinishWaiter, hasEnded } from '../submit/finish-waiter.ts'
import { isGone } from '../testing/process.ts'
import { ended, isRunning, makeScene, untilJob } from '../testing/scene.ts'
import { testType, testTypes } from '../testing/types.ts'

// Whole runs: a runner, real child processes. The tests share one runner; each has jobs of its own.

const scene = await makeScene()
after(scene.close)
const { store, files } = scene

const told: string[] = []
const hooked: RunnableType = testType('input', {
  name: 'hooked',
  prepare: async ({ folder, files: own, log }) => {
    log('INFO', 'preparing')
    await writeFile(join(folder, 'source'), 'bytes')
    return { isStore: own === files }
  },
  adopt: async ({ folder }, value) => ({ value, folder }),
  started: async (_write, job) => void told.push(`started ${job.attempts}`),
  settled: async (write, job, outcome) => {
    told.push(`settled ${outcome.state}`)
    await enqueueJob(write, testType('double'), { id: `after-${job.id}`, data: { json: '4', file: null } })
  },
})
const refusing: RunnableType = testType('double', {
  name: 'refusing',
  settled: async (_write, _job, outcome) => {
    if (outcome.state === 'done') throw new Error('not with me')
  },
})
const unfetched: RunnableType = testType('double', {
  name: 'unfetched',
  prepare: async ({ job }) => {
    if (job.attempts === 1) throw new AttemptError({ class: 'system', reason: 'unavailable', message: 'nobody answers' })
    throw new AttemptError({ class: 'data', reason: 'gone', message: 'there is no such file' })
  },
  retry: { ...testType('double').retry, baseMs: 10 },
})
const untilAbort = (signal: AbortSignal) => (signal.aborted ? undefined : once(signal, 'abort'))
/** What stops for a cancel may fail on its way out, or may be good already. */
const stopping: RunnableType[] = [
  testType('double', {
    name: 'stops_badly',
    prepare: async ({ signal }) => {
      await untilAbort(signal)
      throw new AttemptError({ class: 'system', reason: 'unavailable', message: 'broken off' })
    },
  }),
  testType('double', { name: 'stops_well', adopt: async ({ signal }, value) => ({ value, abort: await untilAbort(signal) }) }),
]
const hasty: RunnableType[] = ['loops', 'until_aborted'].map((name) => testType(name, { name: `hasty_${name}`, timeoutMs: 400 }))
const runner = await scene.work({ list: [...testTypes, hooked, refusing, unfetched, ...hasty, ...stopping] })

const run = async (type: RunnableType, data?: unknown) => untilJob(store, await scene.submit(type, data), ended)

test('a function gets its data and its result is stored', async () => {
  const job = await run(testType('double'), 21)
  assert.deepEqual([job.state, job.result?.json, job.error, job.attempts], ['done', '42', null, 1])
  assert.ok(job.startedAt !== null && job.finishedAt !== null && job.createdAt <= job.startedAt && job.startedAt <= job.finishedAt)
})

test('a process that meets jobs which it does not know puts them out of its way', async () => {
  const unknown = testType('double', { name: 'unknown_here' })
  const foreign = await Promise.all([...Array(30)].map(() => scene.submit(unknown)))
  await run(testType('double'), 1)
  for (const id of foreign) await untilJob(store, id, (job) => job.lane === 'limited')
  await store.write(({ db }) => db.deleteFrom('job').where('type', '=', unknown.name).execute())
})

test('a function sees the body as it was sent, and nothing of the environment that is a secret', async () => {
  const id = await scene.submit(testType('input'), 0, {
    metadata: '{"__proto__":1}',
    resultUrl: 'http://x/',
    apiKeySealed: scene.vault.seal('42'),
  })
  const { input } = JSON.parse((await untilJob(store, id, ended)).result?.json ?? '')
  const wanted = JSON.parse('{"job_type":"input","api_key":42,"data":0,"metadata":{"__proto__":1},"result_url":"http://x/"}')
  assert.deepEqual(input, wanted)
  const { env } = JSON.parse((await run(testType('whoami'))).result?.json ?? '')
  assert.deepEqual(
    env.filter((name: string) => /MILLRACE|DATABASE|SECRET/.test(name)),
    [],
  )
})

test('poison jobs end with a reason, and the others go on', async () => {
  const cases = { exits: 'crashed', rejects_late: 'crashed', throws: 'exception', returns_function: 'exception', returns_circle: 'exception' }
  const runs = await Promise.all(Object.entries(cases).map(async ([name, reason]) => ({ reason, job: await run(testType(name)) })))
  for (const { reason, job } of runs) assert.deepEqual([job.type, job.state, job.error?.reason], [job.type, 'failed', reason])
  assert.match(runs[0]?.job.error?.message ?? '', /exit code 3/)
  assert.equal(runs[2]?.job.error?.message, 'TypeError: serious exception')
  assert.equal((await run(testType('double'), 1)).state, 'done')
})

test('a function that eats all memory ends alone, with that as the reason', async () => {
  const job = await run(testType('eats_memory'))
  assert.deepEqual([job.state, job.error?.reason], ['failed', 'out_of_memory'])
})

test('a process whose functions leave much in memory is replaced, others are kept', async () => {
  const pidOf = async (bytes: number) => Number((await run(testType('leaks'), bytes)).result?.json)
  assert.equal(await pidOf(0), await pidOf(0))
  assert.notEqual(await pidOf(200_000_000), await pidOf(0))
})

test('what a function leaves running ends with it, and the next job does not suffer', async () => {
  for (const what of ['exit', 'loop']) {
    const left = await run(testType('leaves_timer'), what)
    assert.equal(left.state, 'done')
    const { pid } = JSON.parse((await run(testType('whoami'))).result?.json ?? '')
    assert.notEqual(pid, Number(left.result?.json))
    assert.equal((await run(testType('double'), 21)).result?.json, '42')
  }
})

test('what fails right behind the end of a function is its own failure, and no job after it suffers', async () => {
  const one = await scene.work({
    slots: { work: 1 },
    list: [testType('fails_late'), testType('double')].map((type) => ({ ...type, name: `one_${type.name}` })),
  })
  for (const how of ['promise', 'tick', 'exit', 'turns']) {
    for (let round = 0; round < 5; round++) {
      const failing = scene.submit(testType('fails_late', { name: 'one_fails_late' }), how)
      const next = scene.submit(testType('double', { name: 'one_double' }), 21)
      const [job, after] = await Promise.all([untilJob(store, await failing, ended), untilJob(store, await next, ended)])
      assert.deepEqual([how, job.error?.reason, after.result?.json], [how, 'crashed', '42'])
    }
  }
  await one.stop({ graceMs: 0 })
})

test('what a process says against the rules fails its job, and nothing of it is stored', async () => {
  const lines = [
    'nonsense',
    '{}',
    '{"op":"value","json":"{"}',
    '{"op":"value"}',
    '{"op":"log","entry":{"at":1e99,"level":"INFO","message":"","func":null,"line":null}}',
    '{"op":"log","entry":{"at":1,"level":"LOUD","message":"","func":null,"line":0.5}}',
    '{"op":"failed","failure":{"class":"none","reason":"","message":""}}',
  ]
  for (const line of lines) {
    const job = await run(testType('forges'), line)
    assert.deepEqual([line, job.state, job.error?.reason, job.logLines], [line, 'failed', 'bad_message', 0])
  }
  // A result that its function has removed again.
  for (const line of ['{"op":"file"}', '{"op":"raw","mediaType":null}']) assert.equal((await run(testType('forges'), line)).state, 'failed')
  assert.equal((await run(testType('double'), 21)).result?.json, '42')
})

test('a function that stops the clock has lines with the time, and ends', async () => {
  const from = Date.now()
  const job = await run(testType('false_clock'))
  assert.equal(job.state, 'done')
  const log = await listLog(store.db, job.seq)
  assert.deepEqual(
    log.map((entry) => entry.at >= from && entry.at <= Date.now()),
    [true, true],
  )
})

test('a job ends although something of it lives on in a session of its own', async () => {
  const told = join(scene.folder, 'left')
  const job = await run(testType('leaves_session'), told)
  const left = Number(await readFile(told, 'utf8'))
  const livesOn = !isGone(left)
  if (livesOn) process.kill(left, 'SIGKILL')
  assert.deepEqual([livesOn, job.state, job.error?.message], [true, 'failed', 'Error: serious exception'])
})

test('a process that a function has started ends with it', async () => {
  const left = Number((await run(testType('leaves_process'))).result?.json)
  assert.ok(left > 0)
  for (const end = performance.now() + 10_000; !isGone(left) && performance.now() < end; await pause(5));
  assert.ok(isGone(left))
})

test('what a function told last of its progress is shown when it has ended', async () => {
  const job = await run(testType('tells_progress'))
  assert.deepEqual([job.state, job.progress], ['done', { fraction: 1, message: 'all' }])
})

test('an endless loop and a waiting function end at their time limit', async () => {
  const [loop, wait] = await Promise.all(hasty.map((type) => run(type)))
  assert.equal(loop?.error?.reason, 'timeout')
  assert.equal(wait?.error?.reason, 'timeout')
})

test('texts with NUL and lone surrogates come back unharmed, and the log shows them replaced', async () => {
  const job = await run(testType('odd_texts'), 'a\0b\ud800')
  assert.deepEqual(JSON.parse(job.result?.json ?? ''), { nul: 'a\0b', lone: '\ud800', sent: 'a\0b\ud800' })
  assert.deepEqual(
    (await listLog(store.db, job.seq)).map((entry) => entry.message),
    ['a\ufffdb \ufffd'],
  )
})

test('a large result and bytes lie in the file store', async () => {
  const large = await run(testType('large'), 3_000_000)
  assert.ok(large.result?.file && large.result.json === null)
  assert.equal(JSON.parse(await readJson(files, large.result)).length, 3_000_000)
  const bytes = await run(testType('bytes'))
  assert.equal(bytes.result?.type, 'image/x-test')
  assert.deepEqual([...Buffer.from(await readJson(files, bytes.result), 'latin1')].length > 0, true)
})

test('log lines keep their order and number, what is printed is among them, and too many end with a mark', async () => {
  const few = await run(testType('logs'), 3)
  const log = await listLog(store.db, few.seq)
  assert.deepEqual(
    log.map((entry) => [entry.level, entry.message]),
    [
      ['INFO', 'line 1'],
      ['INFO', 'line 2'],
      ['INFO', 'line 3'],
      ['WARNING', 'printed'],
    ],
  )
  assert.deepEqual(
    (await listLog(store.db, few.seq, 2)).map((entry) => entry.message),
    ['printed', 'line 3'],
  )
  const many = await listLog(store.db, (await run(testType('logs'), 12_000)).seq)
  assert.equal(many.length, 10_001)
  assert.match(many.at(-1)?.message ?? '', /truncated/)
})

test('a line that is too long is cut, and a log of too many bytes ends, both with a mark', async () => {
  const log = await listLog(store.db, (await run(testType('chatters'), 70_000)).seq)
  assert.equal(log.length, 64)
  assert.match(log[0]?.message ?? '', /^x{65536} \[truncated\]$/)
  assert.match(log.at(-1)?.message ?? '', /^\[truncated/)
})

test('progress is seen while the job runs', async () => {
  const id = await scene.submit(testType('until_aborted'))
  const job = await untilJob(store, id, (one) => one.progress !== null)
  assert.deepEqual([job.state, job.progress], ['running', { fraction: 0.25, message: 'waiting' }])
  await cancelJob(store, runner.types, id)
  await untilJob(store, id, ended)
})

test('hooks of a type see each step, and what they enqueue comes with the commit of the result', async () => {
  const job = await run(hooked, 'x')
  const { value, folder } = JSON.parse(job.result?.json ?? '')
  assert.deepEqual(value.prepared, { isStore: true })
  assert.ok(folder.startsWith(scene.folder) && !existsSync(folder), 'its folder goes with the attempt')
  assert.deepEqual(told, ['started 1', 'settled done'])
  assert.equal((await untilJob(store, `after-${job.id}`, ended)).result?.json, '8')
})

test('a hook that refuses a result makes the job fail', async () => {
  const job = await run(refusing, 1)
  assert.deepEqual([job.state, job.error?.reason, job.result], ['failed', 'not_stored', null])
})

test('a failure of the machinery is tried again, one of the data is not', async () => {
  const job = await run(unfetched)
  assert.deepEqual([job.attempts, job.error?.reason], [2, 'gone'])
  assert.match((await listLog(store.db, job.seq))[0]?.message ?? '', /^attempt 1 failed: nobody answers/)
})

test('cancelling ends a running job, a deaf one, a waiting one, and a second time changes nothing', async () => {
  const [running, deaf] = [await scene.submit(testType('until_aborted')), await scene.submit(testType('loops'))]
  const waiting = await scene.submit(testType('double'), 1, { delayMs: 60_000 })
  await Promise.all([running, deaf].map((id) => untilJob(store, id, isRunning)))
  for (const id of [deaf, deaf, running, waiting]) await cancelJob(store, runner.types, id)
  for (const id of [running, deaf, waiting]) {
    const job = await untilJob(store, id, ended)
    assert.deepEqual([job.state, job.error?.message], ['cancelled', 'Job was cancelled'])
  }
  await assert.rejects(cancelJob(store, runner.types, waiting), /job is finished/)
})

test('a job that fails while it stops for a cancel is not tried again, and one that ends well then is cancelled all the same', async () => {
  for (const type of stopping) {
    const id = await scene.submit(type, 1)
    await untilJob(store, id, isRunning)
    await cancelJob(store, runner.types, id)
    const job = await untilJob(store, id, ended)
    assert.deepEqual([type.name, job.state, job.attempts, job.result], [type.name, 'cancelled', 1, null])
  }
})

test('cancel racing with the end leaves one final state', async () => {
  const jobs = await Promise.all([...Array(20).keys()].map((at) => scene.submit(testType('double'), at)))
  await Promise.allSettled(jobs.map((id) => cancelJob(store, runner.types, id)))
  for (const id of jobs) {
    const job = await untilJob(store, id, ended)
    assert.equal(job.state === 'done', job.error === null)
  }
})

test('no more of a limited type run than its limit, in slots enough for all', async () => {
  const stop = join(scene.folder, 'stop-limited')
  const jobs = await Promise.all([...Array(6)].map(() => scene.submit(testType('limited'), stop)))
  await Promise.race(jobs.map((id) => untilJob(store, id, isRunning)))
  const double = await run(testType('double'), 1)
  assert.equal(double.state, 'done')
  const states = await Promise.all(jobs.map((id) => untilJob(store, id, () => true)))
  assert.ok(states.filter(isRunning).length <= 2)
  await writeFile(stop, '')
  for (const id of jobs) assert.equal((await untilJob(store, id, ended)).state, 'done')
})

test('whoever waits for a job learns its end', async () => {
  const waiter = new FinishWaiter(store, hasEnded)
  const id = await scene.submit(testType('double'), 2)
  assert.equal(await waiter.waitFor(id, { timeoutMs: 20_000 }), true)
  assert.equal((await untilJob(store, id, () => true)).state, 'done')
  const never = await scene.submit(testType('double'), 2, { delayMs: 60_000 })
  assert.equal(await waiter.waitFor(never, { timeoutMs: 20 }), false)
  waiter.close()
})

test('the counts by status are those of the stored jobs', async () => {
  const { pending, complete, error } = await countJobs(store.db)
  assert.ok(pending >= 1 && complete > 10 && error > 5)
})

test('a delayed job starts when its time has come', async () => {
  const at = performance.now()
  const job = await untilJob(store, await scene.submit(testType('double'), 1, { delayMs: 300 }), ended)
  assert.ok(performance.now() - at >= 290)
  assert.ok((job.startedAt ?? 0) >= job.createdAt + 300)
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { defineJob, type JobContext, raw } from '../functions/define.ts'

// Functions that tests run in real child processes: well-behaved ones, and every kind of bad one.

const async = (name: string, run: (ctx: JobContext) => unknown, options = {}) => defineJob({ name, mode: 'async', run, ...options })

export const double = async('double', (ctx) => Number(ctx.data) * 2)
export const whoami = async('whoami', (ctx) => ({ pid: process.pid, attempt: ctx.attempt, env: Object.keys(process.env) }))
export const input = async('input', (ctx) => ({ input: ctx.input, prepared: ctx.prepared ?? null }))

/** Runs until it is told to end, and says why it ended. */
export const untilAborted = async('until_aborted', async (ctx) => {
  ctx.progress(0.25, 'waiting')
  if (!ctx.signal.aborted) await once(ctx.signal, 'abort')
  return ctx.signal.reason
})

/** Runs until the file that `data` names exists: the test makes it. */
export const untilFile = async('until_file', async (ctx) => {
  while (!existsSync(String(ctx.data)) && !ctx.signal.aborted) await pause(10)
  return ctx.attempt
})

export const limited = async('limited', (ctx) => untilFile.options.run(ctx), { concurrency: 2 })
export const once_ = async('once', (ctx) => untilAborted.options.run(ctx), { retryable: false })

export const exits = async('exits', () => process.exit(3))
/** Writes its process id into the file that `data` names, if it does, and never ends. */
export const loops = async('loops', (ctx) => {
  if (typeof ctx.data === 'string') writeFileSync(ctx.data, `${process.pid}\n`)
  for (;;);
})
export const eatsMemory = async('eats_memory', () => {
  const kept = new Map<number, object>()
  for (let at = 0; ; at++) kept.set(at, { at, text: `${at}` })
})
const leaked: Uint8Array[] = []
export const leaks = async('leaks', (ctx) => {
  leaked.push(new Uint8Array(Number(ctx.data)))
  return process.pid
})
/** Ends well, and leaves something behind that would end or block the process. */
export const leavesTimer = async('leaves_timer', (ctx) => {
  setTimeout(() => (ctx.data === 'exit' ? process.exit(0) : blockForEver()), 500)
  return process.pid
})
function blockForEver(): never {
  for (;;);
}
/** Ends well, and leaves a process behind: returns its id. */
export const leavesProcess = async('leaves_process', async () => {
  const left = spawn('sleep', ['600'], { stdio: 'ignore' })
  await once(left, 'spawn')
  return left.pid
})
/** Tells how far it is, and ends at once. */
export const tellsProgress = async('tells_progress', (ctx) => {
  ctx.progress(0.5, 'half')
  ctx.progress(1, 'all')
})
export const rejectsLate = async('rejects_late', async () => {
  void Promise.reject(new Error('nobody waits for me'))
  await pause(60_000)
})
const lateFailures: Readonly<Record<string, () => void>> = {
  promise: () => void Promise.reject(new Error('nobody looks after me')),
  tick: () =>
    process.nextTick(() => {
      throw new Error('too late')
    }),
  exit: () => void setImmediate(() => process.exit(1)),
  turns: () => void setImmediate(() => setImmediate(() => process.exit(1))),
}
/** Has a result, and fails behind it in the way that `data` names. */
export const failsLate = async('fails_late', (ctx) => {
  lateFailures[String(ctx.data)]?.()
  return 1
})
/** Says to the hub what its process should not. */
export const forges = async('forges', async (ctx) => {
  writeSync(3, `${ctx.data}\n`)
  await pause(60_000)
})
/** Stops its clock at no time at all, as tests with false times do. */
export const falseClock = async('false_clock', (ctx) => {
  const { now } = Date
  Date.now = () => Number.NaN
  ctx.log.info('what time is it?')
  console.log('nobody knows')
  Date.now = now
})
/** Fails, and leaves a process in a session of its own that holds on to what it was given: told is its id, in the file that `data` names. */
export const leavesSession = async('leaves_session', async (ctx) => {
  const left = spawn('sleep', ['600'], { detached: true, stdio: ['ignore', 'ignore', 'inherit', 3] })
  await once(left, 'spawn')
  writeFileSync(String(ctx.data), String(left.pid))
  throw new Error('serious exception')
})
export const returnsFunction = async('returns_function', () => ({ deep: [() => 1] }))
export const returnsCircle = async('returns_circle', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  return circle
})
export const throws = async('throws', () => {
  throw new TypeError('serious exception')
})
export const oddTexts = async('odd_texts', (ctx) => {
  ctx.log.info('a\0b \ud800')
  return { nul: 'a\0b', lone: '\ud800', sent: ctx.data }
})
export const large = async('large', (ctx) => 'x'.repeat(Number(ctx.data)))
export const bytes = async('bytes', () => raw(new Uint8Array([0, 1, 2, 255]), { mimetype: 'image/x-test' }))
export const endlessBytes = async('endless_bytes', () => raw(zeros()))
export const logs = async('logs', async (ctx) => {
  const count = Number(ctx.data)
  for (let at = 1; at <= count; at++) ctx.log.info('line %d', at)
  console.warn('printed')
})
/** Logs a hundred lines of so many letters. */
export const chatters = async('chatters', (ctx) => {
  for (let at = 0; at < 100; at++) ctx.log.info('x'.repeat(Number(ctx.data)))
})
export const touches = async('touches', (ctx) => {
  writeFileSync(`${ctx.folder}/file`, 'made in the child')
  return 'file'
})

async function* zeros() {
  const chunk = new Uint8Array(4 * 1024 * 1024)
  for (;;) yield chunk
}

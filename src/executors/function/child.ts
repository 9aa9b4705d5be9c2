import { createWriteStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { getPriority, setPriority } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { format } from 'node:util'
import { getHeapStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { AttemptOf, FunctionProgram, JsonSource } from '../../jobs/executor.ts'
import { isJobDefinition, type JobDefinition } from '../../jobs/functions/define.ts'
import { failureOf, now, type Ran, runDefinition } from '../../jobs/functions/run-definition.ts'
import type { LogEntry, Progress } from '../../jobs/job.ts'
import { CatalogCalls } from './catalog-calls.ts'
import type { FromChild } from './child-message.ts'
import {
  LineReader,
  lineDescriptor,
  maxLineValue,
  maxLogBytes,
  maxLogLines,
  maxMessageBytes,
  maxResultBytes,
  resultFile,
  type ToChild,
} from './child-protocol.ts'
import { resolveOwnModule } from './own-module.ts'

// The program of a function's child process: runs one attempt after the other. The hub sends them on descriptor 3.

/** Functions get less processor time than the hub when both want it: as little as a tenth of its share. */
const niceness = 10

/**
 * Runs beside a function that may never yield. The function would outlive a killed hub: this thread sees the new parent and ends the whole
 * group. And Linux may share the processor between sessions, of which this process leads one: this thread lowers the priority of the session,
 * as soon as the kernel accepts it (a few changes a second, where sessions count at all).
 */
const guard = `
  const { writeFileSync } = require('node:fs')
  const { parent, niceness } = require('node:worker_threads').workerData
  const never = new Int32Array(new SharedArrayBuffer(4))
  const lowerSession = () => {
    try {
      writeFileSync('/proc/self/autogroup', niceness)
    } catch (error) {
      return error.code !== 'EAGAIN'
    }
    return true
  }
  let isLowered = false
  while (process.ppid === parent) {
    isLowered ||= lowerSession()
    Atomics.wait(never, 0, 0, 250 + Math.random() * 250)
  }
  process.kill(-process.pid, 'SIGKILL')`

const line = new Socket({ fd: lineDescriptor })
const send = (message: FromChild) => line.write(JSON.stringify(message) + '\n')
const calls = new CatalogCalls((text) => line.write(text))

let running: { controller: AbortController; log: (entry: LogEntry) => void } | undefined

/** Lines up to the limits of an attempt; the mark behind the last one is visible. */
function limitedLog(): (entry: LogEntry) => void {
  let [lines, bytes] = [0, 0]
  return (entry) => {
    if (lines > maxLogLines) return
    const message = entry.message.length > maxMessageBytes ? `${entry.message.slice(0, maxMessageBytes)} [truncated]` : entry.message
    lines++
    bytes += message.length
    if (lines <= maxLogLines && bytes <= maxLogBytes) send({ op: 'log', entry: { ...entry, message } })
    else {
      lines = maxLogLines + 1
      send({ op: 'log', entry: { ...entry, level: 'WARNING', message: '[truncated: the log of this attempt is full]' } })
    }
  }
}

/** By export and module: an import of what is imported already takes longer than a small function. */
const definitions = new Map<string, JobDefinition>()

async function definitionOf({ module, exportName }: FunctionProgram): Promise<JobDefinition> {
  const known = definitions.get(`${exportName} ${module}`)
  if (known) return known
  const loaded: Record<string, unknown> = await import(module)
  const definition = loaded[exportName]
  if (!isJobDefinition(definition)) throw new Error(`${module} has no job type as ${exportName}`)
  definitions.set(`${exportName} ${module}`, definition)
  return definition
}

const textOf = async (source: JsonSource) => ('json' in source ? source.json : readFile(source.path, 'utf8'))

async function runAttempt(attempt: AttemptOf<'function'>): Promise<void> {
  const controller = new AbortController()
  const limited = limitedLog()
  // What a function leaves running behind its end has no log any more.
  const log = (entry: LogEntry) => void (running?.controller === controller && limited(entry))
  running = { controller, log }
  try {
    const definition = await definitionOf(attempt)
    const { inputs, ...rest } = attempt
    const call = { ...rest, ...inputs, data: inputs.data && (await textOf(inputs.data)) }
    const events = { log, progress: (progress: Progress) => void (running?.controller === controller && send({ op: 'progress', progress })) }
    const catalog = calls.catalogOf(() => running?.controller !== controller)
    await sendResult(attempt, await runDefinition(definition, call, { events, signal: controller.signal, catalog }))
  } catch (error) {
    send({ op: 'failed', failure: failureOf(error) })
  } finally {
    running = undefined
    calls.forget()
  }
}

/** Whether what functions have left in memory is half of what they may use. */
function isFull(): boolean {
  const heap = getHeapStatistics()
  return heap.used_heap_size + heap.external_memory > heap.heap_size_limit / 2
}

/** What the process itself is busy with: its line. */
const ownResources = new Set(['PipeWrap', 'WriteWrap'])
const hasLeftovers = () => process.getActiveResourcesInfo().some((kind) => !ownResources.has(kind))
const turnsToTidyUp = 3

/**
 * Whether a function has left a timer, a socket, a file at work behind its end: it could fail or slow the attempts after it. What fails in
 * the turn after its end, like a rejection that nothing handles, ends this process before the function has a result.
 */
async function isBusy(): Promise<boolean> {
  // A connection that is kept for later is let go a turn after its last answer.
  for (let turn = 0; turn < turnsToTidyUp; turn++) {
    await nextTurn()
    if (!hasLeftovers()) return false
  }
  return true
}

async function sendResult({ folder }: { folder: string }, ran: Ran): Promise<void> {
  if ((await isBusy()) || isFull()) send({ op: 'recycle' })
  if (ran.kind === 'failed') return void send({ op: 'failed', failure: ran.failure })
  const path = join(folder, resultFile)
  if (ran.kind === 'raw') {
    await mkdir(folder, { recursive: true })
    await writeBytes(path, ran.raw.body)
    return void send({ op: 'raw', mediaType: ran.mediaType })
  }
  if (ran.json === null || ran.json.length <= maxLineValue) return void send({ op: 'value', json: ran.json })
  if (Buffer.byteLength(ran.json) > maxResultBytes) throw new RangeError(`the result is larger than ${maxResultBytes} bytes`)
  await mkdir(folder, { recursive: true })
  await writeFile(path, ran.json)
  send({ op: 'file' })
}

async function writeBytes(path: string, body: Parameters<typeof Readable.from>[0]): Promise<void> {
  const whole = typeof body === 'string' || body instanceof Uint8Array ? [body] : body
  let bytes = 0
  const counted = async function* (chunks: AsyncIterable<string | Uint8Array>) {
    for await (const chunk of chunks) {
      bytes += Buffer.byteLength(chunk)
      if (bytes > maxResultBytes) throw new RangeError(`the result is larger than ${maxResultBytes} bytes`)
      yield chunk
    }
  }
  await pipeline(Readable.from(whole), counted, createWriteStream(path))
}

/** What functions print goes to their job's log. */
function printToLog(): void {
  const to = (level: LogEntry['level']) => {
    return (...values: unknown[]) => running?.log({ at: now(), level, message: format(...values), func: 'console', line: null })
  }
  Object.assign(console, { log: to('INFO'), info: to('INFO'), debug: to('DEBUG'), warn: to('WARNING'), error: to('ERROR') })
}

function handle(message: ToChild): void {
  if (message.op === 'run') void runAttempt(message.attempt)
  else if (message.op === 'answer') calls.receive(message.id, message.answer)
  else running?.controller.abort(message.reason)
}

// Only the superuser may raise a priority again, should that of the hub be lower.
setPriority(Math.max(niceness, getPriority()))
const guardData = { parent: process.ppid, niceness: String(niceness) }
const guardThread = new Worker(guard, { eval: true, workerData: guardData, resourceLimits: { maxOldGenerationSizeMb: 8 } })
guardThread.unref()
guardThread.once('online', () => {
  printToLog()
  resolveOwnModule()
  const reader = new LineReader()
  line.on('data', (chunk: Buffer) => {
    for (const text of reader.push(chunk)) handle(JSON.parse(text))
  })
  line.on('end', () => process.exit())
  line.on('error', () => process.exit())
})
